package import Domain
import Postgres

/// A router that something is to be done on.
package struct RouterRef: Hashable, Sendable {
    package var tenantID: TenantID
    package var deviceID: DeviceID

    package init(tenantID: TenantID, deviceID: DeviceID) {
        self.tenantID = tenantID
        self.deviceID = deviceID
    }
}

/// How a router is reached, as its device's row says.
package struct RouterTarget: Hashable, Sendable {
    package var ref: RouterRef
    /// Of another version it is spoken to anew.
    package var version: Int64
    /// A router of MikroTik's.
    package var speaksRouterOS: Bool
    package var host: String
    package var port: UInt16
    package var usesTLS: Bool
    package var certificateFingerprint: String?
    package var username: String?
    /// Opened by `DirectorySecrets`.
    package var sealedPassword: [UInt8]?
    package var isActive: Bool

    init(_ row: PGRow) throws {
        ref = RouterRef(
            tenantID: try row.need("tenant_id") { $0.id() },
            deviceID: try row.need("id") { $0.id() }
        )
        version = try row.need("row_version", \.int64)
        let (kind, vendor): (DeviceKind, DeviceVendor) = (try row.choice("kind"), try row.choice("vendor"))
        speaksRouterOS = kind == .router && vendor == .mikrotik
        host = try row.need("host", \.text)
        port = UInt16(clamping: try row.need("port", \.int))
        usesTLS = try row.need("uses_tls", \.bool)
        certificateFingerprint = row["certificate_fingerprint"].text
        username = row["username"].text
        sealedPassword = row["password"].bytes
        isActive = try row.need("is_active", \.bool)
    }
}

/// What operations need to know, as it is when they are done.
package struct RouterFacts: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var service: RouterService
        /// The router that it lives on now, where there is one.
        package var routerID: DeviceID?
        /// Nil where it has none. Opened by `DirectorySecrets`.
        package var sealedPassword: [UInt8]?
    }

    package var services: [ServiceID: Entry] = [:]
    package var plans: [PlanID: RouterPlan] = [:]
    /// Names that were to be taken from the router and belong to another service of it by now.
    package var heldNames: Set<String> = []

    package init() {}
}
