import Crypto
import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

/// A migrated database with an operator and two providers, and accounts of theirs in euros: a till, what was sold, and wallets.
struct LedgerWorld {
    let url: String
    let database: Database
    /// Works as nexora_billing.
    let billing: PostgresSession
    let superuser: PostgresSession
    let keyring = Keyring.ephemeral()
    let ids: IDGenerator
    let operatorID, one, two: TenantID
    let lane: Lane
    /// The operator's clearing account of the till, and what he sold.
    let till, revenue: LedgerAccount
    /// Two of customers of `one`, then one of a customer of `two`.
    let wallets: [LedgerAccount]

    static let now = Timestamp(secondsSince1970: 1_790_000_000)

    init() async throws {
        let server = try await RealPostgres.shared()
        url = try await server.createMigratedDatabase()
        database = Database(url: url, applicationName: "tests")
        let name = String(url.split(separator: "@/")[1].prefix { $0 != "?" })
        superuser = PostgresSession(PostgresConfiguration(url: server.url(user: "postgres", database: name)))
        billing = PostgresSession(PostgresConfiguration(url: url, role: "nexora_billing"))
        let ids = IDGenerator(time: .fixed(Self.now))
        self.ids = ids
        operatorID = try await database.plantOperator(
            Tenant(id: ids.next(), parentID: nil, kind: .operator, name: "Op", subdomain: "op")
        )
        one = try await Self.plant("one", below: operatorID, database, ids)
        two = try await Self.plant("two", below: operatorID, database, ids)
        lane = Lane(rootID: operatorID, currency: .euro)
        let (root, first, second) = (operatorID, one, two)
        func wish(_ tenant: TenantID, _ owner: AccountOwner, _ kind: AccountKind) -> AccountWish {
            AccountWish(tenantID: tenant, rootID: root, owner: owner, kind: kind, currency: .euro)
        }
        let opened = try await AccountOpener(billing, ids: ids).open([
            wish(root, .tenant(root), .clearing(gateway: "till")), wish(root, .tenant(root), .revenue),
            wish(first, .customer(ids.next()), .wallet), wish(first, .customer(ids.next()), .wallet),
            wish(second, .customer(ids.next()), .wallet),
        ])
        (till, revenue, wallets) = (opened[0], opened[1], Array(opened[2...]))
    }

    private static func plant(
        _ name: String,
        below parent: TenantID,
        _ database: Database,
        _ ids: IDGenerator
    ) async throws -> TenantID {
        let tenant = Tenant(id: ids.next(), parentID: parent, kind: .provider, name: name, subdomain: name)
        try await database.transaction(in: parent, joining: [tenant.id]) {
            try await TenantRepository($0).insert(tenant)
        }
        return tenant.id
    }

    /// A writer on a connection of its own. With no lease to speak of, another may take the lane at once.
    func writer(
        _ holder: String = "writer",
        lane: Lane? = nil,
        lease: Duration = .seconds(60),
        at time: Timestamp = Self.now
    ) -> (LaneWriter, PostgresSession) {
        let session = PostgresSession(
            PostgresConfiguration(url: url, role: "nexora_billing", applicationName: "lane-writer")
        )
        let writer = LaneWriter(
            session,
            lane: lane ?? self.lane,
            holder: holder,
            lease: lease,
            time: .fixed(time)
        )
        return (writer, session)
    }

    /// A writer that leads, for as long as the body runs.
    func writing<Success>(
        at time: Timestamp = Self.now,
        _ body: (LaneWriter) async throws -> Success
    ) async throws -> Success {
        let (writer, session) = writer(at: time)
        guard try await writer.take() else { throw LaneFault.notLeading }
        let success = try await body(writer)
        await session.close()
        return success
    }

    func euro(_ tenThousandths: Int64) throws -> Money { try Money(tenThousandths: tenThousandths, currency: .euro) }

    func command(
        _ key: String,
        _ action: TransferCommand.Action,
        tenant: TenantID? = nil,
        details: TransferDetails = TransferDetails(.topUp)
    ) throws -> TransferCommand {
        TransferCommand(
            id: ids.next(),
            tenantID: tenant ?? one,
            key: try #require(IdempotencyKey(key)),
            action: action,
            details: details
        )
    }

    /// Money from the till into a wallet.
    func topUp(_ key: String, _ amount: Int64, wallet: Int = 0) throws -> TransferCommand {
        try command(key, .transfer(from: till.ref, to: wallets[wallet].ref, amount: euro(amount)))
    }

    /// Money from a wallet for something.
    func spend(_ key: String, _ amount: Int64, wallet: Int = 0) throws -> TransferCommand {
        try command(key, .transfer(from: wallets[wallet].ref, to: revenue.ref, amount: euro(amount)))
    }

    /// Commits the commands in one batch, by a writer of its own, and returns the verdicts.
    @discardableResult
    func commit(_ commands: TransferCommand..., at time: Timestamp = Self.now) async throws -> [TransferVerdict?] {
        try await writing(at: time) { try await $0.commit(commands).answers.map { $0.decision?.verdict } }
    }

    func balance(_ account: LedgerAccount) async throws -> Int64 {
        try await LedgerReader(billing).account(account.ref)?.balance ?? .min
    }

    func verify(stretch: Int = 3, kept: [SignedLedgerCheckpoint] = []) async throws -> LaneVerdict {
        try await LedgerVerifier(billing, stretch: stretch).verify(lane, keyring: keyring, kept: kept)
    }

    /// One stretch behind a place, else from the beginning.
    func stretch(
        since head: VerifiedHead? = nil,
        _ limit: StretchLimit = StretchLimit()
    ) async throws -> StretchVerdict {
        try await LedgerVerifier.verify(
            on: billing,
            since: head ?? .beginning(of: lane),
            keyring: keyring,
            limit: limit
        )
    }

    /// Stretches from the beginning to the end, or to a discrepancy: the last of them.
    func stretches(_ limit: StretchLimit) async throws -> StretchVerdict {
        var verdict = try await stretch(limit)
        while verdict.discrepancy == nil, !verdict.isAtEnd {
            verdict = try await stretch(since: verdict.head, limit)
        }
        return verdict
    }

    /// How many rows each table of the ledger has, and the outbox's of it.
    func counts() async throws -> [String: Int64] {
        var counts: [String: Int64] = [:]
        for table in Self.tables {
            counts[table] = try await superuser.query("SELECT count(*) FROM \(table)").first?[0].int64
        }
        counts["outbox"] = try await superuser.query(
            "SELECT count(*) FROM outbox WHERE subject = 'ledger.advanced'"
        ).first?[0].int64
        return counts
    }

    static let tables = [
        "ledger_lanes", "ledger_accounts", "ledger_keys", "ledger_transfers", "ledger_entries", "ledger_holds",
        "ledger_batches", "ledger_checkpoints",
    ]

    /// Runs statements with every trigger and policy out of the way: what somebody can do who owns the server.
    func tamper(_ statements: [String]) async throws {
        try await superuser.transaction { transaction in
            try await transaction.query("SET LOCAL session_replication_role = replica")
            for statement in statements { _ = try await transaction.query(statement) }
        }
    }

    func close() async {
        await superuser.close()
        await billing.close()
        await database.close()
    }
}
