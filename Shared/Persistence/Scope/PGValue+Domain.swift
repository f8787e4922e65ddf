package import Domain
package import Postgres

extension PGValue {
    /// An id as uuid.
    package static func id<Tag>(_ id: ID<Tag>) -> PGValue {
        .uuid(high: id.value.high, low: id.value.low)
    }

    /// An id as uuid, or NULL.
    package static func id<Tag>(_ id: ID<Tag>?) -> PGValue {
        id.map { .id($0) } ?? .null
    }

    /// A time as timestamptz, or NULL.
    package static func time(_ time: Timestamp?) -> PGValue {
        time.map { .timestamptz($0.microseconds) } ?? .null
    }

    /// Text, or NULL.
    package static func text(_ text: String?) -> PGValue {
        text.map { .text($0) } ?? .null
    }

    /// A whole number as bigint, or NULL.
    package static func number(_ number: (some BinaryInteger)?) -> PGValue {
        number.map { .int8(Int64($0)) } ?? .null
    }
}

extension PGCell {
    /// A uuid as an id; nil for NULL.
    package func id<Tag>(_ kind: ID<Tag>.Type = ID<Tag>.self) -> ID<Tag>? {
        uuid.map { ID(UUID128(high: $0.high, low: $0.low)) }
    }

    /// A timestamptz; nil for NULL.
    package var time: Timestamp? {
        timestamptz.map { Timestamp(microseconds: $0) }
    }
}

/// A row does not have the shape its reader expects: a NULL or an unknown name where the schema promises none.
struct UnexpectedRow: Error, CustomStringConvertible {
    let column: String
    var description: String { "column \(column) holds what the schema does not promise" }
}

extension PGRow {
    /// A column that is never NULL, through an accessor.
    func need<Value>(_ column: String, _ read: (PGCell) -> Value?) throws -> Value {
        guard let value = read(self[column]) else { throw UnexpectedRow(column: column) }
        return value
    }

    /// A column that names a case of an enumeration.
    func choice<Choice: RawRepresentable<String>>(_ column: String) throws -> Choice {
        try need(column) { $0.text.flatMap(Choice.init(rawValue:)) }
    }

    /// The version and times that every directory row carries.
    func stamp() throws -> RowStamp {
        RowStamp(
            version: try need("row_version", \.int64),
            createdAt: try need("created_at", \.time),
            updatedAt: try need("updated_at", \.time)
        )
    }
}
