import Documents
import Domain
import Persistence

/// Chunks of a file, for one task.
protocol ExportReader: AnyObject {
    /// Rows of the chunks so far.
    var rowCount: Int { get }
    /// The next chunk; nil at the end. Empty where rows were read of which the file shows nothing yet.
    func next() async throws -> [UInt8]?
}

/// A list that is read a page at a time, as chunks of a text or as values.
protocol RowPages: AsyncIteratorProtocol where Element == [UInt8] {
    var rowCount: Int { get }
    /// ``AsyncIteratorProtocol``'s `next`, in the caller's isolation.
    mutating func nextChunk() async throws -> [UInt8]?
    mutating func nextRows() async throws -> [[FieldValue]]?
}

extension ListExport.AsyncIterator: RowPages {
    mutating func nextChunk() async throws -> [UInt8]? { try await next() }
}

/// A text, as the list itself writes it.
final class TextReader<Pages: RowPages>: ExportReader {
    private var pages: Pages

    init(_ pages: Pages) { self.pages = pages }

    var rowCount: Int { pages.rowCount }

    func next() async throws -> [UInt8]? { try await pages.nextChunk() }
}

/// A document: all rows are read before its first octet is there.
final class DocumentReader<Pages: RowPages>: ExportReader {
    private var pages: Pages
    private let document: Document
    private var file: DocumentFile?

    init(_ pages: Pages, into document: Document) {
        self.pages = pages
        self.document = document
    }

    var rowCount: Int { pages.rowCount }

    func next() async throws -> [UInt8]? {
        if let file { return try await file.next() }
        guard let rows = try await pages.nextRows() else {
            file = try await document.finish()
            return []
        }
        try await document.append(rows.map { $0.map(Cell.init) })
        return []
    }

    /// The whole document; `meanwhile` is asked behind every page.
    func finished(_ meanwhile: () async throws -> Void) async throws -> DocumentFile {
        while file == nil {
            _ = try await next()
            try await meanwhile()
        }
        guard let file else { throw DocumentError.ended }
        return file
    }
}

extension Cell {
    /// The same value. Lists and JSON are texts, as in CSV.
    init(_ value: FieldValue) {
        switch value {
        case .null: self = .empty
        case .text(let text): self = .text(text)
        case .integer(let number): self = .integer(number)
        case .real(let number): self = .real(number)
        case .boolean(let flag): self = .flag(flag)
        case .time(let time): self = .time(microseconds: time.microseconds, text: time.description)
        case .list, .json: self = .text(value.field.text)
        }
    }
}

extension ExportFormat {
    /// What the document is made by; nil for a text.
    var document: DocumentFormat? {
        switch self {
        case .csv, .ndjson, .json: nil
        case .xlsx: .spreadsheet
        case .pdf: .pdf
        }
    }

    /// How many rows a document has at most: one that somebody waits for has fewer.
    func mostRows(_ policy: ExportPolicy, isAwaited: Bool) -> Int {
        switch self {
        case .csv, .ndjson, .json: .max
        case .xlsx: isAwaited ? policy.spreadsheetRows : .max
        case .pdf: policy.pdfRows
        }
    }
}
