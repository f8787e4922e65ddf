/// Writes CSV as RFC 4180 has it: commas, CR LF, quotes where they are needed.
package struct CSVWriter: Sendable {
    private(set) package var bytes: [UInt8] = []
    private var isFirst = true

    /// An empty writer.
    package init() {}

    /// Appends a field. A text that a spreadsheet would run as a formula gets an apostrophe before it, as does one that begins
    /// with apostrophes and then so: ``CSVWriter/original(_:)`` takes exactly one away again.
    package mutating func field(_ text: String, isText: Bool = true) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        let needsQuotes =
            text.utf8.contains { $0 == 0x22 || $0 == 0x2c || $0 == 0x0a || $0 == 0x0d || $0 == 0x3b }
            || text.utf8.first == 0x20 || text.utf8.last == 0x20
        let isHarmful = isText && Self.runs(text.utf8.drop { $0 == UInt8(ascii: "'") }.first)
        guard needsQuotes || isHarmful else {
            bytes += text.utf8
            return
        }
        bytes.append(0x22)
        if isHarmful { bytes.append(UInt8(ascii: "'")) }
        for byte in text.utf8 {
            if byte == 0x22 { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(0x22)
    }

    /// Ends the record.
    package mutating func endRecord() {
        bytes += [0x0d, 0x0a]
        isFirst = true
    }

    /// Takes what was written so far out.
    package mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    /// The text that a field was made of.
    package static func original(_ field: String) -> String {
        let rest = field.utf8.drop { $0 == UInt8(ascii: "'") }
        guard field.utf8.first == UInt8(ascii: "'"), runs(rest.first) else { return field }
        return String(field.unicodeScalars.dropFirst())
    }

    /// Whether a spreadsheet takes a text that begins so for a formula.
    private static func runs(_ byte: UInt8?) -> Bool {
        switch byte {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 0x09, 0x0d, 0x0a: true
        default: false
        }
    }
}
