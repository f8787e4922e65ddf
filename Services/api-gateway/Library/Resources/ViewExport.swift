import Documents
import Domain
import HTTPServer
import Persistence
import WireFormat

extension ExportFormat {
    static let parameter = Operation.Parameter("format", .choice(allCases.map(\.rawValue)), "csv unless said.")
    static let contentTypes = [
        "text/csv", "application/x-ndjson", "application/json", spreadsheet, "application/pdf",
    ]
    private static let spreadsheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    var contentType: HeaderValue {
        switch self {
        case .csv: "text/csv; charset=utf-8"
        case .ndjson: "application/x-ndjson"
        case .json: "application/json"
        case .xlsx: HeaderValue(withoutControls: Self.spreadsheet)
        case .pdf: "application/pdf"
        }
    }

    /// As a request asks for it.
    init(_ request: Request) throws(Problem) {
        guard let format = ExportFormat(rawValue: request.query["format"] ?? "csv") else {
            throw .invalid("format", "must be csv, ndjson, json, xlsx or pdf")
        }
        self = format
    }
}

extension Response {
    /// A file that is written piece by piece.
    static func file(
        _ name: String,
        _ format: ExportFormat,
        _ write: @escaping @Sendable (ResponseWriter) async throws -> Void
    ) -> Response {
        var response = Response.stream(contentType: format.contentType, write)
        response.headers["content-disposition"] = HeaderValue(
            withoutControls: "attachment; filename=\"\(name).\(format.rawValue)\""
        )
        return response
    }
}

extension Parts {
    /// A list as the file that an answer is, of which every chunk goes out only while whoever asked for it still may. A document is put
    /// together before the answer begins, so that one with too many rows is refused: `Problem` (400).
    func file<Export: AsyncSequence & Sendable>(
        _ export: Export,
        _ name: String,
        _ format: ExportFormat,
        heading: [String],
        _ standing: ExportStanding
    ) async throws -> Response where Export.AsyncIterator: RowPages {
        guard let kind = format.document else {
            return .file(name, format) { writer in
                for try await chunk in export {
                    try await standing.hold()
                    try await writer.write(chunk)
                }
            }
        }
        let most = format.mostRows(policy.exports, isAwaited: true)
        let document = Document(kind, name: name, heading: heading, limit: most, on: documents)
        do {
            let file = try await DocumentReader(export.makeAsyncIterator(), into: document).finished(standing.hold)
            return .file(name, format) { writer in
                while let chunk = try await file.next() {
                    try await standing.hold()
                    try await writer.write(chunk)
                }
            }
        } catch DocumentError.tooManyRows {
            let instead =
                format == .pdf ? "take another format" : "take another format, or ask for it at /api/v1/exports"
            throw Problem.invalid(
                "format",
                "has at most \(most) rows here: narrow the list, or \(instead)",
                code: "too_many_rows"
            )
        }
    }
}

/// A list that no list source has, as chunks of a file: read while they are written, a page in a transaction of its own.
struct ViewExport<Thing: Sendable>: AsyncSequence, Sendable {
    typealias Element = [UInt8]
    /// Rows of a chunk; a page with fewer is the last.
    private static var limit: Int { 200 }

    let view: View<Thing>
    let format: ExportFormat.Text
    /// Up to so many rows behind one, from the first for nil.
    let rows: @Sendable (Thing?, Int) async throws -> [Thing]

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(export: self) }

    init(
        view: View<Thing>,
        format: ExportFormat.Text = .csv,
        rows: @escaping @Sendable (Thing?, Int) async throws -> [Thing]
    ) {
        (self.view, self.format, self.rows) = (view, format, rows)
    }

    var names: [String] { view.members.map(\.name) }

    struct AsyncIterator: RowPages {
        let export: ViewExport<Thing>
        private var last: Thing?
        private var file: ExportFile
        private var isAtEnd = false
        private(set) var rowCount = 0

        init(export: ViewExport<Thing>) {
            self.export = export
            file = ExportFile(export.format, heading: export.names)
        }

        mutating func nextChunk() async throws -> [UInt8]? { try await next() }

        mutating func next() async throws -> [UInt8]? {
            guard let rows = try await nextRows() else { return nil }
            for row in rows { file.append(row) }
            return file.take(isAtEnd: isAtEnd)
        }

        mutating func nextRows() async throws -> [[FieldValue]]? {
            guard !isAtEnd else { return nil }
            let rows = try await export.rows(last, ViewExport.limit)
            last = rows.last ?? last
            isAtEnd = rows.count < ViewExport.limit
            rowCount += rows.count
            return rows.map { row in export.view.members.map { $0.value(row) } }
        }
    }
}
