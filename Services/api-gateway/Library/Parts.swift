package import Billing
package import Concurrency
package import Domain
package import Identity
package import ObjectStorage
package import Observability
package import Persistence
package import RateLimits

/// What handlers work with: made once in Application, handed to every group of routes.
package struct Parts: Sendable {
    package let accounts: Accounts
    package let database: TenantPool
    package let audit: AuditRecorder
    package let limiter: RateLimiter
    /// Who has which address at this moment.
    package let leases: any UnitOwners
    package let rows: RowCache
    package let counts: CountCache
    package let secrets: DirectorySecrets
    package let notices: NoticeKeys
    package let cursors: CursorSealer
    package let messages: any Messages
    /// Who has money moved.
    package let money: any MoneyDesk
    package let payments: PaymentMetrics
    /// Where files lie; nil where none is configured.
    package var storage: ObjectStorage?
    /// Where spreadsheets and PDFs are made: one thread, as that is work for a processor.
    package let documents: WorkerPool
    /// What requests move for projects.
    package let meter = TrafficMeter()
    package var policy: GatewayPolicy
    package let time: TimeSource
    package let ids: IDGenerator
    package let logger: Logger

    package init(
        accounts: Accounts,
        database: TenantPool,
        audit: AuditRecorder,
        limiter: RateLimiter,
        leases: any UnitOwners,
        rows: RowCache,
        counts: CountCache,
        secrets: DirectorySecrets,
        notices: NoticeKeys,
        cursors: CursorSealer,
        messages: any Messages,
        money: any MoneyDesk,
        payments: PaymentMetrics,
        storage: ObjectStorage? = nil,
        documents: WorkerPool = WorkerPool(name: "documents", threads: 1),
        policy: GatewayPolicy,
        time: TimeSource,
        ids: IDGenerator,
        logger: Logger
    ) {
        self.accounts = accounts
        self.database = database
        self.audit = audit
        self.limiter = limiter
        self.leases = leases
        self.rows = rows
        self.counts = counts
        self.secrets = secrets
        self.notices = notices
        self.cursors = cursors
        self.messages = messages
        self.money = money
        self.payments = payments
        self.storage = storage
        self.documents = documents
        self.policy = policy
        self.time = time
        self.ids = ids
        self.logger = logger
    }
}

/// The messages that the gateway itself sends; everything else leaves through the outbox.
package protocol Messages: Sendable {
    /// Asks whoever answers on a subject. Throws a `Problem` (503) where nobody does.
    func ask(_ subject: String, _ question: [UInt8], within limit: Duration) async throws -> [UInt8]
    /// Publishes into a stream and returns once it is stored. Throws a `Problem` (503) where that is not known.
    func publish(_ payload: [UInt8], subject: String, messageID: String) async throws
}

/// Who has units of pools at this moment, as the servers that give them keep it.
package protocol UnitOwners: Sendable {
    /// In the order of the units: zeros for one that was taken out of its pool because it is somebody's for good, nil where nobody
    /// has it. Throws a `Problem` (503) where that cannot be asked.
    func owners(_ units: [AllocationLedger.Unit]) async throws -> [UUID128?]
}

/// What an installation decides about its gateway.
package struct GatewayPolicy: Sendable {
    /// The domain below which host names begin with a tenant's subdomain; empty: hosts name nobody.
    package var domain = ""
    /// Origins whose pages may call; `*` is every one, without credentials of theirs.
    package var origins: [String] = []
    package var limits = RequestLimits()
    /// How long an answer is kept under its Idempotency-Key.
    package var idempotencyAge: Duration = .seconds(30 * 86_400)
    /// The address of radius-server as NASes reach it, for their configuration.
    package var radiusServer = "192.0.2.1"
    package var authPort = 1812
    package var accountingPort = 1813
    package var exports = ExportPolicy()

    package init() {}
}

/// How many requests a minute (RTL-02 to RTL-05, F-12); 0 is no limit.
package struct RequestLimits: Sendable, Equatable {
    package var perAddress = 1_000
    /// Of one user, his keys with him; of one address where nobody has signed in.
    package var perClient = 100
    package var perTenant = 1_000
    /// Of a tenant at once, and what comes back a second.
    package var burst = 300
    package var burstPerSecond = 100
    /// How many times `perClient`, `perTenant` and `burst` an operator may give one tenant.
    package var raise = 10
    /// Guesses at passwords and codes, from one address.
    package var logins = 5
    /// Payments of one user (PAY-13).
    package var payments = 10
    /// What the provider of one account tells.
    package var callbacks = 60_000
    /// Requests of one address that are refused for their own sake, before it is shut out.
    package var suspicious = 100
    package var blockFor: Duration = .seconds(300)

    package init() {}
}
