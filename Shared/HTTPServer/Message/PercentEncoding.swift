/// Percent-encoded text of a request target, decoded strictly (RFC 3986 §2.1).
package enum PercentEncoding {
    /// The text that the octets stand for; nil where an escape is incomplete or no two hexadecimal digits follow the
    /// sign, where a NUL would come out, or where the result is no UTF-8. `plusIsSpace` is the rule of forms.
    package static func decode(_ octets: some Collection<UInt8>, plusIsSpace: Bool = false) -> String? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(octets.count)
        var place = octets.startIndex
        while place != octets.endIndex {
            var octet = octets[place]
            octets.formIndex(after: &place)
            if octet == UInt8(ascii: "%") {
                guard place != octets.endIndex, let high = digit(octets[place]) else { return nil }
                octets.formIndex(after: &place)
                guard place != octets.endIndex, let low = digit(octets[place]) else { return nil }
                octets.formIndex(after: &place)
                octet = high << 4 | low
            } else if octet == UInt8(ascii: "+"), plusIsSpace {
                octet = 0x20
            }
            guard octet != 0 else { return nil }
            decoded.append(octet)
        }
        return String(validating: decoded, as: UTF8.self)
    }

    /// The text with everything but RFC 3986's unreserved characters escaped.
    package static func encode(_ text: String) -> String {
        var encoded: [UInt8] = []
        for octet in text.utf8 {
            if isUnreserved(octet) {
                encoded.append(octet)
            } else {
                encoded += [UInt8(ascii: "%"), character(octet >> 4), character(octet & 15)]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func isUnreserved(_ octet: UInt8) -> Bool {
        (0x30...0x39).contains(octet) || (0x41...0x5A).contains(octet) || (0x61...0x7A).contains(octet)
            || octet == UInt8(ascii: "-") || octet == UInt8(ascii: ".") || octet == UInt8(ascii: "_")
            || octet == UInt8(ascii: "~")
    }

    private static func character(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x41 + nibble - 10 }

    private static func digit(_ octet: UInt8) -> UInt8? {
        switch octet {
        case 0x30...0x39: octet - 0x30
        case 0x41...0x46: octet - 0x41 + 10
        case 0x61...0x66: octet - 0x61 + 10
        default: nil
        }
    }
}

/// The query of a target: names and values, decoded, in their order.
package struct Query: Sendable, Equatable {
    package struct Item: Sendable, Equatable {
        package let name: String
        /// Empty where the name stands alone.
        package let value: String
    }

    /// More would be an attack on whoever walks the list.
    static let maximumItems = 256

    package let items: [Item]

    /// The query of those octets, the part behind `?`; nil where an item is malformed or they are too many.
    package init?(_ octets: some Collection<UInt8>) {
        var items: [Item] = []
        for part in octets.split(separator: UInt8(ascii: "&")) {
            guard items.count < Self.maximumItems else { return nil }
            let equals = part.firstIndex(of: UInt8(ascii: "="))
            let name = part[..<(equals ?? part.endIndex)]
            let value = equals.map { part[part.index(after: $0)...] } ?? part[part.endIndex...]
            guard let name = PercentEncoding.decode(name, plusIsSpace: true),
                let value = PercentEncoding.decode(value, plusIsSpace: true)
            else { return nil }
            items.append(Item(name: name, value: value))
        }
        self.items = items
    }

    /// A query without items.
    package init() { items = [] }

    /// The first value of `name`.
    package subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    /// All values of `name`.
    package func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }
}
