/// Turns pairs into attributes.
struct AttributeEncoder {
    typealias Problem = AttributeEncodingError.Problem

    let codec: AttributeCodec
    /// The next salt; its highest bit is always one (RFC 2868 §3.5).
    var salt: UInt16

    /// A value ready for the wire.
    private struct Leaf {
        let name: String
        let place: WirePlace
        let octets: [UInt8]
    }

    /// The attributes that hold the pairs.
    mutating func encode(_ pairs: [AttributePair]) throws(AttributeEncodingError) -> [Attribute] {
        var leaves: [Leaf] = []
        for pair in pairs {
            do throws(Problem) {
                leaves.append(try leaf(pair))
            } catch {
                throw AttributeEncodingError(name: pair.name, problem: error)
            }
        }
        var attributes: [Attribute] = []
        var rest = leaves[...]
        while let first = rest.first {
            // Neighbours within one TLV share it.
            let run =
                first.place.tlv.isEmpty
                ? rest.prefix(1) : rest.prefix { !$0.place.tlv.isEmpty && $0.place.top == first.place.top }
            rest = rest[run.endIndex...]
            do throws(Problem) {
                attributes += try encode(run)
            } catch {
                throw AttributeEncodingError(name: first.name, problem: error)
            }
        }
        return attributes
    }

    // MARK: - One value

    private mutating func leaf(_ pair: AttributePair) throws(Problem) -> Leaf {
        if let path = try AttributeCodec.path(unknown: pair.name) {
            guard pair.tag == nil else { throw .notTagged }
            return Leaf(
                name: pair.name,
                place: try codec.place(path, nil),
                octets: try ValueText.octets(pair.text, .octets)
            )
        }
        let (index, tag) = try resolve(pair)
        let attribute = codec.dictionary.storage.attributes[Int(index)]
        guard !attribute.flags.contains(.virtual) else { throw .notOnTheWire }
        let place = try codec.place(codec.dictionary.path(of: attribute), index)
        return Leaf(name: pair.name, place: place, octets: try octets(pair.text, tag, attribute, index))
    }

    /// The attribute and the tag that a pair names.
    func resolve(_ pair: AttributePair) throws(Problem) -> (Int32, UInt8?) {
        let names = codec.dictionary.storage.attributeByName
        if let index = names[pair.name.asciiLowercased] { return (index, pair.tag) }
        guard let colon = pair.name.lastIndex(of: ":"), pair.tag == nil,
            let index = names[String(pair.name[..<colon]).asciiLowercased]
        else { throw .unknownName }
        guard let tag = UInt8(pair.name[pair.name.index(after: colon)...]) else { throw .badTag }
        return (index, tag)
    }

    private mutating func octets(
        _ text: String,
        _ tag: UInt8?,
        _ attribute: DictionaryAttribute,
        _ index: Int32
    ) throws(Problem) -> [UInt8] {
        var octets = try codec.octets(text, attribute, index)
        if attribute.length != 0, octets.count != Int(attribute.length) { throw .wrongLength(Int(attribute.length)) }
        // RFC 8044 §3.4: an empty value is no value. Hidden it is padded and may be.
        guard !octets.isEmpty || attribute.hiding != .none else { throw .empty }
        var tagOctets: [UInt8] = []
        if attribute.flags.contains(.tagged) {
            guard tag ?? 0 <= 0x1F else { throw .badTag }
            if attribute.type == .integer, attribute.hiding == .none {
                // RFC 2868 §3.1: the tag takes the place of the number's highest octet.
                guard octets[0] == 0 else { throw .outOfRange("from 0 to \(0xFF_FFFF)") }
                octets.removeFirst()
                tagOctets = [tag ?? 0]
            } else if tag ?? 0 != 0 || attribute.hiding != .none || octets[0] <= 0x1F {
                tagOctets = [tag ?? 0]
            }
        } else if tag != nil {
            throw .notTagged
        }
        if attribute.hiding != .none {
            guard let keys = codec.keys else { throw .noSecret }
            octets = try keys.hide(octets, attribute.hiding, salt: salt)
            salt = (salt &+ 1) | 0x8000
        }
        return tagOctets + octets
    }

    // MARK: - Attributes

    /// One value, or the TLVs of one attribute's type.
    private func encode(_ leaves: ArraySlice<Leaf>) throws(Problem) -> [Attribute] {
        guard let first = leaves.first else { return [] }
        let top = first.place.top
        guard !first.place.tlv.isEmpty else {
            let isConcatenated = first.place.attribute.map {
                codec.dictionary.storage.attributes[Int($0)].flags.contains(.concatenated)
            }
            let limit = top.limit(codec.dictionary, isConcatenated: isConcatenated ?? false)
            guard first.octets.count <= limit else { throw .tooLong(limit) }
            return top.attributes(first.octets, codec.dictionary)
        }
        let values = try Self.packed(try Self.tlvs(leaves, depth: 0), top.limit(codec.dictionary))
        return values.flatMap { top.attributes($0, codec.dictionary) }
    }

    /// The TLVs of leaves that share what stands above `depth` (RFC 6929 §2.3).
    private static func tlvs(_ leaves: ArraySlice<Leaf>, depth: Int) throws(Problem) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var rest = leaves
        while let first = rest.first {
            let code = first.place.tlv[depth]
            var values = [first.octets]
            if first.place.tlv.count == depth + 1 {
                rest.removeFirst()
            } else {
                let run = rest.prefix { $0.place.tlv.count > depth + 1 && $0.place.tlv[depth] == code }
                values = try packed(try tlvs(run, depth: depth + 1), 253)
                rest = rest[run.endIndex...]
            }
            for value in values {
                guard value.count <= 253 else { throw .tooLong(253) }
                result.append([code, UInt8(value.count + 2)] + value)
            }
        }
        return result
    }

    /// The pieces joined into as few values of at most `limit` octets as their order allows.
    private static func packed(_ pieces: [[UInt8]], _ limit: Int) throws(Problem) -> [[UInt8]] {
        var values: [[UInt8]] = []
        var current: [UInt8] = []
        for piece in pieces {
            guard piece.count <= limit else { throw .tooLong(limit - 2) }
            if current.count + piece.count > limit {
                values.append(current)
                current = []
            }
            current += piece
        }
        if !current.isEmpty { values.append(current) }
        return values
    }
}

extension AttributeCodec {
    /// The clear octets of a value, its names looked up.
    func octets(
        _ text: String,
        _ attribute: DictionaryAttribute,
        _ index: Int32
    ) throws(AttributeEncodingError.Problem) -> [UInt8] {
        if attribute.type.mayHaveNames, attribute.type != .octets {
            let storage = dictionary.storage
            let key = ValueNameKey(attribute: index, name: text.asciiLowercased)
            if let known = storage.valueByName[key] {
                return try ValueText.octets(storage.values[Int(known)].number, attribute.type)
            }
            let isNumber = text.utf8.first.map {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
            }
            guard isNumber == true else { throw .unknownValue }
        }
        return try ValueText.octets(text, attribute.type, fullPrefix: fullIPv6Prefixes)
    }

    /// The numbers of `Attr-26.9.1`; nil when the name is none of that kind.
    static func path(unknown name: String) throws(AttributeEncodingError.Problem) -> [UInt32]? {
        guard name.asciiLowercased.hasPrefix("attr-") else { return nil }
        guard let path = DictionaryLine.codes(name.dropFirst("attr-".count)), path.count <= 16 else {
            throw .unknownName
        }
        return path
    }
}
