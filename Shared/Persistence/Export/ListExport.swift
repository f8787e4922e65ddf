/// All rows of a list as chunks of a file, read while they are written.
///
/// Each chunk is a page behind the last one in a short transaction of its own: memory stays the same however many rows there are, and a
/// slow reader holds nothing open in the database. A row that is there the whole time stands in it exactly once. Rows stand tenant by
/// tenant, each tenant's in the query's order. Its filters, search and deleted rows count, its limit and cursor do not.
package struct ListExport<Row: Sendable>: AsyncSequence, Sendable {
    package typealias Element = [UInt8]

    private let source: ListSource<Row>
    private let query: ListQuery<Row>
    private let format: ExportFormat.Text
    private let columns: [OutputColumn<Row>]
    private let database: ScopedDatabase
    private let chunkRows: Int

    /// An export of these fields, all for nil; the format is that of its chunks, not of its rows. Throws `ListError` for one that is not there.
    package init(
        of source: ListSource<Row>,
        _ query: ListQuery<Row>,
        as format: ExportFormat.Text = .csv,
        fields: [String]? = nil,
        in database: ScopedDatabase,
        chunkRows: Int = 500
    ) throws(ListError) {
        precondition(chunkRows > 0, "rows in a chunk")
        self.source = source
        self.query = query
        self.format = format
        try query.check(source)
        columns = try source.columns(named: fields)
        self.database = database
        self.chunkRows = chunkRows
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(export: self) }

    /// What its rows have, in their order.
    package var names: [String] { columns.map(\.name) }

    /// Reads on with each call.
    package struct AsyncIterator: AsyncIteratorProtocol {
        private let export: ListExport<Row>
        private var place: ExportPlace?
        private var file: ExportFile
        private var isAtEnd = false
        /// Rows of the chunks so far.
        package private(set) var rowCount = 0

        init(export: ListExport<Row>) {
            self.export = export
            file = ExportFile(export.format, heading: export.names)
        }

        /// The next chunk; nil at the end. What the database refuses is thrown, and ends the file early.
        package mutating func next() async throws -> [UInt8]? {
            guard let rows = try await nextRows() else { return nil }
            for row in rows { file.append(row) }
            return file.take(isAtEnd: isAtEnd)
        }

        /// The values of the next chunk's rows, for a file of another kind; nil at the end. Not beside `next()`.
        package mutating func nextRows() async throws -> [[FieldValue]]? {
            guard !isAtEnd else { return nil }
            let (rows, next) = try await export.chunk(at: place)
            place = next
            isAtEnd = next == nil
            rowCount += rows.count
            return rows.map { row in export.columns.map { $0.value(row) } }
        }
    }

    private func chunk(at place: ExportPlace?) async throws -> (rows: [Row], next: ExportPlace?) {
        let (source, query, limit) = (source, query, chunkRows)
        return try await database.transaction(isReading: true) { transaction in
            // No cursor is made here, and so no key is needed.
            try await Listing(transaction, scope: database.root, cursors: .random()).chunk(
                of: source,
                query,
                at: place,
                limit: limit
            )
        }
    }
}
