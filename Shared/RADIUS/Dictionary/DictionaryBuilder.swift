/// Collects what the lines of a dictionary define, and refuses what contradicts what is there.
struct DictionaryBuilder {
    typealias Problem = DictionaryError.Problem

    private(set) var storage = DictionaryStorage()
    private let limits: DictionaryLimits

    init(limits: DictionaryLimits) {
        self.limits = limits
    }

    // MARK: - Vendors

    /// VENDOR. The same line twice is no contradiction.
    mutating func addVendor(_ name: String, _ number: UInt64, _ format: VendorFormat) throws(Problem) {
        try check(name: name)
        guard let number = UInt32(exactly: number), number > 0, number < 1 << 24 else {
            throw .outOfRange(String(number))
        }
        let key = name.asciiLowercased
        if let known = storage.vendorByName[key] {
            let vendor = storage.vendors[Int(known)]
            guard vendor.number == number, vendor.format == format else { throw .vendorRedefined(name) }
            return
        }
        if let known = storage.vendorByNumber[number] {
            guard storage.vendors[Int(known)].format == format else { throw .vendorRedefined(name) }
        }
        try checkRoom(storage.vendors.count)
        let index = Int32(storage.vendors.count)
        storage.vendors.append(DictionaryVendor(name: name, number: number, format: format))
        storage.vendorByName[key] = index
        storage.vendorByNumber[number] = index
    }

    /// The scope of BEGIN-VENDOR, in Vendor-Specific or in the Extended-Vendor-Specific attribute of that name.
    mutating func scope(ofVendor name: String, within container: String?) throws(Problem) -> Int32 {
        guard let index = storage.vendorByName[name.asciiLowercased] else { throw .unknownVendor(name) }
        var outer: Int32?
        if let container {
            guard let found = storage.attributeByName[container.asciiLowercased] else {
                throw .unknownAttribute(container)
            }
            guard storage.attributes[Int(found)].type == .evs else { throw .noContainer(container) }
            outer = found
        }
        return try scope(ScopeKey(container: outer, vendor: storage.vendors[Int(index)].number))
    }

    /// The scope of BEGIN-TLV.
    mutating func scope(ofTLV name: String) throws(Problem) -> Int32 {
        guard let index = storage.attributeByName[name.asciiLowercased] else { throw .unknownAttribute(name) }
        guard storage.attributes[Int(index)].type == .tlv else { throw .noContainer(name) }
        return try scope(ScopeKey(container: index, vendor: 0))
    }

    // MARK: - Attributes

    /// ATTRIBUTE. `path` counts from `scope`; all but its last number must be defined already.
    mutating func addAttribute(
        _ name: String,
        path: [UInt32],
        in scope: Int32,
        _ shape: AttributeShape
    ) throws(Problem) {
        try check(name: name)
        // Such names are made for attributes that no dictionary knows.
        let key = name.asciiLowercased
        guard !key.hasPrefix("attr-") else { throw .badName(name) }
        guard let code = path.last else { throw .badNumber("") }
        let scope = try descend(path.dropLast(), from: scope)
        try check(code, in: scope)
        try check(shape, name, in: scope)
        if let known = storage.attributeByName[key] {
            let attribute = storage.attributes[Int(known)]
            guard attribute.scope == scope, attribute.code == code else { throw .attributeRedefined(name) }
        }
        try checkRoom(storage.attributes.count)
        let index = Int32(storage.attributes.count)
        storage.attributes.append(
            DictionaryAttribute(
                name: name,
                code: code,
                type: shape.type,
                flags: shape.flags,
                hiding: shape.hiding,
                length: shape.length,
                scope: scope
            )
        )
        storage.attributeByName[key] = index
        let place = CodeKey(scope: scope, code: code)
        if let former = storage.attributeByCode[place] { inherit(index, from: former) }
        storage.attributeByCode[place] = index
    }

    /// What stands within an attribute stays there when another name takes its number and is such a container too.
    private mutating func inherit(_ index: Int32, from former: Int32) {
        let type = storage.attributes[Int(index)].type
        guard type.isContainer, type == storage.attributes[Int(former)].type else { return }
        for vendor in type == .evs ? storage.vendors.map(\.number) : [0] {
            let scope = storage.scopeByKey[ScopeKey(container: former, vendor: vendor)]
            if let scope { storage.scopeByKey[ScopeKey(container: index, vendor: vendor)] = scope }
        }
    }

    /// The vendor of that name as the last word of an ATTRIBUTE line, the form before BEGIN-VENDOR.
    func isVendor(_ name: String) -> Bool { storage.vendorByName[name.asciiLowercased] != nil }

    // MARK: - Values

