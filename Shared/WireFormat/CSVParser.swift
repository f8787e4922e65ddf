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

/// Reads CSV as RFC 4180 writes it, in chunks that are split anywhere: quotes doubled inside quotes, line ends of either kind,
/// line ends inside quotes. A byte order mark and empty lines are skipped. The delimiter is the one that stands more often in the
/// first line, comma or semicolon. After an error reading goes on with the next line.
package struct CSVParser: Sendable {
    /// No record is longer; a longer one is a missing quote. Nothing more than one record is ever kept.
    package static let maximumRecordBytes = 65_536

    private enum State {
        case fieldStart, unquoted, quoted
        /// Behind a quote inside quotes: the field's end, or the first of two.
        case quoteSeen
        /// Behind an error, up to the line's end.
        case skipping
        /// Nothing is read any more.
        case ended
    }

    private var state = State.fieldStart
    /// The first line, until its end shows what the delimiter is.
    private var heading: [UInt8]? = []
    private var delimiter = UInt8(ascii: ",")
    private var line = 1
    private var recordLine = 1
    private var recordBytes = 0
    private var field: [UInt8] = []
    private var fields: [String] = []
    /// Behind a CR that ended a record.
    private var isAfterReturn = false

    /// A parser at the start of a file.
    package init() {}

    /// Reads on; returns the records and errors that the chunk completes, in the file's order.
    package mutating func consume(_ bytes: some Sequence<UInt8>) -> [Result<CSVRecord, CSVError>] {
        var results: [Result<CSVRecord, CSVError>] = []
        for byte in bytes {
            guard heading != nil else {
                read(byte, &results)
                continue
            }
            heading?.append(byte)
            if byte == UInt8(ascii: "\n") || heading?.count == Self.maximumRecordBytes { readHeading(&results) }
        }
        return results
    }

    /// Ends the file; returns what its last line completes.
    package mutating func finish() -> [Result<CSVRecord, CSVError>] {
        var results: [Result<CSVRecord, CSVError>] = []
        readHeading(&results)
        switch state {
        case .quoted:
            results.append(
                .failure(CSVError(line: recordLine, reason: "has a quote that is never closed", endsFile: true))
            )
        case .unquoted, .quoteSeen: endRecord(&results)
        case .fieldStart where !fields.isEmpty: endRecord(&results)
        case .fieldStart, .skipping, .ended: break
        }
        state = .ended
        return results
    }

    private mutating func readHeading(_ results: inout [Result<CSVRecord, CSVError>]) {
        guard let first = heading else { return }
        heading = nil
        let semicolons = first.count { $0 == UInt8(ascii: ";") }
        if semicolons > first.count(where: { $0 == UInt8(ascii: ",") }) { delimiter = UInt8(ascii: ";") }
        for byte in first.starts(with: [0xef, 0xbb, 0xbf]) ? first.dropFirst(3) : first[...] { read(byte, &results) }
    }

    private mutating func read(_ byte: UInt8, _ results: inout [Result<CSVRecord, CSVError>]) {
        let isFeed = byte == UInt8(ascii: "\n")
        // CR LF is one end.
        if isAfterReturn {
            isAfterReturn = false
            if isFeed { return }
        }
        defer { if isFeed { line += 1 } }
        recordBytes += 1
        if recordBytes > Self.maximumRecordBytes, state != .skipping, state != .ended {
            let reason = "is longer than \(Self.maximumRecordBytes) bytes: is a quote missing?"
            results.append(.failure(CSVError(line: recordLine, reason: reason, endsFile: true)))
            state = .ended
        }
        switch state {
        case .ended: return
        case .skipping:
            if isFeed { begin() }
        case .fieldStart where byte == UInt8(ascii: "\""):
            if fields.isEmpty { recordLine = line }
            state = .quoted
        case .fieldStart, .unquoted: readPlain(byte, &results)
        case .quoted:
            if byte == UInt8(ascii: "\"") { state = .quoteSeen } else { field.append(byte) }
        case .quoteSeen:
            if byte == UInt8(ascii: "\"") {
                field.append(byte)
                state = .quoted
            } else if isEnd(byte) {
                end(byte, &results)
            } else {
                fail("has text after a closing quote", &results)
            }
        }
    }

    private mutating func readPlain(_ byte: UInt8, _ results: inout [Result<CSVRecord, CSVError>]) {
        if state == .fieldStart, fields.isEmpty {
            // Between records: empty lines are none.
            if byte != delimiter, isEnd(byte) { return begin() }
            recordLine = line
        }
        if isEnd(byte) { return end(byte, &results) }
        if byte == UInt8(ascii: "\"") {
            return fail("has a quote inside a field that does not begin with one", &results)
        }
        state = .unquoted
        field.append(byte)
    }

    private func isEnd(_ byte: UInt8) -> Bool {
        byte == delimiter || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }

    private mutating func end(_ byte: UInt8, _ results: inout [Result<CSVRecord, CSVError>]) {
        guard byte == delimiter else {
            endRecord(&results)
            if byte == UInt8(ascii: "\r") {
                isAfterReturn = true
                line += 1
            }
            return
        }
        guard takeField() else { return fail("is not UTF-8 text", &results) }
        state = .fieldStart
    }

    private mutating func endRecord(_ results: inout [Result<CSVRecord, CSVError>]) {
        if takeField() {
            results.append(.success(CSVRecord(line: recordLine, fields: fields)))
        } else {
            results.append(.failure(CSVError(line: recordLine, reason: "is not UTF-8 text", endsFile: false)))
        }
        begin()
    }

    private mutating func takeField() -> Bool {
        guard let text = String(validating: field, as: UTF8.self) else { return false }
        fields.append(text)
        field.removeAll(keepingCapacity: true)
        return true
    }

    private mutating func fail(_ reason: String, _ results: inout [Result<CSVRecord, CSVError>]) {
        results.append(.failure(CSVError(line: recordLine, reason: reason, endsFile: false)))
        begin()
        state = .skipping
    }

    private mutating func begin() {
        state = .fieldStart
        recordBytes = 0
        field.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
    }
}
