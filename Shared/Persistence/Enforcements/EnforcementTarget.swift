package import Domain
import Postgres

/// Which order.
package struct EnforcementRef: Hashable, Sendable {
    package let tenantID: TenantID
    package let id: EnforcementID

    package init(tenantID: TenantID, id: EnforcementID) {
        self.tenantID = tenantID
        self.id = id
    }

    package init(_ order: EnforcementOrder) {
        self.init(tenantID: order.tenantID, id: order.id)
    }
}

/// An order with what is needed to carry it out, as it is now.
package struct EnforcementTarget: Sendable {
    /// The session, as its NAS told it.
    package struct Session: Hashable, Sendable {
        package let id: SessionID
        package let username: String
        package let acctSessionID: String
        package let callingStationID: String
        package let nasPort: UInt32?
        package let nasPortID: String?
        package let framedIPv4: IPAddress?
        /// Where its NAS's packets come from; known where the NAS's row is a range of addresses.
        package let nasAddress: IPAddress?

        package init(
            id: SessionID,
            username: String,
            acctSessionID: String,
            callingStationID: String = "",
            nasPort: UInt32? = nil,
            nasPortID: String? = nil,
            framedIPv4: IPAddress? = nil,
            nasAddress: IPAddress? = nil
        ) {
            self.id = id
            self.username = username
            self.acctSessionID = acctSessionID
            self.callingStationID = callingStationID
            self.nasPort = nasPort
            self.nasPortID = nasPortID
            self.framedIPv4 = framedIPv4
            self.nasAddress = nasAddress
        }
    }

    /// Where the session's NAS takes requests: its row's address, or, where that is a range, the one of it that the session's
    /// packets come from. Nil where nobody knows that, or where it lies outside: a row may have changed since.
    package var destination: IPAddress? {
        guard let device else { return nil }
        if device.address.length == device.address.address.family.bits { return device.address.address }
        return session?.nasAddress.flatMap { device.address.contains($0) ? $0 : nil }
    }

    /// The NAS, its secret sealed.
    package struct Device: Hashable, Sendable {
        package let address: IPPrefix
        package let identifier: String?
        package let vendor: NASVendor
        package let coaPort: UInt16
        package let sealedSecret: [UInt8]

        package init(
            address: IPPrefix,
            identifier: String?,
            vendor: NASVendor,
            coaPort: UInt16,
            sealedSecret: [UInt8]
        ) {
            self.address = address
            self.identifier = identifier
            self.vendor = vendor
            self.coaPort = coaPort
            self.sealedSecret = sealedSecret
        }
    }

    package let order: EnforcementOrder
    /// Nil where none is known.
    package let session: Session?
    package let sight: SessionSight
    /// Nil where it is no more.
    package let device: Device?
    /// The texts of the NAS's lessons, with the second since 1970 in which each was learned.
    package let lessons: [String: Int64]

    package init(
        order: EnforcementOrder,
        session: Session?,
        sight: SessionSight,
        device: Device?,
        lessons: [String: Int64] = [:]
    ) {
        self.order = order
        self.session = session
        self.sight = sight
        self.device = device
        self.lessons = lessons
    }

    init(_ row: PGRow) throws {
        var order = try EnforcementSQL.order(row)
        let wasKnown = order.sessionID != nil
        if let id: SessionID = row["live_id"].id() {
            order.sessionID = order.sessionID ?? id
            order.serviceID = order.serviceID ?? row["live_service_id"].id()
            session = Session(
                id: id,
                username: try row.need("username", \.text),
                acctSessionID: try row.need("acct_session_id", \.text),
                callingStationID: try row.need("calling_station_id", \.text),
                nasPort: row["nas_port"].int64.map { UInt32(truncatingIfNeeded: $0) },
                nasPortID: row["nas_port_id"].text,
                framedIPv4: row["framed_ipv4"].text.flatMap { IPAddress($0) },
                nasAddress: row["nas_address"].text.flatMap { IPAddress($0) }
            )
            let isOver = row["live_ended_at"].time != nil
            let octets = SessionOctets(
                input: row["input_octets"].int64 ?? 0,
                output: row["output_octets"].int64 ?? 0
            )
            // A NAS that counts no time says none, which is stored as 0.
            let seconds = row["session_seconds"].int64.flatMap { $0 > 0 ? $0 : nil }
            let heardAt = try row.need("last_update_at", \.time)
            sight = isOver ? .over : .open(heardAt: heardAt, octets: octets, seconds: seconds)
        } else {
            session = nil
            sight = .unknown(wasKnown: wasKnown)
        }
        self.order = order
        device = row["found_nas_id"].isNull ? nil : try Self.device(row)
        let texts = (row["lessons"].textArray ?? []).compactMap(\.self)
        let times = (row["learned"].timestamptzArray ?? []).compactMap { $0.map { $0 / 1_000_000 } }
        lessons = Dictionary(zip(texts, times), uniquingKeysWith: max)
    }

    private static func device(_ row: PGRow) throws -> Device {
        Device(
            address: try row.need("address") { $0.text.flatMap { IPPrefix($0) } },
            identifier: row["identifier"].text,
            vendor: try row.choice("vendor"),
            coaPort: UInt16(clamping: try row.need("coa_port", \.int)),
            sealedSecret: try row.need("secret", \.bytes)
        )
    }
}

/// What an order has become, and what was seen on the way.
package struct EnforcementOutcome: Sendable {
    package var order: EnforcementOrder
    /// Whether its NAS just answered.
    package var isAnswer: Bool
    /// New ones.
    package var trials: [EnforcementTrial]
    /// Lessons of its NAS that are new or were learned again, with the second since 1970.
    package var learned: [String: Int64]
    /// Lessons that turned out wrong.
    package var unlearned: [String]

    package init(
        _ order: EnforcementOrder,
        isAnswer: Bool = false,
        trials: [EnforcementTrial] = [],
        learned: [String: Int64] = [:],
        unlearned: [String] = []
    ) {
        self.order = order
        self.isAnswer = isAnswer
        self.trials = trials
        self.learned = learned
        self.unlearned = unlearned
    }
}
