/// One record of a CSV file.
package struct CSVRecord: Sendable, Equatable {
    /// The line it begins on, from 1.
    package let line: Int
    /// Its fields, unquoted.
    package let fields: [String]

    /// A record.
    package init(line: Int, fields: [String]) {
        self.line = line
        self.fields = fields
    }
}

/// A record that cannot be read.
package struct CSVError: Error, Equatable {
    /// The line the record begins on, from 1.
    package let line: Int
    /// What is wrong with it.
    package let reason: String
    /// Whether nothing after it can be trusted: a quote that is never closed.
    package let endsFile: Bool

    /// An error about the record that begins on that line.
    package init(line: Int, reason: String, endsFile: Bool) {
        self.line = line
        self.reason = reason
        self.endsFile = endsFile
    }
}

/// Reads CSV as RFC 4180 writes it: quotes doubled inside quotes, line ends of either kind, line ends inside quotes.
/// A byte order mark is skipped; empty lines are skipped. After an error reading goes on with the next line.
package struct CSVReader: Sendable {
    /// No record is longer; a longer one is a missing quote.
    package static let maximumRecordBytes = 65_536

    private let bytes: [UInt8]
    private let delimiter: UInt8
    private var position: Int
    private var line = 1

    /// A reader over a whole file. The delimiter is the one that stands more often in the first line, comma or semicolon.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        self.position = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        let heading = bytes.prefix { $0 != UInt8(ascii: "\n") }
        let semicolons = heading.count { $0 == UInt8(ascii: ";") }
        self.delimiter = semicolons > heading.count { $0 == UInt8(ascii: ",") } ? UInt8(ascii: ";") : UInt8(ascii: ",")
    }

    /// How far reading has come, 0 to 1.
    package var progress: Double { bytes.isEmpty ? 1 : Double(position) / Double(bytes.count) }

    /// The next record, nil at the end.
    package mutating func next() throws(CSVError) -> CSVRecord? {
        while position < bytes.count, bytes[position] == UInt8(ascii: "\n") || bytes[position] == UInt8(ascii: "\r") {
            if bytes[position] == UInt8(ascii: "\n") { line += 1 }
            position += 1
        }
        guard position < bytes.count else { return nil }
        let start = (position, line)
        var fields: [String] = []
        fields.reserveCapacity(20)
        while true {
            guard position - start.0 <= Self.maximumRecordBytes else {
                throw failed(
                    start.1,
                    "is longer than \(Self.maximumRecordBytes) bytes: is a quote missing?",
                    endsFile: true
                )
            }
            fields.append(try field(recordLine: start.1, recordStart: start.0))
            guard position < bytes.count else { break }
            let separator = bytes[position]
            position += 1
            if separator == delimiter { continue }
            if separator == UInt8(ascii: "\r"), position < bytes.count, bytes[position] == UInt8(ascii: "\n") {
                position += 1
            }
            line += 1
            break
        }
        return CSVRecord(line: start.1, fields: fields)
    }

    /// Reads a field and stops at what ends it: a delimiter, a line's end or the file's end.
    private mutating func field(recordLine: Int, recordStart: Int) throws(CSVError) -> String {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            let start = position
            while position < bytes.count, !isEnd(bytes[position]) {
                if bytes[position] == UInt8(ascii: "\"") {
                    throw skippingLine(recordLine, "has a quote inside a field that does not begin with one")
                }
                position += 1
            }
            return try text(bytes[start..<position], recordLine)
        }
        position += 1
        let start = position
        var unquoted: [UInt8]?
        var copied = start
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\n") { line += 1 }
            if byte != UInt8(ascii: "\"") {
                position += 1
                guard position - recordStart <= Self.maximumRecordBytes else { break }
                continue
            }
            if position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "\"") {
                unquoted = (unquoted ?? []) + bytes[copied...position]
                position += 2
                copied = position
                continue
            }
            let tail = bytes[copied..<position]
            position += 1
            guard position == bytes.count || isEnd(bytes[position]) else {
                throw skippingLine(recordLine, "has text after a closing quote")
            }
            return try text(unquoted.map { ($0 + tail)[...] } ?? tail, recordLine)
        }
        throw failed(recordLine, "has a quote that is never closed", endsFile: true)
    }

    private func isEnd(_ byte: UInt8) -> Bool {
        byte == delimiter || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }

    private mutating func text(_ slice: ArraySlice<UInt8>, _ recordLine: Int) throws(CSVError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw skippingLine(recordLine, "is not UTF-8 text")
        }
        return text
    }

    /// An error after which reading goes on at the next line.
    private mutating func skippingLine(_ recordLine: Int, _ reason: String) -> CSVError {
        while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
        return CSVError(line: recordLine, reason: reason, endsFile: false)
    }

    private mutating func failed(_ recordLine: Int, _ reason: String, endsFile: Bool) -> CSVError {
        position = bytes.count
        return CSVError(line: recordLine, reason: reason, endsFile: endsFile)
    }
}
