import WireFormat

/// Where a value stands on the wire.
struct WirePlace {
    /// The attribute of the packet that holds it.
    let top: Top
    /// The types of the TLVs within that, the outermost first.
    let tlv: [UInt8]
    /// The definition, if there is one.
    let attribute: Int32?

    /// An attribute as the packet's own walk finds it.
    enum Top: Equatable {
        case standard(UInt8)
        case vendor(UInt32, UInt32)
        case extended(UInt8, UInt8)
        case longExtended(UInt8, UInt8)
        case evs(UInt8, UInt32, UInt8)
        case longEVS(UInt8, UInt32, UInt8)
    }
}

extension AttributeCodec {
    /// Octets that values of several attributes have together at most: more fit into no packet.
    static let greatestLength = PacketView.maximumLength - PacketView.headerLength

    /// Whether attributes of that type are extended (RFC 6929 §2); nil when they are not. Without a definition the types
    /// are the RFC's.
    func isLongExtended(_ type: UInt8) -> Bool? {
        if let index = dictionary.index(DictionaryScope.standard, UInt32(type)) {
            switch dictionary.storage.attributes[Int(index)].type {
            case .extended: return false
            case .longExtended: return true
            default: return nil
            }
        }
        return (241...244).contains(type) ? false : (245...246).contains(type) ? true : nil
    }

    /// Where the value under those numbers stands.
    func place(_ path: [UInt32], _ attribute: Int32?) throws(AttributeEncodingError.Problem) -> WirePlace {
        guard let first = path.first, let type = UInt8(exactly: first) else { throw .notOnTheWire }
        if type == AttributeType.vendorSpecific, path.count > 1 {
            guard path.count > 2 else { throw .incompleteNumber }
            guard path[2] <= dictionary.format(ofVendor: path[1]).greatestCode else { throw .notOnTheWire }
            return WirePlace(top: .vendor(path[1], path[2]), tlv: try octets(path[3...]), attribute: attribute)
        }
        guard path.count > 1, let isLong = isLongExtended(type) else {
            return WirePlace(top: .standard(type), tlv: try octets(path[1...]), attribute: attribute)
        }
        guard let inner = UInt8(exactly: path[1]) else { throw .notOnTheWire }
        guard inner == AttributeType.vendorSpecific, path.count > 2 else {
            return WirePlace(
                top: isLong ? .longExtended(type, inner) : .extended(type, inner),
                tlv: try octets(path[2...]),
                attribute: attribute
            )
        }
        guard path.count > 3 else { throw .incompleteNumber }
        guard let code = UInt8(exactly: path[3]) else { throw .notOnTheWire }
        return WirePlace(
            top: isLong ? .longEVS(type, path[2], code) : .evs(type, path[2], code),
            tlv: try octets(path[4...]),
            attribute: attribute
        )
    }

    private func octets(_ path: ArraySlice<UInt32>) throws(AttributeEncodingError.Problem) -> [UInt8] {
        var octets: [UInt8] = []
        for number in path {
            guard let octet = UInt8(exactly: number) else { throw .notOnTheWire }
            octets.append(octet)
        }
        return octets
    }
}

extension WirePlace.Top {
    /// How many octets a value may have.
    func limit(_ dictionary: AttributeDictionary, isConcatenated: Bool = false) -> Int {
        switch self {
        case .standard: return isConcatenated ? AttributeCodec.greatestLength : 253
        case .vendor(let vendor, _):
            let format = dictionary.format(ofVendor: vendor)
            return format.hasContinuation ? AttributeCodec.greatestLength : 249 - format.headerLength
        case .extended: return 252
        case .evs: return 247
        case .longExtended, .longEVS: return AttributeCodec.greatestLength
        }
    }

    /// The attributes that hold a value within the limit.
    func attributes(_ value: [UInt8], _ dictionary: AttributeDictionary) -> [Attribute] {
        switch self {
        case .standard(let type):
            return chunks(value, of: 253).map { Attribute(type, Array($0)) }
        case .vendor(let vendor, let code):
            return vendorAttributes(value, vendor, code, dictionary.format(ofVendor: vendor))
        case .extended(let type, let inner): return [Attribute(type, [inner] + value)]
        case .evs(let type, let vendor, let code):
            return [Attribute(type, [AttributeType.vendorSpecific] + Self.vendorHeader(vendor, code) + value)]
        case .longExtended(let type, let inner): return long(type, inner, value)
        case .longEVS(let type, let vendor, let code):
            return long(type, AttributeType.vendorSpecific, Self.vendorHeader(vendor, code) + value)
        }
    }

    private static func vendorHeader(_ vendor: UInt32, _ code: UInt8) -> [UInt8] {
        var octets: [UInt8] = []
        octets.appendBigEndian(vendor)
        return octets + [code]
    }

    /// RFC 6929 §2.2: all fragments but the last have the M bit.
    private func long(_ type: UInt8, _ inner: UInt8, _ value: [UInt8]) -> [Attribute] {
        let chunks = chunks(value, of: 251)
        return chunks.enumerated().map { index, chunk in
            Attribute(type, [inner, index < chunks.count - 1 ? 0x80 : 0] + chunk)
        }
    }

    private func vendorAttributes(
        _ value: [UInt8],
        _ vendor: UInt32,
        _ code: UInt32,
        _ format: VendorFormat
    ) -> [Attribute] {
        let chunks = format.hasContinuation ? chunks(value, of: 249 - format.headerLength) : [value[...]]
        return chunks.enumerated().map { index, chunk in
            var octets: [UInt8] = []
            octets.appendBigEndian(vendor)
            octets += Self.bigEndian(UInt64(code), format.typeOctets)
            octets += Self.bigEndian(UInt64(format.headerLength + chunk.count), format.lengthOctets)
            if format.hasContinuation { octets.append(index < chunks.count - 1 ? 0x80 : 0) }
            return Attribute(AttributeType.vendorSpecific, octets + chunk)
        }
    }

    private static func bigEndian(_ number: UInt64, _ octets: Int) -> [UInt8] {
        (0..<octets).reversed().map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
    }

    /// The value in pieces of at most that many octets; one empty piece where it is empty.
    private func chunks(_ value: [UInt8], of length: Int) -> [ArraySlice<UInt8>] {
        guard !value.isEmpty else { return [[]] }
        return stride(from: 0, to: value.count, by: length).map { value[$0..<min($0 + length, value.count)] }
    }
}
