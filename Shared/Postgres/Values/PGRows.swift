/// A statement's rows, kept in the server's binary form and decoded where they are read. Free to copy and send.
package struct PGRows: RandomAccessCollection, Sendable {
    private let result: ResultHandle?

    /// No rows.
    package static let none = PGRows(nil)

    init(_ result: ResultHandle?) { self.result = result }

    package var startIndex: Int { 0 }
    package var endIndex: Int { Int(result?.rowCount ?? 0) }

    /// Rows inserted, updated, deleted, selected or copied.
    package var affectedRows: Int { result?.affectedRows ?? 0 }

    /// What the server says it did: `SELECT 1`, `COMMIT`.
    var commandTag: String { result?.commandTag ?? "" }

    /// The columns' names in their order.
    package var columns: [String] {
        guard let result else { return [] }
        return (0..<result.columnCount).map { result.name(ofColumn: $0) }
    }

    package subscript(position: Int) -> PGRow {
        guard let result, indices.contains(position) else { preconditionFailure("no row \(position)") }
        return PGRow(result: result, row: Int32(position))
    }
}

/// One row.
package struct PGRow: Sendable {
    let result: ResultHandle
    let row: Int32

    /// The column at that place, from 0. Asking for one that the statement does not return traps.
    package subscript(column: Int) -> PGCell {
        precondition(column >= 0 && column < result.columnCount, "no column \(column)")
        return PGCell(result: result, row: row, column: Int32(column))
    }

    /// The column of that name. Asking for one that the statement does not return traps.
    package subscript(name: String) -> PGCell {
        guard let column = result.column(named: name) else { preconditionFailure("no column \(name)") }
        return PGCell(result: result, row: row, column: column)
    }
}
