/// A name with its value: of a query, or of a field.
package struct URLItem: Sendable, Equatable, Comparable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// By octets of the encoded name and then of the value, as signatures want it.
    package static func < (left: URLItem, right: URLItem) -> Bool {
        let (first, second) = (Array(encode(left.name).utf8), Array(encode(right.name).utf8))
        if first != second { return first.lexicographicallyPrecedes(second) }
        return encode(left.value).utf8.lexicographicallyPrecedes(encode(right.value).utf8)
    }

    /// A query in this order, everything but unreserved characters in percent (RFC 3986 §2.3).
    package static func query(_ items: [URLItem]) -> String {
        items.map { "\(encode($0.name))=\(encode($0.value))" }.joined(separator: "&")
    }

    /// The text in percent; a slash stays one where `keepingSlash`.
    package static func encode(_ text: String, keepingSlash: Bool = false) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var octets: [UInt8] = []
        for octet in text.utf8 {
            switch octet {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: octets.append(octet)
            case 0x2f where keepingSlash: octets.append(octet)
            default: octets += [0x25, digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            }
        }
        return String(decoding: octets, as: UTF8.self)
    }
}
