import Glibc

/// An IPv4 or IPv6 address; IPv4 is kept as ::ffff:a.b.c.d, so that both spellings of one address are equal.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// The 128 bits, the first 64 and the last.
    package let high: UInt64
    package let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads a numeric address without a port; nil where it is none.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        guard text.utf8.count <= 45 else { return nil }
        var four = in_addr()
        if unsafe inet_pton(AF_INET, text, &four) == 1 {
            self.init(high: 0, low: 0xffff_0000_0000 | UInt64(UInt32(bigEndian: four.s_addr)))
            return
        }
        var six = in6_addr()
        guard unsafe inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        self = unsafe withUnsafeBytes(of: &six) { unsafe IPAddress(octets: $0) }
    }

    /// The address in what accept() gave; nil for another family.
    @unsafe init?(_ peer: UnsafePointer<sockaddr>) {
        switch unsafe Int32(peer.pointee.sa_family) {
        case AF_INET:
            let number = unsafe UnsafeRawPointer(peer).load(fromByteOffset: 4, as: UInt32.self)
            self.init(high: 0, low: 0xffff_0000_0000 | UInt64(UInt32(bigEndian: number)))
        case AF_INET6:
            self = unsafe IPAddress(octets: UnsafeRawBufferPointer(start: UnsafeRawPointer(peer) + 8, count: 16))
        default: return nil
        }
    }

    @unsafe private init(octets: UnsafeRawBufferPointer) {
        self.init(
            high: unsafe UInt64(bigEndian: octets.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
            low: unsafe UInt64(bigEndian: octets.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
    }

    package var isIPv4: Bool { high == 0 && low >> 32 == 0xffff }

    /// What counts as one source of connections: an IPv4 address, or the network of 64 bits that one household has to itself.
    package var source: IPAddress { isIPv4 ? self : IPAddress(high: high, low: 0) }

    package var description: String {
        if isIPv4 { return "\(low >> 24 & 255).\(low >> 16 & 255).\(low >> 8 & 255).\(low & 255)" }
        var words = (high.bigEndian, low.bigEndian)
        var text = [CChar](repeating: 0, count: 48)
        unsafe inet_ntop(AF_INET6, &words, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A range of addresses with a common beginning, such as `10.0.0.0/8`.
package struct NetworkPrefix: Hashable, Sendable, CustomStringConvertible {
    private let base: IPAddress
    /// On the scale of IPv6: an IPv4 prefix has 96 more.
    private let length: Int

    /// Reads `address/length`, or an address alone for itself; nil where it is malformed or has bits beyond its length.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = parts.first.flatMap({ IPAddress($0) }) else { return nil }
        let offset = address.isIPv4 ? 96 : 0
        var length = 128
        if parts.count == 2 {
            guard let stated = Int(parts[1]), (0...(128 - offset)).contains(stated), parts[1].first != "+" else {
                return nil
            }
            length = stated + offset
        }
        base = address
        self.length = length
        let mask = Self.mask(length)
        guard address.high & mask.high == address.high, address.low & mask.low == address.low else { return nil }
    }

    /// Whether the address lies in the range.
    package func contains(_ address: IPAddress) -> Bool {
        let mask = Self.mask(length)
        return address.high & mask.high == base.high && address.low & mask.low == base.low
    }

    package var description: String { "\(base)/\(base.isIPv4 ? length - 96 : length)" }

    private static func mask(_ length: Int) -> (high: UInt64, low: UInt64) {
        (length >= 64 ? .max : ~(.max >> UInt64(length)), length <= 64 ? 0 : ~(UInt64.max >> UInt64(length - 64)))
    }
}
