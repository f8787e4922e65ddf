/// Prefixes as octets and as text: a reserved octet, the length in bits, the address.
enum PrefixText {
    typealias Problem = AttributeEncodingError.Problem

    /// RFC 8044 §3.11: always four octets of address. An address alone is a prefix of 32 bits.
    static func ipv4(_ text: String) throws(Problem) -> [UInt8] {
        guard let (address, bits) = split(text, 32), let octets = AddressText.ipv4(address) else { throw .badPrefix }
        guard masked(octets, bits) == octets else { throw .bitsBeyondPrefix }
        return [0, UInt8(bits)] + octets
    }

    /// RFC 3162 §2.3: as few octets of address as the length needs, or all of them. An address alone is 128 bits.
    static func ipv6(_ text: String, full: Bool) throws(Problem) -> [UInt8] {
        guard let (address, bits) = split(text, 128), let octets = AddressText.ipv6(address) else { throw .badPrefix }
        guard masked(octets, bits) == octets else { throw .bitsBeyondPrefix }
        return [0, UInt8(bits)] + octets.prefix(full ? 16 : (bits + 7) / 8)
    }

    /// Nil for a length above 32 bits; bits beyond the length are left out.
    static func ipv4(_ octets: [UInt8]) -> String? {
        guard octets.count == 6, octets[1] <= 32 else { return nil }
        return AddressText.ipv4(masked(Array(octets[2...]), Int(octets[1]))) + "/\(octets[1])"
    }

    /// Nil for a length above 128 bits and for fewer octets than the length needs; bits beyond it are left out, as
    /// RFC 3162 §2.3 wants them to be zero.
    static func ipv6(_ octets: [UInt8]) -> String? {
        guard (2...18).contains(octets.count), octets[1] <= 128, octets.count - 2 >= (Int(octets[1]) + 7) / 8 else {
            return nil
        }
        let address = octets[2...] + [UInt8](repeating: 0, count: 18 - octets.count)
        return AddressText.ipv6(masked(Array(address), Int(octets[1]))) + "/\(octets[1])"
    }

    private static func split(_ text: String, _ greatest: Int) -> (Substring, Int)? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return nil }
        guard parts.count == 2 else { return (parts[0], greatest) }
        let isDigits = parts[1].utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isDigits, let bits = Int(parts[1]), bits <= greatest else { return nil }
        return (parts[0], bits)
    }

    private static func masked(_ octets: [UInt8], _ bits: Int) -> [UInt8] {
        octets.enumerated().map { index, octet in
            let kept = min(max(bits - 8 * index, 0), 8)
            return octet & UInt8(truncatingIfNeeded: 0xFF00 >> kept)
        }
    }
}
