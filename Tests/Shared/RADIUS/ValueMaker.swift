import RADIUS
import SharedTesting

/// Makes values of every type as text, reproducibly.
struct ValueMaker {
    var random: SeededRandom
    let dictionary: AttributeDictionary

    /// A value's canonical text: what decoding it tells. `most` limits the octets of texts and octets.
    mutating func text(_ attribute: DictionaryAttribute, _ most: Int) -> String {
        switch attribute.type {
        case .string: return string(most)
        // The second octet of a long extended type has bits that are reserved and are not kept.
        case .longExtended: return hex([random.bytes(1)[0], 0] + random.bytes(most / 2))
        case .octets, .ascendBinary, .structure, .vsa, .evs, .extended, .tlv:
            let length = attribute.length != 0 ? Int(attribute.length) : Int.random(in: 1...most, using: &random)
            return hex(random.bytes(length))
        case .integer, .byte, .short, .integer64: return number(attribute)
        case .signed: return String(Int32.random(in: .min ... .max, using: &random))
        case .date: return date()
        case .ipv4Address: return ipv4()
        case .ipv6Address: return ipv6()
        case .comboAddress: return Bool.random(using: &random) ? ipv4() : ipv6()
        case .ipv4Prefix:
            let bits = Int.random(in: 0...32, using: &random)
            let address = bits == 0 ? 0 : UInt32(truncatingIfNeeded: random.next()) & (UInt32.max << UInt32(32 - bits))
            return (0..<4).map { String(address >> UInt32(24 - 8 * $0) & 255) }.joined(separator: ".") + "/\(bits)"
        case .ipv6Prefix:
            let groups = Int.random(in: 1...7, using: &random)
            return (0..<groups).map { _ in group(1) }.joined(separator: ":") + (groups == 7 ? ":0" : "::")
                + "/\(16 * groups)"
        case .interfaceID: return (0..<4).map { _ in group(0) }.joined(separator: ":")
        case .ethernet:
            return random.bytes(6).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
        }
    }

    private mutating func number(_ attribute: DictionaryAttribute) -> String {
        let greatest = attribute.flags.contains(.tagged) ? 0xFF_FFFF : attribute.type.greatest ?? 0
        let values = dictionary.values(of: attribute)
        if let value = values.randomElement(using: &random), value.number <= greatest {
            return dictionary.name(of: value.number, of: attribute) ?? "?"
        }
        let number = UInt64.random(in: 0...greatest, using: &random)
        if let name = dictionary.name(of: number, of: attribute) { return name }
        return dictionary.number(named: String(number), of: attribute) == nil
            ? String(number) : "0x" + String(number, radix: 16)
    }

    private mutating func string(_ most: Int) -> String {
        // No octet below 0x20 first: in a tagged text it would be taken for the tag.
        let alphabet = ["a", "Z", "7", " ", "-", "=", "\\\\", "\\n", "\\x00", "\\xff", "é", "Ж", "語", "\\x7f"]
        var text = "s"
        var octets = 1
        while octets < most - 3, Int.random(in: 0..<24, using: &random) != 0 {
            text += alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            octets += 3
        }
        return text + "."
    }

    private mutating func date() -> String {
        func two(_ range: ClosedRange<Int>) -> String {
            let number = Int.random(in: range, using: &random)
            return number < 10 ? "0\(number)" : String(number)
        }
        let year = Int.random(in: 1970...2105, using: &random)
        return "\(year)-\(two(1...12))-\(two(1...28))T\(two(0...23)):\(two(0...59)):\(two(0...59))Z"
    }

    private mutating func ipv4() -> String {
        random.bytes(4).map { String($0) }.joined(separator: ".")
    }

    private mutating func ipv6() -> String {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: "::"
        case 1: "::" + group(1)
        case 2: group(1) + "::" + group(1)
        default: (0..<8).map { _ in group(1) }.joined(separator: ":")
        }
    }

    private mutating func group(_ least: UInt16) -> String {
        String(UInt16.random(in: least ... .max, using: &random), radix: 16)
    }

    private func hex(_ octets: [UInt8]) -> String {
        "0x" + octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
