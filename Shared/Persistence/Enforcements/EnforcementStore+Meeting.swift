import Domain
import Postgres

extension EnforcementStore {
    /// Joins new orders to those under way for their sessions, and takes the place of others. Returns those that are to be carried out.
    func meet(
        _ new: [EnforcementOrder],
        _ transaction: PostgresSessionTransaction
    ) async throws -> [EnforcementOrder] {
        let subjects = Array(Set(new.map { EnforcementSubject($0) }))
        let rows = try await transaction.query(
            EnforcementSQL.meetings,
            [
                .uuids(subjects.map(\.tenantID.value)), .uuids(subjects.map { $0.sessionID?.value }),
                .uuids(subjects.map { $0.admissionID?.value }), .uuids(new.map(\.id.value)),
            ]
        )
        var others: [EnforcementSubject: [EnforcementOrder]] = [:]
        for row in rows {
            let place = try row.need("place", \.int)
            others[subjects[place - 1], default: []].append(try EnforcementSQL.order(row))
        }
        let meetings = EnforcementMeetings(new, among: others)
        if !meetings.joined.isEmpty {
            try await transaction.query(
                EnforcementSQL.join,
                [
                    .uuids(meetings.joined.map(\.order.tenantID.value)), .uuids(meetings.joined.map(\.order.id.value)),
                    .uuids(meetings.joined.map(\.with.value)),
                ]
            )
        }
        if let now = new.map(\.storedAt).max(), !meetings.superseded.isEmpty {
            let outcomes = meetings.superseded.map { order in
                var order = order
                order.supersede(at: now)
                return EnforcementOutcome(order)
            }
            _ = try await write(outcomes, at: now, transaction)
        }
        return meetings.standing
    }
}
