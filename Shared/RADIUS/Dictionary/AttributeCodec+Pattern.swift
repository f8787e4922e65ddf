extension AttributeCodec {
    /// What recognises the attributes of that name; of one with a tag behind it, only those with the tag. Throws for names
    /// that no dictionary knows, and for those within a TLV: they share an attribute with others.
    package func pattern(_ name: String) throws(AttributeEncodingError) -> AttributePattern {
        do throws(AttributeEncodingError.Problem) {
            let (place, tag) = try wirePlace(name)
            guard place.tlv.isEmpty else { throw .withinAnother }
            var pairs = place.top.header(dictionary)
            if let tag, tag != 0 { pairs.append((place.top.valuePlace(dictionary), tag)) }
            return AttributePattern(pairs)
        } catch {
            throw AttributeEncodingError(name: name, problem: error)
        }
    }

    /// The numbers under which that name stands: `[26, 9, 1]`.
    package func path(_ name: String) throws(AttributeEncodingError) -> [UInt32] {
        do throws(AttributeEncodingError.Problem) {
            if let path = try Self.path(unknown: name) { return path }
            let (index, _) = try resolve(name)
            return dictionary.path(of: dictionary.storage.attributes[Int(index)])
        } catch {
            throw AttributeEncodingError(name: name, problem: error)
        }
    }

    private func wirePlace(_ name: String) throws(AttributeEncodingError.Problem) -> (WirePlace, UInt8?) {
        if let path = try Self.path(unknown: name) { return (try place(path, nil), nil) }
        let (index, tag) = try resolve(name)
        let attribute = dictionary.storage.attributes[Int(index)]
        guard !attribute.flags.contains(.virtual) else { throw .notOnTheWire }
        guard tag == nil || attribute.flags.contains(.tagged) else { throw .notTagged }
        return (try place(dictionary.path(of: attribute), index), tag)
    }

    private func resolve(_ name: String) throws(AttributeEncodingError.Problem) -> (Int32, UInt8?) {
        try AttributeEncoder(codec: self, salt: 0).resolve(AttributePair(name, ""))
    }
}

extension WirePlace.Top {
    /// The octets before a value that say which attribute it is, with their places.
    fileprivate func header(_ dictionary: AttributeDictionary) -> [(place: Int, octet: UInt8)] {
        switch self {
        case .standard(let type): return [(0, type)]
        case .extended(let type, let inner), .longExtended(let type, let inner): return [(0, type), (2, inner)]
        case .vendor(let vendor, let code):
            let width = dictionary.format(ofVendor: vendor).typeOctets
            return [(0, AttributeType.vendorSpecific)] + Self.bigEndian(vendor, 4, at: 2)
                + Self.bigEndian(code, width, at: 6)
        case .evs(let type, let vendor, let code):
            return [(0, type), (2, AttributeType.vendorSpecific)] + Self.bigEndian(vendor, 4, at: 3) + [(7, code)]
        case .longEVS(let type, let vendor, let code):
            return [(0, type), (2, AttributeType.vendorSpecific)] + Self.bigEndian(vendor, 4, at: 4) + [(8, code)]
        }
    }

    /// Where the value begins.
    fileprivate func valuePlace(_ dictionary: AttributeDictionary) -> Int {
        switch self {
        case .standard: 2
        case .vendor(let vendor, _): 6 + dictionary.format(ofVendor: vendor).headerLength
        case .extended: 3
        case .longExtended: 4
        case .evs: 8
        case .longEVS: 9
        }
    }

    private static func bigEndian(_ number: UInt32, _ octets: Int, at place: Int) -> [(place: Int, octet: UInt8)] {
        (0..<octets).map { (place + $0, UInt8(truncatingIfNeeded: number >> UInt32(8 * (octets - 1 - $0)))) }
    }
}
