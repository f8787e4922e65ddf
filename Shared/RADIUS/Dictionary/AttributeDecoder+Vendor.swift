extension AttributeDecoder {
    /// Appends what Vendor-Specific attributes say (RFC 2865 §5.26, and each vendor's own form); gives how many were
    /// taken, more than one where a value goes on in the next.
    mutating func decodeVendor(_ attributes: ArraySlice<Attribute>) -> Int {
        let first = attributes[attributes.startIndex]
        let dictionary = codec.dictionary
        guard first.value.count > 4 else { return unknownVendor(attributes, 1) }
        let vendor = first.value[..<4].reduce(0) { $0 << 8 | UInt32($1) }
        let format = dictionary.format(ofVendor: vendor)
        guard let units = VendorUnit.all(in: first.value[4...], format) else { return unknownVendor(attributes, 1) }
        let scope = dictionary.scope(within: nil, vendor: vendor)
        func add(_ code: UInt32, _ octets: [UInt8]) {
            value(
                [UInt32(AttributeType.vendorSpecific), vendor, code],
                scope.flatMap { dictionary.index($0, code) },
                octets
            )
        }
        guard units.contains(where: \.hasMore) else {
            for unit in units { add(unit.code, Array(unit.contents)) }
            return 1
        }
        // A fragment stands alone in its attribute.
        guard units.count == 1 else { return unknownVendor(attributes, 1) }
        let run = Self.run(attributes) { attribute in
            guard attribute.type == first.type, attribute.value.starts(with: first.value[..<4]),
                let parts = VendorUnit.all(in: attribute.value.dropFirst(4), format), parts.count == 1,
                parts[0].code == units[0].code
            else { return nil }
            return (parts[0].hasMore, parts[0].contents)
        }
        guard let octets = run.value else { return unknownVendor(attributes, run.count) }
        add(units[0].code, octets)
        return run.count
    }

    private mutating func unknownVendor(_ attributes: ArraySlice<Attribute>, _ count: Int) -> Int {
        for attribute in attributes.prefix(count) { unknown([UInt32(attribute.type)], attribute.value) }
        return count
    }
}

/// One of a vendor's attributes within Vendor-Specific.
struct VendorUnit {
    let code: UInt32
    /// Whether the value goes on in the next attribute.
    let hasMore: Bool
    let contents: ArraySlice<UInt8>

    /// Those that octets consist of; nil when they do not, or are none.
    static func all(in octets: ArraySlice<UInt8>, _ format: VendorFormat) -> [VendorUnit]? {
        var units: [VendorUnit] = []
        var rest = octets
        while !rest.isEmpty {
            guard rest.count >= format.headerLength else { return nil }
            let code = rest.prefix(format.typeOctets).reduce(0) { $0 << 8 | UInt32($1) }
            var length = rest.count
            if format.lengthOctets > 0 {
                length = rest.dropFirst(format.typeOctets).prefix(format.lengthOctets).reduce(0) { $0 << 8 | Int($1) }
            }
            guard length >= format.headerLength, length <= rest.count else { return nil }
            let flags = format.hasContinuation ? rest[rest.startIndex + format.headerLength - 1] : 0
            let contents = rest.prefix(length).dropFirst(format.headerLength)
            units.append(VendorUnit(code: code, hasMore: flags & 0x80 != 0, contents: contents))
            rest = rest.dropFirst(length)
        }
        return units.isEmpty ? nil : units
    }
}

extension AttributeCodec {
    /// The tag and the clear value of an attribute's octets; nil when they are no such value, or hidden without keys.
    func clear(_ octets: [UInt8], _ attribute: DictionaryAttribute) -> (tag: UInt8?, value: [UInt8])? {
        var octets = octets
        var tag: UInt8?
        if attribute.flags.contains(.tagged) {
            guard let first = octets.first else { return nil }
            let isAlwaysThere = attribute.type == .integer || attribute.hiding != .none
            // RFC 2868 §3.1 and §3.3: above 0x1F it is the first octet of a text, and in other values no tag at all.
            guard first <= 0x1F || !isAlwaysThere else { return nil }
            if first <= 0x1F {
                tag = first == 0 ? nil : first
                octets.removeFirst()
            }
            if attribute.type == .integer, attribute.hiding == .none { octets.insert(0, at: 0) }
        }
        if attribute.hiding != .none {
            let length = attribute.length != 0 ? Int(attribute.length) : attribute.type.fixedLength
            guard let revealed = keys?.reveal(octets, attribute.hiding, length: length) else { return nil }
            octets = revealed
        }
        guard !octets.isEmpty || attribute.hiding != .none else { return nil }
        guard attribute.length == 0 || octets.count == Int(attribute.length) else { return nil }
        return (tag, octets)
    }

    /// The text of a clear value: the name of a number where it has one. A number that is another's name is written so
    /// that it cannot be taken for it.
    func text(_ octets: [UInt8], _ attribute: DictionaryAttribute, _ index: Int32) -> String? {
        guard let text = ValueText.text(octets, attribute.type) else { return nil }
        guard attribute.type.mayHaveNames, attribute.type != .octets else { return text }
        let storage = dictionary.storage
        let number = octets.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        if let known = storage.valueByNumber[ValueNumberKey(attribute: index, number: number)] {
            return storage.values[Int(known)].name
        }
        let isName = storage.valueByName[ValueNameKey(attribute: index, name: text)] != nil
        return isName && attribute.type != .signed ? "0x" + String(number, radix: 16) : text
    }
}
