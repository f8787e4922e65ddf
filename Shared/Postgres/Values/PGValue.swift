/// A statement's parameter, sent in the server's binary format with its type, so that the server never guesses.
///
/// A type that has no case here (inet, cidr, numeric) goes as text with a cast in the SQL: `$1::text::inet`.
package enum PGValue: Sendable, Equatable {
    /// NULL of whatever type the statement gives its place.
    case null
    case bool(Bool)
    case int2(Int16)
    case int4(Int32)
    case int8(Int64)
    case float8(Double)
    case text(String)
    case bytea([UInt8])
    case uuid(high: UInt64, low: UInt64)
    /// Microseconds since 1970-01-01 00:00 UTC.
    case timestamptz(Int64)
    /// Days since 1970-01-01.
    case date(Int32)
    case jsonb(String)
    case boolArray([Bool?])
    case int4Array([Int32?])
    case int8Array([Int64?])
    case float8Array([Double?])
    case textArray([String?])
    case byteaArray([[UInt8]?])
    case uuidArray([(high: UInt64, low: UInt64)?])
    case timestamptzArray([Int64?])
    case dateArray([Int32?])
    /// tid: where rows lie in their table.
    case placeArray([PGRowPlace])

    /// NULL where there is no value.
    package static func optional<Wrapped>(_ value: Wrapped?, _ make: (Wrapped) -> PGValue) -> PGValue {
        value.map(make) ?? .null
    }

    package static func == (left: PGValue, right: PGValue) -> Bool {
        left.typeOID == right.typeOID && left.encoded() == right.encoded()
    }
}

/// Where a row lies in its table (ctid). It holds until the row is changed: use it only while a lock keeps others away.
package struct PGRowPlace: Hashable, Sendable {
    let block: UInt32
    let item: UInt16
}

/// The types' numbers in pg_type; they never change.
enum PGType {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let char: UInt32 = 18
    static let name: UInt32 = 19
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let oid: UInt32 = 26
    static let tid: UInt32 = 27
    static let json: UInt32 = 114
    static let float4: UInt32 = 700
    static let float8: UInt32 = 701
    static let unknown: UInt32 = 705
    static let bpchar: UInt32 = 1042
    static let varchar: UInt32 = 1043
    static let date: UInt32 = 1082
    static let timestamp: UInt32 = 1114
    static let timestamptz: UInt32 = 1184
    static let numeric: UInt32 = 1700
    static let uuid: UInt32 = 2950
    static let jsonb: UInt32 = 3802

    static let boolArray: UInt32 = 1000
    static let byteaArray: UInt32 = 1001
    static let int4Array: UInt32 = 1007
    static let textArray: UInt32 = 1009
    static let tidArray: UInt32 = 1010
    static let int8Array: UInt32 = 1016
    static let float8Array: UInt32 = 1022
    static let timestamptzArray: UInt32 = 1185
    static let dateArray: UInt32 = 1182
    static let uuidArray: UInt32 = 2951
}

/// The server counts from 2000-01-01.
enum PGEpoch {
    static let microseconds: Int64 = 946_684_800_000_000
    static let days: Int32 = 10_957
}
