import Domain
import Postgres

extension UUID128 {
    /// The value of a uuid column that is never NULL.
    init(_ cell: PGCell) {
        self = cell.uuid.map { UUID128(high: $0.high, low: $0.low) } ?? .zero
    }
}

extension PGValue {
    /// A uuid array from ids.
    static func uuids(_ values: some Sequence<UUID128>) -> PGValue {
        .uuidArray(values.map { ($0.high, $0.low) })
    }

    /// A uuid array with NULLs.
    static func uuids(_ values: some Sequence<UUID128?>) -> PGValue {
        .uuidArray(values.map { value in value.map { ($0.high, $0.low) } })
    }
}
