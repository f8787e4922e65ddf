/// Text as lines that every way of transport leaves as they are (RFC 2045 §6.7).
enum QuotedPrintable {
    private static let lineLimit = 76
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// UTF-8 with CRLF for each kind of line end, at most 76 octets a line; ends with CRLF.
    static func encode(_ text: String) -> [UInt8] {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count + text.utf8.count / 8)
        for line in lines(Array(text.utf8)) { append(line, to: &encoded) }
        return encoded
    }

    /// CRLF, LF and CR each end a line. What ends the last one begins no other.
    private static func lines(_ octets: [UInt8]) -> [ArraySlice<UInt8>] {
        var (lines, start, index) = ([ArraySlice<UInt8>](), 0, 0)
        while index < octets.count {
            let isEnd = octets[index] == 0x0a || octets[index] == 0x0d
            guard isEnd else {
                index += 1
                continue
            }
            lines.append(octets[start..<index])
            index += octets[index] == 0x0d && index + 1 < octets.count && octets[index + 1] == 0x0a ? 2 : 1
            start = index
        }
        if start < octets.count { lines.append(octets[start...]) }
        return lines
    }

    private static func append(_ line: ArraySlice<UInt8>, to encoded: inout [UInt8]) {
        var column = 0
        for (index, octet) in zip(line.indices, line) {
            let isLast = index == line.endIndex - 1
            let token = token(octet, isFirst: column == 0, isLast: isLast, in: line[index...])
            // The last column is kept for the = of a soft break. Octets of one character stay together.
            let character = octet & 0xc0 == 0xc0 ? length(octet) * 3 : token.count
            if octet & 0xc0 != 0x80, column + character > lineLimit - 1 {
                encoded += [0x3d, 0x0d, 0x0a]
                column = 0
            }
            encoded += token
            column += token.count
        }
        encoded += [0x0d, 0x0a]
    }

    private static func token(_ octet: UInt8, isFirst: Bool, isLast: Bool, in rest: ArraySlice<UInt8>) -> [UInt8] {
        let isPlain =
            switch octet {
            case 0x09, 0x20: !isLast
            case 0x3d: false
            // A dot alone ends a message, and "From " begins one in a mailbox file: neither is left to others' care.
            case 0x2e: !isFirst
            case 0x46: !(isFirst && rest.starts(with: "From ".utf8))
            default: (0x21...0x7e).contains(octet)
            }
        return isPlain ? [octet] : [0x3d, digits[Int(octet >> 4)], digits[Int(octet & 15)]]
    }

    private static func length(_ first: UInt8) -> Int { first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2 }
}
