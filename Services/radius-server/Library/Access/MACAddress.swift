/// A device's address in any of the usual spellings: colons, dashes, dots or none, either case; what a NAS appends
/// (":ssid") is passed over.
struct MACAddress: Equatable {
    let value: UInt64

    /// nil when the text does not begin with twelve hexadecimal digits.
    init?(_ text: UnsafeRawBufferPointer) {
        guard text.count >= 12, text.count <= 64 else { return nil }
        var value: UInt64 = 0
        var digits = 0
        for index in 0..<text.count {
            let octet = unsafe text[index]
            guard digits < 12 else { break }
            switch octet {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(octet - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(octet - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt64(octet - UInt8(ascii: "A") + 10)
            case UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "."): continue
            default: return nil
            }
            digits += 1
        }
        guard digits == 12 else { return nil }
        self.value = value
    }

    /// The spelling that services have: lower case with colons.
    func withText<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        var text = InlineArray<17, UInt8>(repeating: UInt8(ascii: ":"))
        for index in 0..<12 {
            let digit = UInt8(value >> UInt64(44 - index * 4) & 15)
            text[index + index / 2] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        }
        return unsafe withUnsafeBytes(of: text) { unsafe body($0) }
    }
}
