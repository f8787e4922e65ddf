/// One row of COPY … TO STDOUT (FORMAT binary), read column by column.
package struct PGCopyRow {
    /// How many columns the row has.
    package let columns: Int
    private let bytes: PGBytes
    private var offset = 2

    /// nil for the stream's trailer.
    init?(_ bytes: PGBytes) {
        let count = Int16(truncatingIfNeeded: bytes[0..<2].bigEndian)
        guard count >= 0 else { return nil }
        columns = Int(count)
        self.bytes = bytes
    }

    /// The next column's value; nil for NULL. Reading past the last column traps.
    package mutating func next() -> PGBytes? {
        let length = Int(bytes[offset..<offset + 4].int32)
        offset += 4
        guard length >= 0 else { return nil }
        defer { offset += length }
        return bytes[offset..<offset + length]
    }

    /// The row as the server sent it: a 16-bit column count, then per column a 32-bit length and the bytes.
    package var raw: PGBytes { bytes }
}

/// Finds the rows in the messages of a binary COPY: the first carries the stream's header in front of its row.
struct PGCopyStream {
    private static let signature: [UInt8] = Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0x00]
    private var isStarted = false

    /// The row in `message`; nil where it holds none.
    mutating func row(in message: PGBytes) throws(PostgresError) -> PGCopyRow? {
        guard !isStarted else { return message.count >= 2 ? PGCopyRow(message) : nil }
        isStarted = true
        guard message.count >= 19, message[0..<11].array == Self.signature else {
            throw PostgresError(.misuse, "the COPY is not in binary format")
        }
        let header = 19 + Int(message[15..<19].int32)
        return message.count >= header + 2 ? PGCopyRow(message[header..<message.count]) : nil
    }
}

/// Builds the rows of COPY … FROM STDIN (FORMAT binary).
package struct PGCopyWriter: Sendable {
    private var bytes: [UInt8] = PGCopyWriter.header

    private static let header: [UInt8] = Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0x00] + [0, 0, 0, 0, 0, 0, 0, 0]

    /// A writer at the start of a stream.
    package init() {}

    /// A writer of rows in the midst of a stream that another one began.
    package init(continuing: Void) { bytes = [] }

    /// The bytes that wait to be taken.
    package var count: Int { bytes.count }

    /// Adds a row; the values' types must be exactly the columns'.
    package mutating func append(_ values: [PGValue]) {
        bytes.appendBigEndian(Int16(truncatingIfNeeded: values.count))
        for value in values {
            let start = bytes.count
            bytes.appendBigEndian(Int32(-1))
            if value.encode(into: &bytes) {
                bytes.storeBigEndian(Int32(truncatingIfNeeded: bytes.count - start - 4), at: start)
            }
        }
    }

    /// Takes what was written so far as one chunk.
    package mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    /// Takes the rest, closed by the stream's trailer.
    package mutating func finish() -> [UInt8] {
        bytes.appendBigEndian(Int16(-1))
        return take()
    }
}
