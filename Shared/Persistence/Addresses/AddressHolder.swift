package import Domain
import Postgres

/// Who had an address or prefix, and from when to when.
package struct AddressHolder: Sendable, Equatable {
    /// Where it is known from.
    package enum Source: String, Sendable {
        /// Handed out of a pool of ours.
        case allocation
        /// Reported by the NAS with a session, which may have had the address from us, from its own pool or for good.
        case session
    }

    package let source: Source
    package let tenantID: TenantID
    /// What was had: an address with its full length, or a prefix.
    package let unit: IPPrefix
    package let serviceID: ServiceID?
    /// As the session told it, else the service's present name; nil when that is gone.
    package let username: String?
    package let nasID: NASID?
    package let nasName: String?
    /// The device as far as it was named.
    package let device: String?
    package let admissionID: AdmissionID?
    /// Acct-Session-Id of a session.
    package let acctSessionID: String?
    package let from: Timestamp
    /// Nil while it is had.
    package let until: Timestamp?
    /// allocated, reserved or released of an allocation; live, or how it ended, of a session.
    package let status: String
    package let poolName: String?
}

extension AddressHolder {
    /// The columns that ``AddressHistory`` selects.
    init(_ row: PGRow) throws {
        source = try row.choice("source")
        tenantID = try row.need("tenant_id") { $0.id() }
        unit = try row.need("unit") { $0.text.flatMap { IPPrefix($0) } }
        serviceID = row["service_id"].id()
        username = row["username"].text
        nasID = row["nas_id"].id()
        nasName = row["nas_name"].text
        device = row["device"].text
        admissionID = row["admission_id"].id()
        acctSessionID = row["acct_session_id"].text
        from = try row.need("began", \.time)
        until = row["ended"].time
        status = try row.need("status", \.text)
        poolName = row["pool_name"].text
    }
}
