/// A document's text.
struct Source: Sendable {
    let octets: [UInt8]

    init(_ text: String) {
        octets = Array(text.utf8)
    }

    /// Line and column of an octet. A line ends with LF, CR, or both of them (§2.1.2).
    func location(at offset: Int) -> GraphQLLocation {
        var line = 1
        var column = 1
        for index in 0..<min(offset, octets.count) {
            switch octets[index] {
            case UInt8(ascii: "\r") where index + 1 < octets.count && octets[index + 1] == UInt8(ascii: "\n"): break
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                line += 1
                column = 1
            // An octet that goes on with a character begins none.
            case 0x80...0xBF: break
            default: column += 1
            }
        }
        return GraphQLLocation(line: line, column: column)
    }

    func error(_ message: String, at offsets: Int...) -> GraphQLError {
        GraphQLError(message, at: offsets.map { location(at: $0) })
    }
}
