/// One value of a row. Every accessor gives nil for NULL and traps when the column has another type: what a statement
/// returns is part of the program. Casting in the SQL (`::bigint`, `::text`) settles a type.
package struct PGCell: Sendable {
    let result: ResultHandle
    let row: Int32
    let column: Int32

    package var isNull: Bool { result.isNull(row: row, column: column) }

    package var bool: Bool? { value(PGType.bool) { $0.bool } }

    /// smallint, integer, bigint and oid.
    package var int64: Int64? {
        switch type {
        case PGType.int2, PGType.int4: value(type) { $0.int64 } ?? nil
        case PGType.oid: value(type) { Int64($0.bigEndian) }
        default: value(PGType.int8) { Int64(bitPattern: $0.bigEndian) }
        }
    }

    /// As `int64`.
    package var int: Int? { int64.map { Int($0) } }

    /// smallint and integer.
    package var int32: Int32? {
        type == PGType.int2
            ? value(type) { Int32(Int16(truncatingIfNeeded: $0.bigEndian)) }
            : value(PGType.int4) { $0.int32 }
    }

    /// real and double precision.
    package var double: Double? {
        type == PGType.float4
            ? value(type) { Double(Float(bitPattern: UInt32(truncatingIfNeeded: $0.bigEndian))) }
            : value(PGType.float8) { $0.double }
    }

    /// text, varchar, char, name, json, jsonb, uuid and numeric.
    package var text: String? {
        switch type {
        case PGType.varchar, PGType.bpchar, PGType.name, PGType.char, PGType.json, PGType.unknown:
            value(type) { $0.string }
        // The first byte is the format's version.
        case PGType.jsonb: value(type) { $0[1..<$0.count].string }
        case PGType.uuid: value(type) { $0.uuidText }
        case PGType.numeric: value(type) { PGNumeric.text(of: $0) }
        default: value(PGType.text) { $0.string }
        }
    }

    package var bytes: [UInt8]? { value(PGType.bytea) { $0.array } }

    package var uuid: (high: UInt64, low: UInt64)? { value(PGType.uuid) { $0.uuid } }

    /// tid.
    package var place: PGRowPlace? { value(PGType.tid) { $0.place } }

    /// Microseconds since 1970-01-01 00:00 UTC; timestamp without time zone is read as UTC.
    package var timestamptz: Int64? {
        value(type == PGType.timestamp ? type : PGType.timestamptz) { $0.timestamptz }
    }

    /// Days since 1970-01-01.
    package var date: Int32? { value(PGType.date) { $0.date } }

    package var boolArray: [Bool?]? { array(PGType.boolArray) { $0.bool } }
    package var int4Array: [Int32?]? { array(PGType.int4Array) { $0.int32 } }
    package var int8Array: [Int64?]? { array(PGType.int8Array) { Int64(bitPattern: $0.bigEndian) } }
    package var float8Array: [Double?]? { array(PGType.float8Array) { $0.double } }
    package var textArray: [String?]? { array(PGType.textArray) { $0.string } }
    package var byteaArray: [[UInt8]?]? { array(PGType.byteaArray) { $0.array } }
    package var uuidArray: [(high: UInt64, low: UInt64)?]? { array(PGType.uuidArray) { $0.uuid } }
    package var timestamptzArray: [Int64?]? { array(PGType.timestamptzArray) { $0.timestamptz } }
    package var dateArray: [Int32?]? { array(PGType.dateArray) { $0.date } }

    /// The binary form as the server sent it, whatever the type; not called for NULL.
    package func withBytes<Value>(_ body: (PGBytes) -> Value) -> Value? {
        isNull ? nil : body(result.bytes(row: row, column: column))
    }

    private var type: UInt32 { result.type(ofColumn: column) }

    private func value<Value>(_ expected: UInt32, _ decode: (PGBytes) -> Value) -> Value? {
        precondition(
            type == expected,
            "column \(result.name(ofColumn: column)) has type \(type), not \(expected): cast it in the SQL"
        )
        return withBytes(decode)
    }

    private func array<Element>(_ expected: UInt32, _ decode: (PGBytes) -> Element) -> [Element?]? {
        value(expected) { $0.elements(decode) }
    }
}
