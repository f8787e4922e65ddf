extension IDTag {
    package enum WebhookEndpoint {}
    package enum WebhookDelivery {}
    package enum WebhookReplay {}
}

package typealias WebhookEndpointID = ID<IDTag.WebhookEndpoint>
package typealias WebhookDeliveryID = ID<IDTag.WebhookDelivery>
package typealias WebhookReplayID = ID<IDTag.WebhookReplay>

/// Where events of a tenant are sent by HTTP (table webhook_endpoints; PLT-25). What is signed with is no part of it: that is sealed in
/// the row, told once when it is made, and opened by who sends alone.
package struct WebhookEndpoint: Hashable, Sendable {
    package var tenantID: TenantID
    package var id: WebhookEndpointID
    package var url: String
    package var description: String
    /// Patterns of ``WebhookFilter``.
    package var events: [String]
    /// What happens to the tenants below is told too.
    package var includesChildren: Bool
    /// Names and addresses of people as they are; shortened otherwise.
    package var revealsPeople: Bool
    /// The operator's word that private addresses, any port and plain http may be used.
    package var allowPrivate: Bool
    /// Requests a minute at most.
    package var rate: Int
    package var isEnabled: Bool
    /// Why it is not, as a word: `manual`, `gone` or `failing`.
    package var disabledReason: String?
    package var disabledAt: Timestamp?
    /// Until when the secret before this one signs too; nil where there is none.
    package var previousUntil: Timestamp?
    /// The Ed25519 public key, 32 octets; nil where it is not signed so.
    package var publicKey: [UInt8]?
    package var secretSetAt: Timestamp?
    package var createdBy: UUID128
    /// How it fares; written by whoever sends.
    package var standing: WebhookStanding
    /// Nil until stored.
    package var stamp: RowStamp?

    package init(tenantID: TenantID, id: WebhookEndpointID, url: String, events: [String], createdBy: UUID128) {
        self.tenantID = tenantID
        self.id = id
        self.url = url
        description = ""
        self.events = events
        includesChildren = false
        revealsPeople = false
        allowPrivate = false
        rate = 6_000
        isEnabled = true
        self.createdBy = createdBy
        standing = WebhookStanding()
    }

    /// Endpoints of one tenant.
    package static let most = 50
    /// Patterns of one endpoint.
    package static let mostEvents = 50
}

extension WebhookEndpoint: Validated {
    package func check(_ checks: inout FieldChecks) {
        if let problem = WebhookURL.problem(of: url, allowPrivate: allowPrivate) { checks.refuse("url", problem) }
        checks.optional("description", description, maximum: 200)
        checks.number("events", events.count, in: 1...Int64(Self.mostEvents))
        if !events.allSatisfy(WebhookFilter.isPattern) {
            checks.refuse("events", .malformed(expected: "kinds such as session.started, session.* or *"))
        } else if let unknown = events.first(where: { !WebhookFilter.isTold($0) }) {
            checks.refuse("events", .conflicts(reason: "names what is told to nobody outside: \(unknown)"))
        }
        checks.number("rate", rate, in: 1...60_000)
    }
}

/// How an endpoint fares (table webhook_standings).
package struct WebhookStanding: Hashable, Sendable {
    /// Nothing is sent before that.
    package var pausedUntil: Timestamp?
    /// Since when nothing has succeeded; nil where the last did.
    package var failingSince: Timestamp?
    /// How often it was tried since.
    package var failures: Int
    package var lastSuccessAt: Timestamp?
    package var lastFailureAt: Timestamp?
    /// A word.
    package var lastError: String?

    package init(
        pausedUntil: Timestamp? = nil,
        failingSince: Timestamp? = nil,
        failures: Int = 0,
        lastSuccessAt: Timestamp? = nil,
        lastFailureAt: Timestamp? = nil,
        lastError: String? = nil
    ) {
        self.pausedUntil = pausedUntil
        self.failingSince = failingSince
        self.failures = failures
        self.lastSuccessAt = lastSuccessAt
        self.lastFailureAt = lastFailureAt
        self.lastError = lastError
    }
}
