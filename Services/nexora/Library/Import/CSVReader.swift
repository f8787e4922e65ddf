package import WireFormat

/// Reads a CSV file that is at hand record by record, as `CSVParser` does.
package struct CSVReader: Sendable {
    /// No record is longer; a longer one is a missing quote.
    package static let maximumRecordBytes = CSVParser.maximumRecordBytes
    private static let chunk = 65_536

    private let bytes: [UInt8]
    private var position = 0
    private var parser = CSVParser()
    private var read: [Result<CSVRecord, CSVError>] = []
    private var isFinished = false

    /// A reader over a whole file.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// How far reading has come, 0 to 1.
    package var progress: Double { bytes.isEmpty ? 1 : Double(position) / Double(bytes.count) }

    /// The next record, nil at the end.
    package mutating func next() throws(CSVError) -> CSVRecord? {
        while read.isEmpty, !isFinished {
            if position == bytes.count {
                read = parser.finish()
                isFinished = true
            } else {
                let end = min(position + Self.chunk, bytes.count)
                read = parser.consume(bytes[position..<end])
                position = end
            }
            // The first of them last, where taking it costs nothing.
            read.reverse()
        }
        return try read.popLast()?.get()
    }
}
