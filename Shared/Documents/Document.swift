package import Concurrency
import Synchronization

/// What a table is written as.
package enum DocumentFormat: Sendable {
    /// Office Open XML, with one sheet.
    case spreadsheet
    case pdf
}

/// A table that is written row by row, by a library that blocks.
protocol Table: AnyObject {
    func append(_ rows: [[Cell]]) throws(DocumentError)
    /// The file; nothing may be appended afterwards.
    func finish() throws(DocumentError) -> OpenFile
}

/// A document in the making. It grows in a file, not in memory; the work is done on the pool's threads, never on the caller's.
///
/// Whatever becomes of it, its file has no name and is gone once nobody has it.
package final class Document: Sendable {
    private enum State {
        /// Nothing was written.
        case new
        case open(any Table)
        case ended
    }

    private let format: DocumentFormat
    private let name: String
    private let heading: [String]
    private let limit: Int
    private let pool: WorkerPool
    private let state = Mutex(State.new)
    private let rowCount = Atomic(0)

    /// A table of that name and heading with so many rows below it at most; a spreadsheet has no more than 1,048,575.
    package init(_ format: DocumentFormat, name: String, heading: [String], limit: Int, on pool: WorkerPool) {
        self.format = format
        self.name = name
        self.heading = heading
        self.limit = format == .spreadsheet ? min(limit, Workbook.mostRows) : limit
        self.pool = pool
    }

    /// Adds rows, each with a cell for every name of the heading. Throws `DocumentError`, after which nothing can be added.
    package func append(_ rows: [[Cell]]) async throws {
        guard rowCount.add(rows.count, ordering: .relaxed).newValue <= limit else {
            throw DocumentError.tooManyRows(limit: limit)
        }
        try await pool.run { try self.write(rows) }
    }

    /// Ends it. Throws `DocumentError`.
    package func finish() async throws -> DocumentFile {
        try await pool.run {
            try self.write([])
            return try self.state.withLock { state in
                guard case .open(let table) = state else { throw DocumentError.ended }
                state = .ended
                return DocumentFile(try table.finish(), on: self.pool)
            }
        }
    }

    private func write(_ rows: [[Cell]]) throws {
        try state.withLock { state in
            if case .new = state { state = .open(try table()) }
            guard case .open(let table) = state else { throw DocumentError.ended }
            do {
                try table.append(rows)
            } catch {
                state = .ended
                throw error
            }
        }
    }

    private func table() throws(DocumentError) -> any Table {
        switch format {
        case .spreadsheet: try Workbook(name, heading: heading)
        case .pdf: PDFTable(name, heading: heading)
        }
    }
}

/// A document that is done, read from its beginning once.
package final class DocumentFile: Sendable {
    private static let piece = 64 << 10

    private let file: Mutex<OpenFile>
    private let pool: WorkerPool

    init(_ file: consuming sending OpenFile, on pool: WorkerPool) {
        self.file = Mutex(file)
        self.pool = pool
    }

    /// The next octets; nil at the end. Throws `DocumentError`.
    package func next() async throws -> [UInt8]? {
        let octets = try await pool.run { try self.file.withLock { file throws in try file.read(Self.piece) } }
        return octets.isEmpty ? nil : octets
    }
}
