import Domain
import Postgres

/// What a batch has to lock and read before it can be folded.
struct BatchScope {
    /// A NAS, a key or an admission in its tenant.
    struct Name: Hashable {
        let tenantID: UUID128
        let value: UUID128
    }

    private let nases: Set<Name>
    private let restarts: Bool
    /// When the oldest session of the batch began.
    private let since: Timestamp
    private var keys: Set<Name>
    private let admissions: Set<Name>

    init(_ records: [AccountingRecord]) {
        var nases: Set<Name> = []
        var keys = Set<Name>(minimumCapacity: records.count)
        var admissions: Set<Name> = []
        var restarts = false
        var since = Timestamp(microseconds: .max)
        for index in records.indices {
            let tenant = records[index].tenantID.value
            nases.insert(Name(tenantID: tenant, value: records[index].nasID.value))
            guard records[index].concernsOneSession else {
                restarts = true
                continue
            }
            since = min(since, records[index].startedAt)
            keys.insert(Name(tenantID: tenant, value: records[index].sessionKey))
            if let admission = records[index].admissionID {
                admissions.insert(Name(tenantID: tenant, value: admission.value))
            }
        }
        self.nases = nases
        self.keys = keys
        self.admissions = admissions
        self.restarts = restarts
        self.since = since
    }

    /// A restart concerns every session of its NAS, so it keeps all other writers of that NAS away.
    var lockNASes: PGStatement { SessionLocks.nases(nases.map { NASID($0.value) }, exclusively: restarts) }

    var lockKeys: PGStatement { SessionLocks.numbers(keys.map { SessionLocks.number(key: $0.value) }) }

    var selectByKey: PGStatement {
        PGStatement(AccountingSQL.byKey, [.uuids(keys.map(\.tenantID)), .uuids(keys.map(\.value))])
    }

    /// The restarts seen before that may have ended a session of the batch.
    var selectRestarts: PGStatement {
        PGStatement(
            AccountingSQL.restarts,
            [.uuids(nases.map(\.tenantID)), .uuids(nases.map(\.value)), .timestamptz(since.microseconds)]
        )
    }

    /// Admissions that no row of the batch's keys has: new sessions', and those of sessions whose NAS changed the
    /// user's name or station after their Start.
    func unmatchedAdmissions(_ existing: [SessionState]) -> Set<Name> {
        var unmatched = admissions
        guard !unmatched.isEmpty else { return [] }
        for state in existing {
            guard let admission = state.admissionID else { continue }
            unmatched.remove(Name(tenantID: state.tenantID.value, value: admission.value))
        }
        return unmatched
    }

    static func lock(_ admissions: Set<Name>) -> PGStatement {
        SessionLocks.numbers(admissions.map { SessionLocks.number(admission: AdmissionID($0.value)) })
    }

    static func select(_ admissions: Set<Name>) -> PGStatement {
        PGStatement(
            AccountingSQL.byAdmission,
            [.uuids(admissions.map(\.tenantID)), .uuids(admissions.map(\.value))]
        )
    }

    /// Adds the keys of rows that were found by their admission; true if there were new ones, which are not locked yet.
    mutating func grow(by rows: [SessionState]) -> Bool {
        let before = keys.count
        for row in rows { keys.insert(Name(tenantID: row.tenantID.value, value: row.sessionKey)) }
        return keys.count > before
    }
}
