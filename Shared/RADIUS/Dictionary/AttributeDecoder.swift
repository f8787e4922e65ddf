/// Turns attributes into pairs. Octets that no definition fits are told by number.
struct AttributeDecoder {
    let codec: AttributeCodec
    private(set) var pairs: [AttributePair] = []

    private var dictionary: AttributeDictionary { codec.dictionary }

    init(codec: AttributeCodec) {
        self.codec = codec
    }

    /// Appends what the attributes say.
    mutating func decode(_ attributes: [Attribute]) {
        var rest = attributes[...]
        while let first = rest.first {
            let count: Int
            if first.type == AttributeType.vendorSpecific {
                count = decodeVendor(rest)
            } else if let isLong = codec.isLongExtended(first.type) {
                count = isLong ? decodeLong(rest) : decodeExtended(first)
            } else {
                count = decodeStandard(rest)
            }
            rest = rest.dropFirst(count)
        }
    }

    // MARK: - Formats. Each gives how many attributes it took.

    private mutating func decodeStandard(_ attributes: ArraySlice<Attribute>) -> Int {
        let type = attributes[attributes.startIndex].type
        let index = dictionary.index(DictionaryScope.standard, UInt32(type))
        var count = 1
        if let index, dictionary.storage.attributes[Int(index)].flags.contains(.concatenated) {
            count = attributes.prefix { $0.type == type }.count
        }
        value([UInt32(type)], index, attributes.prefix(count).flatMap(\.value))
        return count
    }

    private mutating func decodeExtended(_ attribute: Attribute) -> Int {
        let path = [UInt32(attribute.type)]
        guard let inner = attribute.value.first else {
            unknown(path, attribute.value)
            return 1
        }
        extended(path + [UInt32(inner)], Array(attribute.value.dropFirst()))
        return 1
    }

    private mutating func decodeLong(_ attributes: ArraySlice<Attribute>) -> Int {
        let first = attributes[attributes.startIndex]
        let run = Self.run(attributes) { attribute in
            guard attribute.type == first.type, attribute.value.count >= 2, attribute.value[0] == first.value.first
            else {
                return nil
            }
            return (attribute.value[1] & 0x80 != 0, attribute.value[2...])
        }
        if let value = run.value {
            extended([UInt32(first.type), UInt32(first.value[0])], value)
        } else {
            for attribute in attributes.prefix(run.count) { unknown([UInt32(attribute.type)], attribute.value) }
        }
        return run.count
    }

    /// The value of an extended type, which may be Extended-Vendor-Specific (RFC 6929 §2.4).
    private mutating func extended(_ path: [UInt32], _ octets: [UInt8]) {
        let outer = dictionary.index(DictionaryScope.standard, path[0])
        let scope = outer.flatMap { dictionary.scope(within: $0) }
        let index = scope.flatMap { dictionary.index($0, path[1]) }
        let type = index.map { dictionary.storage.attributes[Int($0)].type }
        let isVendorSpecific = path[1] == UInt32(AttributeType.vendorSpecific) && (type == nil || type == .evs)
        guard isVendorSpecific, octets.count >= 5 else { return value(path, index, octets) }
        let vendor = octets[..<4].reduce(0) { $0 << 8 | UInt32($1) }
        let code = UInt32(octets[4])
        let inner = index.flatMap { dictionary.scope(within: $0, vendor: vendor) }
        value(path + [vendor, code], inner.flatMap { dictionary.index($0, code) }, Array(octets[5...]))
    }

    // MARK: - Values

    /// Appends a value, or the attributes within it.
    mutating func value(_ path: [UInt32], _ index: Int32?, _ octets: [UInt8]) {
        guard let index else { return unknown(path, octets) }
        let attribute = dictionary.storage.attributes[Int(index)]
        if attribute.type == .tlv {
            guard let tlvs = Self.tlvs(octets) else { return unknown(path, octets) }
            let scope = dictionary.scope(within: index)
            for (code, contents) in tlvs {
                value(path + [code], scope.flatMap { dictionary.index($0, code) }, Array(contents))
            }
            return
        }
        guard let (tag, clear) = codec.clear(octets, attribute) else { return unknown(path, octets) }
        var texts: [String] = []
        for element in Self.elements(clear, attribute) {
            guard let text = codec.text(element, attribute, index) else { return unknown(path, octets) }
            texts.append(text)
        }
        for text in texts { pairs.append(AttributePair(attribute.name, tag: tag, text)) }
    }

    /// Appends octets that no definition fits.
    mutating func unknown(_ path: [UInt32], _ octets: [UInt8]) {
        pairs.append(AttributePair("Attr-" + AttributeDictionary.text(of: path), ValueText.hexadecimal(octets)))
    }

    /// The values that one attribute holds: more than one in an array.
    private static func elements(_ octets: [UInt8], _ attribute: DictionaryAttribute) -> [[UInt8]] {
        guard attribute.flags.contains(.array), let length = attribute.type.fixedLength,
            octets.count.isMultiple(of: length)
        else { return [octets] }
        return stride(from: 0, to: octets.count, by: length).map { Array(octets[$0..<$0 + length]) }
    }

    /// The TLVs that octets consist of; nil when they do not, or are none.
    private static func tlvs(_ octets: [UInt8]) -> [(code: UInt32, contents: ArraySlice<UInt8>)]? {
        var result: [(code: UInt32, contents: ArraySlice<UInt8>)] = []
        var rest = octets[...]
        while !rest.isEmpty {
            guard rest.count >= 2 else { return nil }
            let length = Int(rest[rest.startIndex + 1])
            guard length >= 2, length <= rest.count else { return nil }
            result.append((UInt32(rest[rest.startIndex]), rest.prefix(length).dropFirst(2)))
            rest = rest.dropFirst(length)
        }
        return result.isEmpty ? nil : result
    }

    // MARK: - Fragments

    /// The attributes from the first that are fragments of one value, and the value; nil when its end is missing.
    /// `fragment` gives whether more follows and the octets, or nil for an attribute that is no fragment of it.
    static func run(
        _ attributes: ArraySlice<Attribute>,
        _ fragment: (Attribute) -> (hasMore: Bool, octets: ArraySlice<UInt8>)?
    ) -> (count: Int, value: [UInt8]?) {
        var value: [UInt8] = []
        var count = 0
        for attribute in attributes {
            guard let (hasMore, octets) = fragment(attribute) else { break }
            count += 1
            value += octets
            if !hasMore { return (count, value) }
        }
        return (max(count, 1), nil)
    }
}
