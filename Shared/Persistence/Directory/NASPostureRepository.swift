package import Domain
import Events
import Postgres

/// What a NAS sent over some days, and what was asked of it because of that.
package struct NASPostureSummary: Sendable {
    package let nasID: NASID
    package var posture = NASPosture()
    /// The newest length of its secret that a server told; nil before the first.
    package var secretOctets: Int?
    package var source: String?
    package var firstSeenAt: Timestamp?
    package var lastSeenAt: Timestamp?

    /// Of a NAS that sent nothing.
    package init(nasID: NASID) { self.nasID = nasID }
}

/// A NAS that was made to send more than its row asked for.
package struct NASTighteningRecord: Sendable {
    package var nas: NAS
    package var tightening: NASTightening
    package var actor: String
    package var forced: Bool
    /// Requests that the evidence is made of.
    package var requests: UInt64
    /// Of those, how many would have been refused.
    package var refused: UInt64

    package init(
        nas: NAS,
        tightening: NASTightening,
        actor: String,
        forced: Bool,
        requests: UInt64,
        refused: UInt64
    ) {
        self.nas = nas
        self.tightening = tightening
        self.actor = actor
        self.forced = forced
        self.requests = requests
        self.refused = refused
    }
}

/// The NASes' posture within one scope.
package struct NASPostureRepository {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// What these NASes sent from the day on; those that sent nothing are left out.
    package func summaries(of nases: [NASID], since day: CivilDate) async throws -> [NASID: NASPostureSummary] {
        let rows = try await transaction.query(
            """
            SELECT nas_id, \(NASPosture.columns.map { "sum(\($0.column))::bigint AS \($0.column)" }.joined(separator: ", ")),
                min(first_seen_at) AS first_seen_at, max(last_seen_at) AS last_seen_at,
                (array_agg(secret_octets ORDER BY last_seen_at DESC))[1] AS secret_octets,
                (array_agg(host(source) ORDER BY last_seen_at DESC))[1] AS source
            FROM nas_posture WHERE nas_id = ANY ($1) AND day >= $2::text::date GROUP BY nas_id
            """,
            [.uuidArray(nases.map { ($0.value.high, $0.value.low) }), .text(day.description)]
        )
        var found: [NASID: NASPostureSummary] = [:]
        for row in rows {
            var summary = NASPostureSummary(nasID: try row.need("nas_id") { $0.id() })
            for (column, path) in NASPosture.columns {
                summary.posture[keyPath: path] = UInt64(clamping: try row.need(column, \.int64))
            }
            summary.secretOctets = row["secret_octets"].int
            summary.source = row["source"].text
            summary.firstSeenAt = row["first_seen_at"].time
            summary.lastSeenAt = row["last_seen_at"].time
            found[summary.nasID] = summary
        }
        return found
    }

    /// What was asked of a NAS.
    package struct Tightened: Sendable {
        package let setting: String
        package let actor: String
        package let forced: Bool
        package let at: Timestamp
    }

    /// Keeps a record of what was asked of a NAS and tells it: part of the transaction that does it.
    package func record(_ record: NASTighteningRecord, event: EventID, at time: Timestamp) async throws {
        _ = try await transaction.query(
            """
            INSERT INTO nas_tightenings (tenant_id, nas_id, nas_name, setting, actor, forced, requests, refused)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [
                .id(record.nas.tenantID), .id(record.nas.id), .text(record.nas.name),
                .text(record.tightening.rawValue), .text(record.actor), .bool(record.forced),
                .int8(Int64(clamping: record.requests)), .int8(Int64(clamping: record.refused)),
            ]
        )
        let row = OutboxRow(
            id: event,
            tenantID: record.nas.tenantID,
            aggregateID: record.nas.id.value,
            payload: NASTightened(
                nasID: record.nas.id,
                nasName: record.nas.name,
                setting: record.tightening.rawValue,
                actor: record.actor,
                requests: record.requests
            ),
            createdAt: time
        )
        let statement = OutboxRow.insert([row])
        _ = try await transaction.query(statement.sql, statement.parameters)
    }

    /// What was asked of a NAS, the newest first.
    package func tightenings(of nas: NASID) async throws -> [Tightened] {
        try await transaction.query(
            "SELECT setting, actor, forced, tightened_at FROM nas_tightenings WHERE nas_id = $1 ORDER BY tightened_at DESC LIMIT 20",
            [.id(nas)]
        ).map { row in
            Tightened(
                setting: try row.need("setting", \.text),
                actor: try row.need("actor", \.text),
                forced: try row.need("forced", \.bool),
                at: try row.need("tightened_at", \.time)
            )
        }
    }
}

extension NASPosture {
    /// The numbers and the columns that hold them.
    static let columns: [(column: String, path: any WritableKeyPath<NASPosture, UInt64> & Sendable)] = [
        ("logins", \.logins), ("signed", \.signed), ("proxied", \.proxied), ("proxied_unsigned", \.proxiedUnsigned),
        ("pap", \.pap), ("chap", \.chap), ("mschap", \.mschap), ("eap", \.eap),
        ("refused_unsigned", \.refusedUnsigned), ("refused_proxied", \.refusedProxied), ("reports", \.reports),
        ("timestamped", \.timestamped),
    ]
}
