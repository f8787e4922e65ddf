package import Domain
import Events
package import Postgres

/// What the judge of counters needs to know, and how it tells.
package struct CounterAlarms: Sendable {
    /// An event and whose it is.
    package struct Alarm: Sendable {
        package let tenantID: TenantID
        package let observation: CounterObservation
        package let suspicion: CounterSuspicion
        package let plan: SpeedPair?
        package var sessions: Int64

        package init(
            tenantID: TenantID,
            observation: CounterObservation,
            suspicion: CounterSuspicion,
            plan: SpeedPair?,
            sessions: Int64
        ) {
            self.tenantID = tenantID
            self.observation = observation
            self.suspicion = suspicion
            self.plan = plan
            self.sessions = sessions
        }
    }

    private let session: PostgresSession

    /// Works on that session.
    package init(_ session: PostgresSession) {
        self.session = session
    }

    /// The greatest speeds that the services' plans, or the profiles of those, ever allow, bursts and windows included, bit/s.
    package func speeds(of services: [ServiceID]) async throws(StorageFault) -> [ServiceID: SpeedPair] {
        do {
            let rows = try await session.query(
                """
                SELECT s.id,
                    CASE WHEN b.id IS NULL
                        THEN greatest(p.download_bps, CASE WHEN a.burst_enabled THEN a.burst_download_bps END, w.download)
                        ELSE greatest(b.download_bps, b.burst_download_bps, v.download) END,
                    CASE WHEN b.id IS NULL
                        THEN greatest(p.upload_bps, CASE WHEN a.burst_enabled THEN a.burst_upload_bps END, w.upload)
                        ELSE greatest(b.upload_bps, b.burst_upload_bps, v.upload) END
                FROM services s JOIN plans p ON p.tenant_id = s.tenant_id AND p.id = s.plan_id
                LEFT JOIN plan_advanced_settings a ON a.tenant_id = p.tenant_id AND a.plan_id = p.id
                LEFT JOIN LATERAL (
                    SELECT max(greatest(w.download_bps, w.burst_download_bps)) AS download,
                        max(greatest(w.upload_bps, w.burst_upload_bps)) AS upload
                    FROM plan_speed_windows w WHERE w.tenant_id = p.tenant_id AND w.plan_id = p.id) w ON true
                LEFT JOIN bandwidth_profiles b ON b.tenant_id = p.tenant_id AND b.id = p.bandwidth_profile_id
                LEFT JOIN LATERAL (
                    SELECT max(greatest(v.download_bps, v.burst_download_bps)) AS download,
                        max(greatest(v.upload_bps, v.burst_upload_bps)) AS upload
                    FROM bandwidth_profile_windows v WHERE v.tenant_id = b.tenant_id AND v.profile_id = b.id) v ON true
                WHERE s.id = ANY ($1)
                """,
                [.uuids(services.map(\.value))]
            )
            return Dictionary(
                rows.compactMap { row in
                    guard let id: ServiceID = row[0].id(), let download = row[1].int64, let upload = row[2].int64 else {
                        return nil
                    }
                    return (id, SpeedPair(download: download, upload: upload))
                },
                uniquingKeysWith: { first, _ in first }
            )
        } catch {
            throw StorageFault(error)
        }
    }

    /// Puts the alarms' events into the outbox.
    package func tell(_ alarms: [Alarm]) async throws(StorageFault) {
        do {
            try await session.transaction { transaction in
                let clock = try await transaction.query(AccountingSQL.clock)
                var ids = EventIDs(
                    from: Timestamp(microseconds: clock.first?[0].timestamptz ?? 0),
                    random: { .random(in: .min ... .max) }
                )
                let rows = alarms.map { alarm in
                    let id = ids.next()
                    return OutboxRow(
                        id: id.id,
                        tenantID: alarm.tenantID,
                        aggregateID: nil,
                        payload: CountersImplausible(alarm),
                        createdAt: id.time
                    )
                }
                try await transaction.pipeline([OutboxRow.insert(rows)])
            }
        } catch {
            throw StorageFault(error)
        }
    }
}

extension CountersImplausible {
    fileprivate init(_ alarm: CounterAlarms.Alarm) {
        self.init(
            sessionID: alarm.observation.sessionID,
            nasID: alarm.observation.nasID,
            serviceID: alarm.observation.serviceID,
            suspicion: alarm.suspicion,
            inputBitsPerSecond: alarm.observation.inputBitsPerSecond,
            outputBitsPerSecond: alarm.observation.outputBitsPerSecond,
            planUploadBitsPerSecond: alarm.plan?.upload,
            planDownloadBitsPerSecond: alarm.plan?.download,
            sessions: alarm.sessions
        )
    }
}