    /// VALUE; false when the attribute is not defined yet.
    mutating func addValue(_ attribute: String, _ name: String, _ number: UInt64) throws(Problem) -> Bool {
        guard let index = storage.attributeByName[attribute.asciiLowercased] else { return false }
        try check(name: name)
        let type = storage.attributes[Int(index)].type
        guard type.mayHaveNames else { throw .noValues(attribute) }
        let greatest = type == .signed ? UInt64(Int32.max) : type.greatest ?? .max
        guard number <= greatest else { throw .outOfRange(String(number)) }
        let key = ValueNameKey(attribute: index, name: name.asciiLowercased)
        if let known = storage.valueByName[key] {
            guard storage.values[Int(known)].number == number else { throw .valueRedefined(name) }
            return true
        }
        try checkRoom(storage.values.count)
        let place = Int32(storage.values.count)
        storage.values.append(DictionaryValue(name: name, number: number, attribute: index))
        storage.valueByName[key] = place
        storage.valueByNumber[ValueNumberKey(attribute: index, number: number)] = place
        return true
    }

    // MARK: - Checks

    /// The scope that a dotted code's leading numbers lead to.
    private mutating func descend(_ path: ArraySlice<UInt32>, from start: Int32) throws(Problem) -> Int32 {
        var scope = start
        var rest = path
        while let code = rest.popFirst() {
            if scope == DictionaryScope.standard, code == UInt32(AttributeType.vendorSpecific) {
                guard let vendor = rest.popFirst() else { throw .noContainer(String(code)) }
                guard storage.vendorByNumber[vendor] != nil else { throw .unknownVendor(String(vendor)) }
                scope = try self.scope(ScopeKey(container: nil, vendor: vendor))
                continue
            }
            guard let container = storage.attributeByCode[CodeKey(scope: scope, code: code)] else {
                throw .unknownAttribute(String(code))
            }
            let outer = storage.attributes[Int(container)]
            var vendor: UInt32 = 0
            if outer.type == .evs {
                guard let number = rest.popFirst() else { throw .noContainer(outer.name) }
                guard storage.vendorByNumber[number] != nil else { throw .unknownVendor(String(number)) }
                vendor = number
            }
            guard outer.type.isContainer, outer.type != .vsa else { throw .noContainer(outer.name) }
            scope = try self.scope(ScopeKey(container: container, vendor: vendor))
        }
        return scope
    }

    /// The scope of that key, made where there is none yet.
    private mutating func scope(_ key: ScopeKey) throws(Problem) -> Int32 {
        if let known = storage.scopeByKey[key] { return known }
        var depth = 1
        if let container = key.container {
            depth = storage.scopes[Int(storage.attributes[Int(container)].scope)].depth + 1
        }
        guard depth <= limits.nesting else { throw .nestedTooDeep }
        let index = Int32(storage.scopes.count)
        storage.scopes.append(DictionaryScope(container: key.container, vendor: key.vendor, depth: depth))
        storage.scopeByKey[key] = index
        return index
    }

    /// Standard attributes above 255 are FreeRADIUS' own and never on the wire.
    private func check(_ code: UInt32, in scope: Int32) throws(Problem) {
        guard scope != DictionaryScope.standard else {
            guard code <= 0xFFFF else { throw .outOfRange(String(code)) }
            return
        }
        let place = storage.scopes[Int(scope)]
        let format = storage.vendorByNumber[place.vendor].map { storage.vendors[Int($0)].format } ?? .standard
        guard code <= place.greatestCode(format) else { throw .outOfRange(String(code)) }
    }

    private func check(_ shape: AttributeShape, _ name: String, in scope: Int32) throws(Problem) {
        if shape.flags.contains(.tagged) {
            guard shape.type == .integer || shape.type == .string || shape.type == .octets else {
                throw .flagsConflict(name)
            }
        }
        if shape.flags.contains(.concatenated) {
            // Only standard attributes go on in the next one; vendors' and extended ones have ways of their own.
            guard shape.type == .string || shape.type == .octets, shape.hiding == .none,
                !shape.flags.contains(.tagged), scope == DictionaryScope.standard
            else { throw .flagsConflict(name) }
        }
        let isHidden = shape.hiding != .none
        let isArray = shape.flags.contains(.array)
        let isPlain = !isHidden && !isArray
        guard isPlain || !shape.type.isContainer && isHidden != isArray else { throw .flagsConflict(name) }
    }

    /// A name is of printable ASCII, as in every file of FreeRADIUS.
    private func check(name: String) throws(Problem) {
        let isPlain = name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") }
        guard isPlain, !name.isEmpty, name.utf8.count <= limits.nameOctets else { throw .badName(name) }
    }

    private func checkRoom(_ count: Int) throws(Problem) {
        guard count < limits.definitions else { throw .tooLarge("more than \(limits.definitions) definitions") }
    }
}

/// An attribute's type and flags, without its name and number.
struct AttributeShape {
    var type: AttributeValueType
    var flags: AttributeFlags = []
    var hiding = HidingMethod.none
    var length: UInt8 = 0
}
