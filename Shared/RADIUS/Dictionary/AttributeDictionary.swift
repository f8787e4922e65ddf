/// The attributes, vendors and names of values that a dictionary in FreeRADIUS' format defines.
///
/// A value: immutable, shared freely between threads. Names are compared without regard to ASCII case. Where several
/// names share a number on the wire, all of them are known and the one defined last is told when it is decoded.
package struct AttributeDictionary: Sendable {
    /// Every attribute in the order of definition.
    package var attributes: [DictionaryAttribute] { storage.attributes }
    /// Every vendor in the order of definition.
    package var vendors: [DictionaryVendor] { storage.vendors }
    /// Every name of a number in the order of definition.
    package var values: [DictionaryValue] { storage.values }

    /// Names for numbers of attributes that no line defines: harmless and left out. One of FreeRADIUS' own files has some.
    package let warnings: [DictionaryError]

    let storage: DictionaryStorage

    init(_ storage: DictionaryStorage, warnings: [DictionaryError]) {
        self.storage = storage
        self.warnings = warnings
    }

    // MARK: - Attributes

    /// The attribute of that name.
    package func attribute(named name: String) -> DictionaryAttribute? {
        storage.attributeByName[name.asciiLowercased].map { storage.attributes[Int($0)] }
    }

    /// The attribute of those numbers: `[1]`, `[26, 9, 1]`, `[241, 26, 9, 1]`, `[26, 24757, 1, 1]`.
    package func attribute(at path: [UInt32]) -> DictionaryAttribute? {
        guard let code = path.last, let scope = scope(at: path.dropLast()) else { return nil }
        return index(scope, code).map { storage.attributes[Int($0)] }
    }

    /// The numbers under which an attribute of this dictionary stands on the wire.
    package func path(of attribute: DictionaryAttribute) -> [UInt32] {
        var path = [attribute.code]
        var scope = storage.scopes[Int(attribute.scope)]
        while true {
            if scope.vendor != 0 { path.append(scope.vendor) }
            guard let container = scope.container else { break }
            let outer = storage.attributes[Int(container)]
            path.append(outer.code)
            scope = storage.scopes[Int(outer.scope)]
        }
        if scope.vendor != 0 { path.append(UInt32(AttributeType.vendorSpecific)) }
        return path.reversed()
    }

    /// The attribute's numbers with points between them: `26.9.1`.
    package func number(of attribute: DictionaryAttribute) -> String {
        Self.text(of: path(of: attribute))
    }

    /// Numbers with points between them.
    package static func text(of path: [UInt32]) -> String {
        path.map { String($0) }.joined(separator: ".")
    }

    /// The numbers that a text such as `26.9.1` writes; nil when it is none.
    package static func path(_ text: String) -> [UInt32]? {
        DictionaryLine.codes(text[...])
    }

    // MARK: - Vendors and values

    /// The vendor of that name.
    package func vendor(named name: String) -> DictionaryVendor? {
        storage.vendorByName[name.asciiLowercased].map { storage.vendors[Int($0)] }
    }

    /// The vendor of that number.
    package func vendor(_ number: UInt32) -> DictionaryVendor? {
        storage.vendorByNumber[number].map { storage.vendors[Int($0)] }
    }

    /// The vendor whose attribute this is; nil for a standard one.
    package func vendor(of attribute: DictionaryAttribute) -> DictionaryVendor? {
        var scope = storage.scopes[Int(attribute.scope)]
        while scope.vendor == 0 {
            guard let container = scope.container else { return nil }
            scope = storage.scopes[Int(storage.attributes[Int(container)].scope)]
        }
        return vendor(scope.vendor)
    }

    /// How that vendor's attributes stand in Vendor-Specific; an unknown one is taken to follow RFC 2865 §5.26.
    package func format(ofVendor number: UInt32) -> VendorFormat {
        vendor(number)?.format ?? .standard
    }

    /// The names of an attribute's numbers in the order of definition. Looks through all values of the dictionary.
    package func values(of attribute: DictionaryAttribute) -> [DictionaryValue] {
        guard let index = storage.attributeByName[attribute.name.asciiLowercased] else { return [] }
        return storage.values.filter { $0.attribute == index }
    }

    /// The number behind a name of an attribute's value.
    package func number(named name: String, of attribute: DictionaryAttribute) -> UInt64? {
        guard let index = storage.attributeByName[attribute.name.asciiLowercased] else { return nil }
        return storage.valueByName[ValueNameKey(attribute: index, name: name.asciiLowercased)]
            .map { storage.values[Int($0)].number }
    }

    /// The name of an attribute's number; the one defined last where there are several.
    package func name(of number: UInt64, of attribute: DictionaryAttribute) -> String? {
        guard let index = storage.attributeByName[attribute.name.asciiLowercased] else { return nil }
        return storage.valueByNumber[ValueNumberKey(attribute: index, number: number)]
            .map { storage.values[Int($0)].name }
    }

    // MARK: - Walking the wire

    /// The attribute of that number in a scope.
    func index(_ scope: Int32, _ code: UInt32) -> Int32? {
        storage.attributeByCode[CodeKey(scope: scope, code: code)]
    }

    /// The scope within an attribute, or of a vendor; nil where nothing is defined there.
    func scope(within container: Int32?, vendor: UInt32 = 0) -> Int32? {
        container == nil && vendor == 0
            ? DictionaryScope.standard : storage.scopeByKey[ScopeKey(container: container, vendor: vendor)]
    }

    /// The scope whose attributes stand under those numbers.
    private func scope(at path: ArraySlice<UInt32>) -> Int32? {
        var scope = DictionaryScope.standard
        var rest = path
        while let code = rest.popFirst() {
            let container = index(scope, code)
            let isVendorSpecific = scope == DictionaryScope.standard && code == UInt32(AttributeType.vendorSpecific)
            let isExtended = container.map { storage.attributes[Int($0)].type == .evs } ?? false
            guard isVendorSpecific || container != nil else { return nil }
            var vendor: UInt32 = 0
            if isVendorSpecific || isExtended {
                guard let number = rest.popFirst() else { return nil }
                vendor = number
            }
            guard let inner = self.scope(within: isVendorSpecific ? nil : container, vendor: vendor) else { return nil }
            scope = inner
        }
        return scope
    }
}

