package import Domain
package import Events
package import Postgres

/// Keeps what radius-servers tell of their NASes, as the pipelines' role, over all tenants; and turns the ratchet.
package final class PostureStore: Sendable {
    /// What asks for a Message-Authenticator by itself.
    package struct Ratchet: Sendable {
        /// Logins without EAP that all had one.
        package var requests: Int
        /// How long the NAS was watched, at the least.
        package var observation: Duration
        /// How many days count, at least those of the observation: what a NAS sent before an upgrade is not held against it
        /// for ever.
        package var days: Int

        package init(requests: Int, observation: Duration, days: Int) {
            self.requests = requests
            self.observation = observation
            self.days = max(days, Int(observation.components.seconds / 86_400) + 1)
        }
    }

    private let session: PostgresSession
    private let random: @Sendable () -> UInt64

    package init(
        _ session: PostgresSession,
        random: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) }
    ) {
        self.session = session
        self.random = random
    }

    /// Stores what the events tell: all or nothing. The same events again, in whatever order, change nothing; those of NASes
    /// that are gone are passed over.
    package func store(_ events: [Event<NASPostureSeen>]) async throws(StorageFault) {
        guard !events.isEmpty else { return }
        var newest: [Key: Event<NASPostureSeen>] = [:]
        for event in events {
            let key = Key(
                tenant: event.tenantID,
                nas: event.payload.nasID,
                day: event.payload.day,
                run: event.payload.runID
            )
            if let known = newest[key], known.payload.sum >= event.payload.sum { continue }
            newest[key] = event
        }
        // In one order, so that two who store at one moment do not wait for each other.
        let rows = newest.values.sorted {
            ($0.payload.nasID.value, $0.payload.day) < ($1.payload.nasID.value, $1.payload.day)
        }
        try await guarded { _ = try await self.session.query(Self.upsert, Self.values(rows)) }
    }

    /// Asks for a Message-Authenticator, for good, of every NAS that ratchets by itself and has earned it; tells each in the
    /// outbox and in nas_tightenings. Returns their names.
    package func ratchet(_ terms: Ratchet, now: Timestamp) async throws(StorageFault) -> [String] {
        try await guarded {
            try await self.session.transaction { transaction in
                let turned = try await transaction.query(
                    Self.ratchet,
                    [
                        .text(now.day.adding(days: -terms.days + 1).description), .int8(Int64(terms.requests)),
                        .timestamptz((now - terms.observation).microseconds),
                    ]
                )
                guard !turned.isEmpty else { return [] }
                let clock = try await transaction.query(AccountingSQL.clock)
                var ids = EventIDs(from: Timestamp(microseconds: clock.first?[0].timestamptz ?? 0), random: self.random)
                let rows = turned.map { row in
                    let id = ids.next()
                    let nas = NASID(UUID128(row[1]))
                    return OutboxRow(
                        id: id.id,
                        tenantID: TenantID(UUID128(row[0])),
                        aggregateID: nas.value,
                        payload: NASTightened(
                            nasID: nas,
                            nasName: row[2].text ?? "",
                            setting: NASTightening.requireMessageAuthenticator.rawValue,
                            actor: "ratchet",
                            requests: UInt64(clamping: row[3].int64 ?? 0)
                        ),
                        createdAt: id.time
                    )
                }
                try await transaction.pipeline([OutboxRow.insert(rows)])
                return turned.map { $0[2].text ?? "" }
            }
        }
    }

    /// Forgets the days before this one.
    package func forget(before day: CivilDate) async throws(StorageFault) {
        try await guarded {
            _ = try await self.session.query(
                "DELETE FROM nas_posture WHERE day < $1::text::date",
                [.text(day.description)]
            )
        }
    }

    // MARK: - Private

    private struct Key: Hashable {
        let tenant: TenantID
        let nas: NASID
        let day: String
        let run: UUID128
    }

    private static let counts = NASPosture.columns.map(\.column)

    private static let upsert = """
        INSERT INTO nas_posture AS p (tenant_id, nas_id, day, run_id, first_seen_at, last_seen_at, source, secret_octets,
            \(counts.joined(separator: ", ")))
        SELECT n.tenant_id, n.id, k.day::date, k.run_id, k.first_seen_at, k.last_seen_at, nullif(k.source, '')::inet,
            k.secret_octets, \(counts.map { "k.\($0)" }.joined(separator: ", "))
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[], $6::timestamptz[], $7::text[],
            $8::int8[], \((9..<9 + counts.count).map { "$\($0)::int8[]" }.joined(separator: ", ")))
            AS k (tenant_id, nas_id, day, run_id, first_seen_at, last_seen_at, source, secret_octets,
                \(counts.joined(separator: ", ")))
        JOIN nas_devices n ON n.tenant_id = k.tenant_id AND n.id = k.nas_id
        ON CONFLICT (tenant_id, nas_id, day, run_id) DO UPDATE SET
            first_seen_at = least(p.first_seen_at, EXCLUDED.first_seen_at),
            source = CASE WHEN EXCLUDED.last_seen_at >= p.last_seen_at THEN EXCLUDED.source ELSE p.source END,
            secret_octets = CASE WHEN EXCLUDED.last_seen_at >= p.last_seen_at THEN EXCLUDED.secret_octets
                ELSE p.secret_octets END,
            last_seen_at = greatest(p.last_seen_at, EXCLUDED.last_seen_at),
            \(counts.map { "\($0) = greatest(p.\($0), EXCLUDED.\($0))" }.joined(separator: ", "))
        """

    private static func values(_ rows: [Event<NASPostureSeen>]) -> [PGValue] {
        let payloads = rows.map(\.payload)
        let counts: [PGValue] = NASPosture.columns.map { column in
            .int8Array(payloads.map { Int64(clamping: $0.posture[keyPath: column.path]) })
        }
        return [
            .uuids(rows.map(\.tenantID.value)), .uuids(payloads.map(\.nasID.value)), .textArray(payloads.map(\.day)),
            .uuids(payloads.map(\.runID)), .timestamptzArray(payloads.map(\.firstSeenAt.microseconds)),
            .timestamptzArray(payloads.map(\.lastSeenAt.microseconds)), .textArray(payloads.map(\.sourceAddress)),
            .int8Array(payloads.map { Int64($0.secretOctets) }),
        ] + counts
    }

    /// The policy on nas_devices lets this go one way only.
    private static let ratchet = """
        WITH due AS (
            SELECT n.tenant_id, n.id, n.name, sum(p.logins - p.eap)::bigint AS requests
            FROM nas_devices n JOIN nas_posture p ON p.tenant_id = n.tenant_id AND p.nas_id = n.id
            WHERE n.ratchets_message_authenticator AND NOT n.require_message_authenticator AND n.is_active
                AND p.day >= $1::text::date
            GROUP BY n.tenant_id, n.id, n.name
            HAVING sum(p.logins - p.signed) + sum(p.refused_unsigned) = 0 AND sum(p.logins - p.eap) >= $2
                AND min(p.first_seen_at) <= $3
        ), turned AS (
            UPDATE nas_devices n SET require_message_authenticator = true FROM due d
            WHERE n.tenant_id = d.tenant_id AND n.id = d.id AND n.ratchets_message_authenticator
                AND NOT n.require_message_authenticator
            RETURNING n.tenant_id, n.id, n.name, d.requests
        ), told AS (
            INSERT INTO nas_tightenings (tenant_id, nas_id, nas_name, setting, actor, requests)
            SELECT tenant_id, id, name, 'require-message-authenticator', 'ratchet', requests FROM turned
        )
        SELECT tenant_id, id, name, requests FROM turned ORDER BY id
        """
}

extension NASPostureSeen {
    /// Grows with every telling of a day and run.
    fileprivate var sum: UInt64 {
        NASPosture.columns.reduce(0) { $0 &+ posture[keyPath: $1.path] }
    }
}
