import Sockets

/// An address or a range of addresses (CIDR), IPv4 as IPv4-mapped IPv6.
struct AddressRange: Hashable, Sendable {
    let high: UInt64
    let low: UInt64
    /// Prefix length in the 128-bit space: an IPv4 /24 is 120.
    let length: UInt8

    /// The range of `length` bits that holds an address.
    init(high: UInt64, low: UInt64, length: UInt8) {
        self.length = min(length, 128)
        self.high = length >= 64 ? high : length == 0 ? 0 : high & (.max << (64 - UInt64(length)))
        self.low = length >= 128 ? low : length <= 64 ? 0 : low & (.max << (128 - UInt64(length)))
    }

    /// The range of `length` bits around a source.
    init(around source: SourceAddress, length: UInt8) {
        self.init(high: source.high, low: source.low, length: length)
    }

    /// From network-order octets as Postgres' binary format has them: 4 or 16 octets and a prefix length.
    init?(octets: some Collection<UInt8>, length: UInt8) {
        let bytes = Array(octets)
        switch bytes.count {
        case 4 where length <= 32:
            let address = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            self.init(high: 0, low: 0xffff_0000_0000 | address, length: length + 96)
        case 16 where length <= 128:
            let high = bytes[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let low = bytes[8...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            self.init(high: high, low: low, length: length)
        default: return nil
        }
    }
}
