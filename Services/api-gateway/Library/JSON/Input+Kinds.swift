package import Domain
import HTTPServer

extension InputKind where Value == String {
    /// Text of at most so many characters, without NUL, which Postgres cannot keep.
    package static func text(_ maximum: Int, minimum: Int = 0) -> InputKind {
        InputKind(
            // Postgres keeps no NUL.
            .text(minimum: minimum, maximum: maximum, pattern: "^[^\\u0000]*$"),
            "text of \(minimum) to \(maximum) characters"
        ) { value in
            guard let text = value.text, (minimum...maximum).contains(text.unicodeScalars.count),
                !text.utf8.contains(0)
            else { return nil }
            return text
        }
    }
}

extension InputKind where Value == Bool {
    package static var flag: InputKind { InputKind(.boolean, "true or false") { $0.bool } }
}

extension InputKind where Value == Int {
    package static func whole(_ range: ClosedRange<Int>) -> InputKind {
        InputKind(
            .integer(Int64(range.lowerBound)...Int64(range.upperBound)),
            "a whole number from \(range.lowerBound) to \(range.upperBound)"
        ) { value in
            value.integer.flatMap { Int(exactly: $0) }.flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension InputKind where Value == Int64 {
    /// Bits a second.
    package static var speed: InputKind {
        InputKind(.integer(1...Int64.max), "a whole number of bits a second, at least 1") { value in
            value.integer.flatMap { $0 > 0 ? $0 : nil }
        }
    }
}

extension InputKind where Value == Double {
    package static func degrees(_ most: Double) -> InputKind {
        InputKind(.number(-most...most), "a number from \(-most) to \(most)") { value in
            value.double.flatMap { abs($0) <= most ? $0 : nil }
        }
    }
}

extension InputKind where Value == Timestamp {
    package static var time: InputKind {
        InputKind(.time, "a time such as 2026-11-20T10:00:00Z") { $0.text.flatMap { Timestamp($0) } }
    }
}

extension InputKind where Value == CivilDate {
    package static var day: InputKind {
        InputKind(.day, "a day such as 2026-11-20") { $0.text.flatMap { CivilDate($0) } }
    }
}

extension InputKind where Value == Domain.IPAddress {
    package static var address: InputKind {
        InputKind(.address, "an IP address") { $0.text.flatMap { Domain.IPAddress($0) } }
    }
}

extension InputKind where Value == MACAddress {
    package static var mac: InputKind {
        InputKind(
            .text(pattern: "^[0-9A-Fa-f]{2}((:[0-9A-Fa-f]{2}){5}|(-[0-9A-Fa-f]{2}){5})$"),
            "six octets in hexadecimal with colons or hyphens between them"
        ) { value in
            guard let text = value.text, text.utf8.count == 17, !text.utf8.contains(0x2e) else { return nil }
            return MACAddress(text)
        }
    }
}

extension InputKind where Value == IPPrefix {
    package static var prefix: InputKind {
        InputKind(.prefix, "an IP address or prefix") { value in
            value.text.flatMap { IPPrefix($0) ?? Domain.IPAddress($0).map { IPPrefix($0) } }
        }
    }
}

extension InputKind {
    /// An id.
    package static func id<Tag>() -> InputKind where Value == ID<Tag> {
        InputKind(.uuid, "an id") { $0.text.flatMap { ID<Tag>($0) } }
    }

    /// One of an enumeration's words.
    package static func choice() -> InputKind where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
        let words = Value.allCases.map(\.rawValue)
        return InputKind(.choice(words), "one of \(words.joined(separator: ", "))") {
            $0.text.flatMap { Value(rawValue: $0) }
        }
    }
}

extension InputKind where Value == Currency {
    package static var currency: InputKind {
        InputKind(.currency, "three capital letters") { value in value.text.flatMap { try? Currency($0) } }
    }
}

extension InputKind where Value == String {
    /// An amount of money, as text: `19.90`.
    package static var amount: InputKind {
        InputKind(.fee, "an amount such as \"19.90\"") { value in
            guard let text = value.text, !text.hasPrefix("-"), (try? Money(text, currency: .euro)) != nil else {
                return nil
            }
            return text
        }
    }
}

extension Money {
    /// An amount that was read as one, in a currency. Throws where it is beyond all bounds.
    static func of(_ amount: String?, _ currency: Currency?, field: String) throws(Problem) -> Money? {
        guard let amount else { return nil }
        do throws(MoneyError) {
            return try Money(amount, currency: currency ?? .euro)
        } catch {
            throw .invalid("/" + field, "cannot be read")
        }
    }
}
