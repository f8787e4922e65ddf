package import Domain
import Postgres

/// A service's session as far as its slot in Redis goes.
package struct KnownSession: Sendable, Equatable {
    package let tenantID: TenantID
    package let id: SessionID
    package let serviceID: ServiceID
    package let admissionID: AdmissionID?
    package let nasID: NASID
    package let callingStationID: String
    package let nasPort: UInt32?
    package let startedAt: Timestamp
    package let endedAt: Timestamp?

    static let columns = """
        s.tenant_id, s.id, s.service_id, s.admission_id, s.nas_id, s.calling_station_id, s.nas_port, s.started_at, s.ended_at
        """

    /// Nil where the row, of an outer join, has none.
    init?(_ row: PGRow, from first: Int = 0) {
        guard row[first].uuid != nil, row[first + 2].uuid != nil else { return nil }
        tenantID = TenantID(UUID128(row[first]))
        id = SessionID(UUID128(row[first + 1]))
        serviceID = ServiceID(UUID128(row[first + 2]))
        admissionID = row[first + 3].id()
        nasID = NASID(UUID128(row[first + 4]))
        callingStationID = row[first + 5].text ?? ""
        nasPort = row[first + 6].int64.map { UInt32(truncatingIfNeeded: $0) }
        startedAt = Timestamp(microseconds: row[first + 7].timestamptz ?? 0)
        endedAt = row[first + 8].timestamptz.map(Timestamp.init(microseconds:))
    }
}

/// An allocation that is not released, and the open session that it belongs to as far as one is known.
package struct OpenAllocation: Sendable, Equatable {
    package let allocation: Allocation
    package let session: KnownSession?
}

/// Where a walk over rows of a tenant stands: rows after it come next.
package struct WalkPlace: Sendable, Equatable {
    let tenant: UUID128
    let id: UUID128
    let unit: String

    /// Before the first row.
    package static let start = WalkPlace(tenant: .zero, id: .zero, unit: "0.0.0.0/0")
}
