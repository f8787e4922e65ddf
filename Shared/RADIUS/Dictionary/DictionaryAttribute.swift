/// An attribute as a dictionary defines it.
package struct DictionaryAttribute: Sendable, Equatable {
    /// The name as the dictionary spells it.
    package let name: String
    /// The number within its scope: of a standard attribute, a vendor's attribute, an extended type or a TLV.
    package let code: UInt32
    /// What the value is made of.
    package let type: AttributeValueType
    /// How the value stands on the wire beyond its type.
    package let flags: AttributeFlags
    /// How the value is hidden.
    package let hiding: HidingMethod
    /// How many octets `octets[N]` has; 0 where nothing says so.
    package let length: UInt8
    /// Which scope of its dictionary `code` counts in.
    let scope: Int32
}

/// The flags behind an attribute's type.
package struct AttributeFlags: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// A tag of one octet groups it with others (RFC 2868 §3.1).
    package static let tagged = AttributeFlags(rawValue: 1)
    /// One attribute holds several values, one after the other.
    package static let array = AttributeFlags(rawValue: 2)
    /// A value longer than one attribute goes on in the next (RFC 3579 §3.1).
    package static let concatenated = AttributeFlags(rawValue: 4)
    /// Computed by FreeRADIUS itself, never on the wire.
    package static let virtual = AttributeFlags(rawValue: 8)
    /// Not to be shown.
    package static let secret = AttributeFlags(rawValue: 16)

    /// Their names in a dictionary.
    package var names: [String] {
        Self.byName.filter { contains($0.1) }.map(\.0)
    }

    static let byName: [(String, AttributeFlags)] = [
        ("has_tag", .tagged), ("array", .array), ("concat", .concatenated), ("virtual", .virtual), ("secret", .secret),
    ]
}

/// How a value is hidden under the shared secret: the number of the dictionary's `encrypt=`.
package enum HidingMethod: UInt8, Sendable {
    /// In the clear.
    case none = 0
    /// As User-Password (RFC 2865 §5.2).
    case userPassword = 1
    /// Salted, as Tunnel-Password (RFC 2868 §3.5).
    case salted = 2
    /// As Ascend-Send-Secret: 16 octets under MD5(authenticator + secret).
    case ascendSecret = 3
}

/// A vendor as a dictionary defines it.
package struct DictionaryVendor: Sendable, Equatable {
    /// The name as the dictionary spells it.
    package let name: String
    /// The private enterprise number.
    package let number: UInt32
    /// How its attributes stand in Vendor-Specific.
    package let format: VendorFormat
}

/// How a vendor's attributes stand in Vendor-Specific: `format=` of a VENDOR line.
package struct VendorFormat: Sendable, Equatable {
    /// Octets of the type: 1, 2 or 4.
    package let typeOctets: Int
    /// Octets of the length: 0, 1 or 2. Without one the value reaches to the attribute's end.
    package let lengthOctets: Int
    /// Whether an octet follows whose highest bit says that the value goes on in the next attribute (WiMAX).
    package let hasContinuation: Bool

    /// The form that RFC 2865 §5.26 recommends.
    package static let standard = VendorFormat(typeOctets: 1, lengthOctets: 1, hasContinuation: false)

    /// Octets before the value.
    package var headerLength: Int { typeOctets + lengthOctets + (hasContinuation ? 1 : 0) }

    /// As the dictionary writes it.
    package var text: String { "\(typeOctets),\(lengthOctets)" + (hasContinuation ? ",c" : "") }

    /// The greatest number of an attribute.
    package var greatestCode: UInt32 { typeOctets == 4 ? .max : UInt32(1) << UInt32(8 * typeOctets) - 1 }
}

/// A name for a number.
package struct DictionaryValue: Sendable, Equatable {
    /// The name as the dictionary spells it.
    package let name: String
    /// The number.
    package let number: UInt64
    /// Which attribute of its dictionary it belongs to.
    let attribute: Int32
}
