/// The server's numeric: groups of four decimal digits.
enum PGNumeric {
    /// Plain decimal notation with all the digits of the value's scale, as the server prints it.
    static func text(of bytes: PGBytes) -> String {
        func group(_ index: Int) -> Int { Int(Int16(truncatingIfNeeded: bytes[index * 2..<index * 2 + 2].bigEndian)) }
        let count = group(0)
        let weight = group(1)
        let sign = UInt16(truncatingIfNeeded: group(2))
        let scale = group(3)
        switch sign {
        case 0xC000: return "NaN"
        case 0xD000: return "Infinity"
        case 0xF000: return "-Infinity"
        default: break
        }
        func digits(_ index: Int) -> String {
            let text = String(index >= 0 && index < count ? group(4 + index) : 0)
            return String(repeating: "0", count: 4 - text.count) + text
        }
        let padded = weight < 0 ? "0" : (0...weight).map(digits).joined()
        let whole = padded.firstIndex { $0 != "0" }.map { String(padded[$0...]) } ?? "0"
        let signed = sign == 0x4000 ? "-" + whole : whole
        guard scale > 0 else { return signed }
        let fraction = (1...(scale + 3) / 4).map { digits(weight + $0) }.joined()
        return signed + "." + fraction.prefix(scale)
    }
}
