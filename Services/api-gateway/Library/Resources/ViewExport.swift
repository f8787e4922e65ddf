import Domain
import HTTPServer
import Persistence
import WireFormat

extension ExportFormat {
    static let parameter = Operation.Parameter("format", .choice(allCases.map(\.rawValue)), "csv unless said.")
    static let contentTypes = ["text/csv", "application/x-ndjson", "application/json"]

    var contentType: HeaderValue {
        switch self {
        case .csv: "text/csv; charset=utf-8"
        case .ndjson: "application/x-ndjson"
        case .json: "application/json"
        }
    }

    /// As a request asks for it.
    init(_ request: Request) throws(Problem) {
        guard let format = ExportFormat(rawValue: request.query["format"] ?? "csv") else {
            throw .invalid("format", "must be csv, ndjson or json")
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

/// A list that no list source has, as chunks of a file: read while they are written, a page in a transaction of its own.
struct ViewExport<Thing: Sendable>: AsyncSequence, Sendable {
    typealias Element = [UInt8]
    /// Rows of a chunk; a page with fewer is the last.
    private static var limit: Int { 200 }

    let view: View<Thing>
    let format: ExportFormat
    /// Up to so many rows behind one, from the first for nil.
    let rows: @Sendable (Thing?, Int) async throws -> [Thing]

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(export: self) }

    /// The file, of which every chunk goes out only while whoever asked for it still may.
    func file(_ name: String, _ standing: ExportStanding) -> Response {
        .file(name, format) { writer in
            for try await chunk in self {
                try await standing.hold()
                try await writer.write(chunk)
            }
        }
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        let export: ViewExport<Thing>
        private var last: Thing?
        private var file: ExportFile
        private var isAtEnd = false

        init(export: ViewExport<Thing>) {
            self.export = export
            file = ExportFile(export.format, heading: export.view.members.map(\.name))
        }

        mutating func next() async throws -> [UInt8]? {
            guard !isAtEnd else { return nil }
            let rows = try await export.rows(last, ViewExport.limit)
            last = rows.last ?? last
            isAtEnd = rows.count < ViewExport.limit
            for row in rows { file.append(export.view.members.map { $0.value(row) }) }
            return file.take(isAtEnd: isAtEnd)
        }
    }
}
