/// What a login's answer said of speed, in 64 bits: equal where the terms are equal, and all but surely different where they
/// are not. It travels in Class, so that whoever sees the session begin can tell whether its login was decided under terms
/// that have changed since.
///
/// It is FNV-1a (64 bits) over 82 octets, integers little endian in two's complement:
///
/// | octets | what |
/// | --- | --- |
/// | 0–15 | rate: download, upload (8 each) |
/// | 16 | 1 with a burst, 0 without |
/// | 17–56 | the burst: rate, threshold (download, upload, 8 each), seconds (8); zeros without one |
/// | 57–64 | priority (8) |
/// | 65–80 | guaranteed: download, upload (8 each) |
/// | 81 | 1 in the walled garden, 0 outside |
///
/// Never 0, which stands for no terms; what would be 0 is 1. Another layout would make every session look stale: it needs
/// another format of Class.
package struct TermsDigest: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Of the speed that the answer gives, and whether it leads into the walled garden. Allocates nothing.
    package init(_ speed: SpeedProfile, isConfined: Bool) {
        var hash = FNV1a()
        hash.add(speed.rate)
        hash.add(UInt8(speed.burst == nil ? 0 : 1))
        let none = SpeedPair(download: 0, upload: 0)
        hash.add(speed.burst?.rate ?? none)
        hash.add(speed.burst?.threshold ?? none)
        hash.add(Int64(speed.burst?.seconds ?? 0))
        hash.add(Int64(speed.priority))
        hash.add(speed.guaranteed)
        hash.add(UInt8(isConfined ? 1 : 0))
        rawValue = hash.value == 0 ? 1 : hash.value
    }
}

/// Fowler, Noll and Vo's hash, its variant 1a of 64 bits.
private struct FNV1a {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ octet: UInt8) {
        value = (value ^ UInt64(octet)) &* 0x0000_0100_0000_01b3
    }

    /// The lowest octet first.
    mutating func add(_ number: Int64) {
        var rest = UInt64(bitPattern: number)
        for _ in 0..<8 {
            add(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    mutating func add(_ pair: SpeedPair) {
        add(pair.download)
        add(pair.upload)
    }
}
