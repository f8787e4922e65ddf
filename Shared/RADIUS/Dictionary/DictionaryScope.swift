/// Where attributes with numbers of their own stand: among the standard ones, a vendor's, or within another attribute.
struct DictionaryScope: Sendable, Equatable {
    /// The attribute that holds them; nil for standard attributes and those in Vendor-Specific.
    let container: Int32?
    /// The vendor; 0 for none.
    let vendor: UInt32
    /// How deep the scope lies within attributes.
    let depth: Int

    /// The standard attributes.
    static let standard: Int32 = 0

    /// The greatest number that an attribute here may have on the wire.
    func greatestCode(_ format: VendorFormat) -> UInt32 {
        container == nil && vendor != 0 ? format.greatestCode : 255
    }
}

/// What a scope is found by.
struct ScopeKey: Hashable, Sendable {
    let container: Int32?
    let vendor: UInt32
}

/// What an attribute is found by on the wire.
struct CodeKey: Hashable, Sendable {
    let scope: Int32
    let code: UInt32
}

/// What the number behind a name is found by.
struct ValueNameKey: Hashable, Sendable {
    let attribute: Int32
    /// In lower case.
    let name: String
}

/// What the name of a number is found by.
struct ValueNumberKey: Hashable, Sendable {
    let attribute: Int32
    let number: UInt64
}
