import CPostgres
import Glibc
import Synchronization

/// One PGresult, freed with its last reference.
@safe
final class ResultHandle: @unchecked Sendable {
    // SAFETY: libpq only reads a finished result in the calls made here, so any thread may make them at any time.
    let raw: OpaquePointer
    let rowCount: Int32
    let columnCount: Int32
    /// The column behind the one that was asked for last: rows are mostly read in their columns' order.
    private let expected = Atomic<Int32>(0)

    init(_ raw: OpaquePointer) {
        unsafe self.raw = raw
        rowCount = unsafe PQntuples(raw)
        columnCount = unsafe PQnfields(raw)
    }

    deinit { unsafe PQclear(raw) }

    var status: ExecStatusType { unsafe PQresultStatus(raw) }

    func type(ofColumn column: Int32) -> UInt32 { unsafe PQftype(raw, column) }

    func name(ofColumn column: Int32) -> String {
        unsafe PQfname(raw, column).map { unsafe String(cString: $0) } ?? ""
    }

    /// The position of the column of exactly that name; names that are asked for must be unambiguous.
    func column(named name: String) -> Int32? {
        unsafe name.withCString { wanted in
            func isNamed(_ column: Int32) -> Bool {
                unsafe PQfname(raw, column).map { unsafe strcmp(wanted, $0) == 0 } ?? false
            }
            assert((0..<columnCount).count(where: isNamed) < 2, "two columns are called \(name)")
            let first = expected.load(ordering: .relaxed)
            guard let column = (first..<columnCount).first(where: isNamed) ?? (0..<first).first(where: isNamed) else {
                return nil
            }
            expected.store(column + 1 == columnCount ? 0 : column + 1, ordering: .relaxed)
            return column
        }
    }

    func isNull(row: Int32, column: Int32) -> Bool { unsafe PQgetisnull(raw, row, column) != 0 }

    /// The value's bytes; they live as long as this handle.
    func bytes(row: Int32, column: Int32) -> PGBytes {
        unsafe PGBytes(
            unsafeBytes: UnsafeRawBufferPointer(
                start: PQgetvalue(raw, row, column),
                count: Int(PQgetlength(raw, row, column))
            )
        )
    }

    /// Rows that the statement inserted, updated, deleted, selected or copied.
    var affectedRows: Int {
        unsafe PQcmdTuples(raw).flatMap { unsafe Int(String(cString: $0)) } ?? 0
    }

    var commandTag: String { unsafe PQcmdStatus(raw).map { unsafe String(cString: $0) } ?? "" }

    /// The server's refusal, or libpq's own report of a broken connection.
    func error(file: String = #fileID, line: Int = #line) -> PostgresError {
        guard let state = field("C") else {
            return PostgresError(.connectionLost, "the connection broke", file: file, line: line)
        }
        return PostgresError(
            .server,
            field("M") ?? "no message",
            sqlState: state,
            constraint: field("n"),
            file: file,
            line: line
        )
    }

    private func field(_ code: Unicode.Scalar) -> String? {
        unsafe PQresultErrorField(raw, Int32(code.value)).map { unsafe String(cString: $0) }
    }
}
