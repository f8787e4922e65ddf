/// An Accounting-On or Accounting-Off: whatever began on the NAS before it is over.
///
/// In SQL, for each restart in ascending order of ``at``:
///
///     UPDATE sessions SET ended_at = :at, closed_by = 'nas_reboot'
///     WHERE tenant_id = :tenant AND nas_id = :nas AND ended_at IS NULL
///       AND started_at < :at AND last_update_at <= :aliveAfter
package struct NASRestart: Hashable, Sendable {
    package var tenantID: TenantID
    package var nasID: NASID
    /// The boundary: receipt less delay.
    package var at: Timestamp

    package init(tenantID: TenantID, nasID: NASID, at: Timestamp) {
        self.tenantID = tenantID
        self.nasID = nasID
        self.at = at
    }

    /// Nil unless the record is an Accounting-On or -Off.
    package init?(_ record: AccountingRecord) {
        guard !record.concernsOneSession else { return nil }
        self.init(tenantID: record.tenantID, nasID: record.nasID, at: record.takenAt)
    }

    /// A report taken down later than this proves that its session outlived the boundary (a NAS that restarts its
    /// accounting and keeps its subscribers).
    package var aliveAfter: Timestamp { at.adding(microseconds: SessionRules.rounding) }

    /// Whether the row is one of those that end here: the condition of the statement above.
    package func ends(_ row: SessionState) -> Bool {
        row.isOpen && row.nasID == nasID && row.tenantID == tenantID && row.startedAt < at
            && row.lastUpdateAt <= aliveAfter
    }
}

/// The measures by which reports are told apart. Microseconds.
package enum SessionRules {
    /// Records of one key whose starts lie further apart are of different sessions.
    package static let startTolerance: Int64 = 120_000_000
    /// Acct-Session-Time and Acct-Delay-Time are whole seconds cut downwards, so a computed instant may be this much
    /// later than the true one.
    package static let rounding: Int64 = 2_000_000
}
