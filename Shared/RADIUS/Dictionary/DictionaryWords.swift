/// The words of a dictionary's lines that are neither names nor numbers.
enum DictionaryWords {
    typealias Problem = DictionaryError.Problem

    /// A type: `integer`, or `octets[16]` for as many octets.
    static func shape(_ word: String) throws(Problem) -> AttributeShape {
        let text = word.asciiLowercased
        if let type = AttributeValueType(name: text) { return AttributeShape(type: type) }
        guard text.hasPrefix("octets["), text.hasSuffix("]") else { throw .unknownType(word) }
        let digits = text.dropFirst("octets[".count).dropLast()
        guard let number = DictionaryLine.number(digits), let length = UInt8(exactly: number),
            (1...253).contains(length)
        else { throw .badNumber(String(digits)) }
        return AttributeShape(type: .octets, length: length)
    }

    /// Flags behind a type, separated by commas.
    static func add(flags word: String, to shape: inout AttributeShape) throws(Problem) {
        for name in word.split(separator: ",") {
            let text = String(name).asciiLowercased
            if let flag = AttributeFlags.byName.first(where: { $0.0 == text })?.1 {
                shape.flags.insert(flag)
            } else if text.hasPrefix("encrypt=") {
                let method = text.dropFirst("encrypt=".count)
                guard let hiding = hidingMethods[String(method)] else { throw .unknownFlag(text) }
                shape.hiding = hiding
            } else {
                throw .unknownFlag(text)
            }
        }
    }

    /// By number, and by the names that later files use.
    private static let hidingMethods: [String: HidingMethod] = [
        "0": .none, "1": .userPassword, "2": .salted, "3": .ascendSecret, "user-password": .userPassword,
        "tunnel-password": .salted, "ascend-secret": .ascendSecret,
    ]

    /// `format=type,length` in octets, `,c` behind it for WiMAX' continuation octet.
    static func vendorFormat(_ word: String) throws(Problem) -> VendorFormat {
        let text = word.asciiLowercased
        guard text.hasPrefix("format=") else { throw .unknownFormat(word) }
        let parts = text.dropFirst("format=".count).split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3,
            let type = Int(parts[0]), [1, 2, 4].contains(type), let length = Int(parts[1]), [0, 1, 2].contains(length)
        else { throw .unknownFormat(word) }
        let continues = parts.count == 3
        // The continuation octet is known in WiMAX' form only.
        guard !continues || (parts[2] == "c" && type == 1 && length == 1) else { throw .unknownFormat(word) }
        return VendorFormat(typeOctets: type, lengthOctets: length, hasContinuation: continues)
    }
}
