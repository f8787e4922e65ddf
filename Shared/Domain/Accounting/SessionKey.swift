/// The key under which a NAS's records of one session meet: a hash of tenant, NAS, Acct-Session-Id, User-Name,
/// Calling-Station-Id and NAS-Port.
///
/// A NAS may use a key again (pppd repeats its ids, a rebooted NAS begins them again), so a session is its key and its start.
/// The key is stored: the function below never changes. It is SipHash-2-4 with 128 bits of output under the fixed key
/// ``seed`` over 64-bit little-endian words, namely: tenant high, tenant low, NAS high, NAS low; for each of the three
/// texts its length in bytes, then its UTF-8 bytes padded with zeros to a whole word; NAS-Port, or 2^64 - 1 without one.
/// The seed is public, so the hash hides nothing; SipHash is here because a subscriber chooses some of these texts and must
/// not find two that collide as easily as with FNV.
package enum SessionKey {
    /// The 16 bytes `Nexora session 1` as two little-endian words.
    package static let seed: (UInt64, UInt64) = (0x7320_6172_6f78_654e, 0x3120_6e6f_6973_7365)

    /// Cheap (about 100 ns for usual texts) and without allocation.
    package static func compute(
        tenant: TenantID,
        nas: NASID,
        acctSessionID: String,
        username: String,
        callingStationID: String,
        nasPort: UInt32?
    ) -> UUID128 {
        var hash = SipHash128(key: seed)
        hash.absorb(tenant.value.high)
        hash.absorb(tenant.value.low)
        hash.absorb(nas.value.high)
        hash.absorb(nas.value.low)
        hash.absorb(lengthPrefixed: acctSessionID)
        hash.absorb(lengthPrefixed: username)
        hash.absorb(lengthPrefixed: callingStationID)
        hash.absorb(nasPort.map(UInt64.init) ?? .max)
        return hash.finish()
    }
}

/// SipHash-2-4 with a 128-bit result (Aumasson and Bernstein, reference implementation's `outlen == 16`), fed whole
/// 64-bit words.
struct SipHash128 {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64
    private var words: UInt64 = 0

    init(key: (UInt64, UInt64)) {
        v0 = 0x736f_6d65_7073_6575 ^ key.0
        v1 = 0x646f_7261_6e64_6f6d ^ key.1 ^ 0xee
        v2 = 0x6c79_6765_6e65_7261 ^ key.0
        v3 = 0x7465_6462_7974_6573 ^ key.1
    }

    mutating func absorb(_ word: UInt64) {
        mix(word)
        words &+= 1
    }

    /// The length in bytes, then the bytes padded with zeros to a whole word.
    mutating func absorb(lengthPrefixed text: String) {
        let bytes = text.utf8.span
        absorb(UInt64(bytes.count))
        var word: UInt64 = 0
        var shift: UInt64 = 0
        for index in bytes.indices {
            word |= UInt64(bytes[index]) << shift
            shift += 8
            if shift == 64 {
                absorb(word)
                word = 0
                shift = 0
            }
        }
        if shift > 0 { absorb(word) }
    }

    /// The result, its first eight bytes (little-endian in the reference) as `high`.
    ///
    /// `tail` holds up to seven last bytes of a message that is no whole number of words, for the published vectors.
    consuming func finish(tail: (word: UInt64, count: UInt64) = (0, 0)) -> UUID128 {
        mix(((words &* 8 &+ tail.count) & 0xff) << 56 | tail.word)
        v2 ^= 0xee
        for _ in 0..<4 { round() }
        let first = v0 ^ v1 ^ v2 ^ v3
        v1 ^= 0xdd
        for _ in 0..<4 { round() }
        let second = v0 ^ v1 ^ v2 ^ v3
        return UUID128(high: first.byteSwapped, low: second.byteSwapped)
    }

    private mutating func mix(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    private mutating func round() {
        v0 = v0 &+ v1
        v1 = v1 << 13 | v1 >> 51
        v1 ^= v0
        v0 = v0 << 32 | v0 >> 32
        v2 = v2 &+ v3
        v3 = v3 << 16 | v3 >> 48
        v3 ^= v2
        v0 = v0 &+ v3
        v3 = v3 << 21 | v3 >> 43
        v3 ^= v0
        v2 = v2 &+ v1
        v1 = v1 << 17 | v1 >> 47
        v1 ^= v2
        v2 = v2 << 32 | v2 >> 32
    }
}
