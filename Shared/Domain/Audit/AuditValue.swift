/// What an audit entry keeps of a thing: JSON whose numbers are whole, so that it has exactly one spelling. Amounts and
/// other fractions are text.
package indirect enum AuditValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case text(String)
    case list([AuditValue])
    case object([String: AuditValue])

    /// Text, or null.
    package static func optional(_ text: String?) -> AuditValue { text.map(AuditValue.text) ?? .null }

    /// A number, or null.
    package static func optional(_ number: (some BinaryInteger)?) -> AuditValue {
        number.map { .integer(Int64(clamping: $0)) } ?? .null
    }

    /// Anything with a description, such as an id or a time, as text; or null.
    package static func described(_ value: (some CustomStringConvertible)?) -> AuditValue {
        value.map { .text($0.description) } ?? .null
    }

    /// The value's one spelling: compact JSON, members in the order of their names' octets, only what must be escaped is.
    package var canonicalJSON: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        write(to: &bytes)
        return bytes
    }

    /// No less than the octets of ``canonicalJSON``, at a glance.
    var canonicalOctetsAtMost: Int {
        switch self {
        case .null, .bool: 5
        case .integer: 20
        case .text(let text): Self.octetsAtMost(text)
        case .list(let values): values.reduce(2) { $0 + $1.canonicalOctetsAtMost + 1 }
        case .object(let members):
            members.reduce(2) { $0 + Self.octetsAtMost($1.key) + $1.value.canonicalOctetsAtMost + 2 }
        }
    }

    /// A control is six octets.
    private static func octetsAtMost(_ text: String) -> Int { text.utf8.count * 6 + 2 }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let flag): bytes += (flag ? "true" : "false").utf8
        case .integer(let number): bytes += String(number).utf8
        case .text(let text): Self.write(text, to: &bytes)
        case .list(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            for (index, member) in sorted.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(member.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        defer { bytes.append(UInt8(ascii: "\"")) }
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else {
            bytes += text.utf8
            return
        }
        let digits = Array("0123456789abcdef".utf8)
        for octet in text.utf8 {
            switch octet {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), octet]
            case 0..<0x20:
                bytes += "\\u00".utf8
                bytes += [digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            default: bytes.append(octet)
            }
        }
    }
}

extension AuditValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
    package init(dictionaryLiteral elements: (String, AuditValue)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }

    package init(arrayLiteral elements: AuditValue...) { self = .list(elements) }
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
}
