/// What an attribute's value is made of, as a dictionary names it (RFC 8044 §3 and the FreeRADIUS 3.2 format).
package enum AttributeValueType: UInt8, Sendable, CaseIterable {
    /// UTF-8 text.
    case string
    /// Octets without a meaning known here.
    case octets
    /// 32 bits, unsigned.
    case integer
    /// 8 bits, unsigned.
    case byte
    /// 16 bits, unsigned.
    case short
    /// 32 bits in two's complement.
    case signed
    /// 64 bits, unsigned.
    case integer64
    /// Seconds since 1970 UTC in 32 bits.
    case date
    /// An IPv4 address.
    case ipv4Address
    /// An IPv4 prefix (RFC 8044 §3.11).
    case ipv4Prefix
    /// An IPv6 address.
    case ipv6Address
    /// An IPv6 prefix (RFC 3162 §2.3).
    case ipv6Prefix
    /// An interface identifier of 64 bits (RFC 3162 §2.2).
    case interfaceID
    /// An Ethernet address.
    case ethernet
    /// An Ascend binary filter; kept as octets.
    case ascendBinary
    /// An IPv4 or an IPv6 address, told apart by its length.
    case comboAddress
    /// Attributes of one octet of type and one of length each (RFC 6929 §2.3).
    case tlv
    /// Fields of a fixed layout that the dictionary does not tell; kept as octets.
    case structure
    /// Vendor-Specific (RFC 2865 §5.26).
    case vsa
    /// Extended-Vendor-Specific (RFC 6929 §2.4).
    case evs
    /// An extended type (RFC 6929 §2.1).
    case extended
    /// A long extended type (RFC 6929 §2.2).
    case longExtended

    /// The type's name in a dictionary.
    package var name: String {
        switch self {
        case .string: "string"
        case .octets: "octets"
        case .integer: "integer"
        case .byte: "byte"
        case .short: "short"
        case .signed: "signed"
        case .integer64: "integer64"
        case .date: "date"
        case .ipv4Address: "ipaddr"
        case .ipv4Prefix: "ipv4prefix"
        case .ipv6Address: "ipv6addr"
        case .ipv6Prefix: "ipv6prefix"
        case .interfaceID: "ifid"
        case .ethernet: "ether"
        case .ascendBinary: "abinary"
        case .comboAddress: "combo-ip"
        case .tlv: "tlv"
        case .structure: "struct"
        case .vsa: "vsa"
        case .evs: "evs"
        case .extended: "extended"
        case .longExtended: "long-extended"
        }
    }

    /// The type of that name in lower case, whose widths in bits are other names for the integers.
    package init?(name: String) {
        guard let type = Self.named[name] else { return nil }
        self = type
    }

    private static let named: [String: AttributeValueType] = {
        let others: [String: AttributeValueType] = [
            "text": .string, "uint8": .byte, "uint16": .short, "uint32": .integer, "uint64": .integer64,
            "int32": .signed, "ipv4addr": .ipv4Address,
        ]
        return others.merging(allCases.map { ($0.name, $0) }) { other, _ in other }
    }()

    /// The greatest value of an unsigned number or time; nil where the value is none.
    package var greatest: UInt64? {
        switch self {
        case .byte: UInt64(UInt8.max)
        case .short: UInt64(UInt16.max)
        case .integer, .date: UInt64(UInt32.max)
        case .integer64: UInt64.max
        default: nil
        }
    }

    /// How many octets every value has; nil where that varies.
    package var fixedLength: Int? {
        switch self {
        case .byte: 1
        case .short: 2
        case .integer, .signed, .date, .ipv4Address: 4
        case .ipv4Prefix, .ethernet: 6
        case .integer64, .interfaceID: 8
        case .ipv6Address: 16
        default: nil
        }
    }

    /// Whether VALUE lines give its numbers names. FreeRADIUS' files name octets too; nothing reads those names.
    package var mayHaveNames: Bool {
        switch self {
        case .byte, .short, .integer, .integer64, .signed, .octets: true
        default: false
        }
    }

    /// Whether other attributes stand within its value.
    package var isContainer: Bool {
        switch self {
        case .tlv, .vsa, .evs, .extended, .longExtended: true
        default: false
        }
    }
}
