package import Domain
import Postgres

/// Replays as who reads the stream for them sees them.
extension WebhookStore {
    /// What of a replay's endpoint decides which events it is about; nil where it is disabled by now.
    package struct ReplayTask: Sendable {
        package var replay: WebhookReplay
        package var entry: WebhookRoster.Entry?

        package init(replay: WebhookReplay, entry: WebhookRoster.Entry?) {
            self.replay = replay
            self.entry = entry
        }
    }

    /// The replay that waits longest, or is under way; nil where there is none.
    package func openReplay() async throws(StorageFault) -> ReplayTask? {
        try await guardedRows {
            try await self.session.query(
                """
                SELECT \(WebhookRows.replay), e.events, e.includes_children, e.reveals_people, e.is_enabled
                FROM webhook_replays r JOIN webhook_endpoints e ON e.tenant_id = r.tenant_id AND e.id = r.endpoint_id
                WHERE r.ended_at IS NULL ORDER BY r.requested_at, r.id LIMIT 1
                """
            ).first.map { row in
                let replay = try WebhookRows.replay(row)
                guard try row.need("is_enabled", \.bool) else { return ReplayTask(replay: replay, entry: nil) }
                return ReplayTask(
                    replay: replay,
                    entry: WebhookRoster.Entry(
                        tenantID: replay.tenantID,
                        id: replay.endpointID,
                        events: try row.need("events", \.textArray).compactMap { $0 },
                        includesChildren: try row.need("includes_children", \.bool),
                        revealsPeople: try row.need("reveals_people", \.bool)
                    )
                )
            }
        }
    }

    /// Says from where to where a replay reads. False where it has ended in between.
    package func begin(_ replay: WebhookReplay, after position: UInt64, until: UInt64) async throws(StorageFault)
        -> Bool
    {
        try await guarded {
            try await self.session.query(
                """
                UPDATE webhook_replays SET state = 'running', position = $3, until_sequence = $4
                WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL
                """,
                [
                    .id(replay.tenantID), .id(replay.id), .int8(Int64(clamping: position)),
                    .int8(Int64(clamping: until)),
                ]
            ).affectedRows == 1
        }
    }

    /// Writes deliveries of a replay, and how far it has read, in one transaction: what had ended is sent again. Nil where it has ended
    /// in between, as by somebody who cancelled it; the number of those written otherwise.
    package func advance(
        _ replay: WebhookReplay,
        through position: UInt64,
        _ deliveries: [PlannedDelivery],
        at now: Timestamp
    ) async throws(StorageFault) -> Int? {
        try await guarded {
            try await self.session.transaction { transaction in
                let moved = try await transaction.query(
                    """
                    UPDATE webhook_replays SET position = $3
                    WHERE tenant_id = $1 AND id = $2 AND state = 'running'
                    """,
                    [.id(replay.tenantID), .id(replay.id), .int8(Int64(clamping: position))]
                )
                guard moved.affectedRows == 1 else { return nil }
                guard !deliveries.isEmpty else { return 0 }
                let count = try await transaction.query(
                    WebhookSQL.replan,
                    WebhookSQL.values(deliveries, now)
                ).affectedRows
                _ = try await transaction.query(
                    "UPDATE webhook_replays SET found = found + $3 WHERE tenant_id = $1 AND id = $2",
                    [.id(replay.tenantID), .id(replay.id), .int4(Int32(clamping: count))]
                )
                return count
            }
        }
    }

    /// Ends a replay, with a word where it failed.
    package func end(_ replay: WebhookReplay, because reason: String?, at now: Timestamp) async throws(StorageFault) {
        try await guarded {
            _ = try await self.session.query(
                """
                UPDATE webhook_replays SET state = CASE WHEN $3::text IS NULL THEN 'done' ELSE 'failed' END, reason = $3, ended_at = $4
                WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL
                """,
                [.id(replay.tenantID), .id(replay.id), .text(reason), .time(now)]
            )
        }
    }
}