/// What a dictionary consists of: lists in the order of definition and tables into them.
struct DictionaryStorage: Sendable {
    var attributes: [DictionaryAttribute] = []
    var vendors: [DictionaryVendor] = []
    var values: [DictionaryValue] = []
    var scopes = [DictionaryScope(container: nil, vendor: 0, depth: 0)]
    /// By name in lower case.
    var attributeByName: [String: Int32] = [:]
    var attributeByCode: [CodeKey: Int32] = [:]
    /// By name in lower case.
    var vendorByName: [String: Int32] = [:]
    var vendorByNumber: [UInt32: Int32] = [:]
    var scopeByKey: [ScopeKey: Int32] = [:]
    var valueByName: [ValueNameKey: Int32] = [:]
    var valueByNumber: [ValueNumberKey: Int32] = [:]
}

extension AttributeDictionary {
    /// Reads the dictionary that begins with the file of that name; `read` gives the files of its folder.
    package init(
        file name: String = "dictionary",
        limits: DictionaryLimits = DictionaryLimits(),
        read: @escaping DictionaryReader
    ) throws(DictionaryError) {
        var parser = DictionaryParser(limits: limits, read: read)
        self = try parser.parse(name)
    }

    /// Reads a dictionary of one file, whose octets are given; includes are missing files.
    package init(text: String, name: String = "dictionary") throws(DictionaryError) {
        try self.init(file: name) { asked, _ in asked == name ? .contents(Array(text.utf8)) : .missing }
    }
}
