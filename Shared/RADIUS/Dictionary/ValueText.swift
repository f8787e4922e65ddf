import WireFormat

/// Values as octets and as text, each type in one form of its own (RFC 8044 §3); numbers with names are the codec's.
///
/// What `text` tells, `octets` reads back into the same octets, except for an IPv6 prefix with more octets or bits than
/// its length needs, which becomes the shortest form.
enum ValueText {
    typealias Problem = AttributeEncodingError.Problem

    /// The octets of a value that is no number with a name. `full` asks for all 16 octets of an IPv6 prefix.
    static func octets(
        _ text: String,
        _ type: AttributeValueType,
        fullPrefix: Bool = false
    ) throws(Problem) -> [UInt8] {
        switch type {
        case .string: return try EscapedText.octets(text)
        case .octets, .ascendBinary, .structure, .tlv, .vsa, .evs, .extended, .longExtended:
            if let octets = try hexadecimal(text) { return octets }
            return try EscapedText.octets(text)
        case .integer, .byte, .short, .integer64:
            guard let number = DictionaryLine.number(text[...]) else { throw .notANumber }
            return try octets(number, type)
        case .signed:
            guard let number = Int64(text) else { throw .notANumber }
            guard let value = Int32(exactly: number) else { throw .outOfRange("from \(Int32.min) to \(Int32.max)") }
            return bigEndian(UInt32(bitPattern: value))
        case .date:
            guard let number = TimeText.seconds(text) ?? DictionaryLine.number(text[...]) else { throw .badTime }
            return try octets(number, type)
        case .ipv4Address:
            guard let address = AddressText.ipv4(text[...]) else { throw .badAddress }
            return address
        case .ipv6Address:
            guard let address = AddressText.ipv6(text[...]) else { throw .badAddress }
            return address
        case .comboAddress:
            guard let address = AddressText.ipv4(text[...]) ?? AddressText.ipv6(text[...]) else { throw .badAddress }
            return address
        case .ipv4Prefix: return try PrefixText.ipv4(text)
        case .ipv6Prefix: return try PrefixText.ipv6(text, full: fullPrefix)
        case .interfaceID:
            guard let octets = AddressText.groups(text) else { throw .badAddress }
            return octets
        case .ethernet:
            guard let octets = AddressText.ethernet(text) else { throw .badAddress }
            return octets
        }
    }

    /// A number in as many octets as its type has.
    static func octets(_ number: UInt64, _ type: AttributeValueType) throws(Problem) -> [UInt8] {
        let greatest = type.greatest ?? UInt64(UInt32.max)
        guard number <= greatest else { throw .outOfRange("from 0 to \(greatest)") }
        return Array(bigEndian(number).suffix(type.fixedLength ?? 4))
    }

    /// The number in a value; nil when it is of another length or the type is none.
    static func number(_ octets: [UInt8], _ type: AttributeValueType) -> UInt64? {
        guard type.greatest != nil, octets.count == type.fixedLength else { return nil }
        return octets.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A value's text; nil when the octets are none of that type.
    static func text(_ octets: [UInt8], _ type: AttributeValueType) -> String? {
        if let length = type.fixedLength, octets.count != length { return nil }
        switch type {
        case .string: return EscapedText.text(octets)
        case .octets, .ascendBinary, .structure, .tlv, .vsa, .evs, .extended, .longExtended:
            return hexadecimal(octets)
        case .integer, .byte, .short, .integer64: return number(octets, type).map { String($0) }
        case .signed:
            return String(Int32(bitPattern: octets.reduce(0) { $0 << 8 | UInt32($1) }))
        case .date: return number(octets, type).map { TimeText.text($0) }
        case .ipv4Address: return AddressText.ipv4(octets)
        case .ipv6Address: return AddressText.ipv6(octets)
        case .comboAddress:
            return octets.count == 4
                ? AddressText.ipv4(octets) : octets.count == 16 ? AddressText.ipv6(octets) : nil
        case .ipv4Prefix: return PrefixText.ipv4(octets)
        case .ipv6Prefix: return PrefixText.ipv6(octets)
        case .interfaceID: return AddressText.groups(octets)
        case .ethernet: return AddressText.ethernet(octets)
        }
    }

    /// `0x` and two digits for each octet.
    static func hexadecimal(_ octets: [UInt8]) -> String { "0x" + Hex.encode(octets) }

    /// The octets behind `0x`; nil when the text does not begin so.
    static func hexadecimal(_ text: String) throws(Problem) -> [UInt8]? {
        guard text.hasPrefix("0x") || text.hasPrefix("0X") else { return nil }
        guard let octets = Hex.decode(String(text.dropFirst(2))) else { throw .badHexadecimal }
        return octets
    }

    private static func bigEndian(_ number: some FixedWidthInteger) -> [UInt8] {
        unsafe withUnsafeBytes(of: number.bigEndian) { unsafe Array($0) }
    }
}
