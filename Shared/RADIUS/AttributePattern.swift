/// Recognises the attributes of one name in an encoded packet, without a dictionary: octets at places of the attribute,
/// counted from its type. A value; matching allocates nothing.
package struct AttributePattern: Hashable, Sendable {
    /// A place, then the octet that stands there, and so on.
    package let placesAndOctets: [UInt8]

    /// A pattern kept as octets; nil where they are none.
    package init?(placesAndOctets: [UInt8]) {
        guard !placesAndOctets.isEmpty, placesAndOctets.count.isMultiple(of: 2) else { return nil }
        self.placesAndOctets = placesAndOctets
    }

    init(_ pairs: [(place: Int, octet: UInt8)]) {
        placesAndOctets = pairs.flatMap { [UInt8($0.place), $0.octet] }
    }

    /// Whether the whole encoded attribute is one of these.
    package func matches(_ attribute: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        while at < placesAndOctets.count {
            let place = Int(placesAndOctets[at])
            guard place < attribute.count, unsafe attribute[place] == placesAndOctets[at + 1] else { return false }
            at += 2
        }
        return true
    }
}
