import Billing
import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

/// The ledger's world with a reseller below its first provider, and what customers pay there.
struct CommissionWorld {
    let ledger: LedgerWorld
    let reseller: TenantID
    let user: UserID

    init() async throws {
        ledger = try await LedgerWorld()
        let tenant = Tenant(
            id: ledger.ids.next(),
            parentID: ledger.one,
            kind: .reseller,
            name: "Shop",
            subdomain: "shop"
        )
        try await ledger.database.transaction(in: ledger.one, joining: [tenant.id]) {
            try await TenantRepository($0).insert(tenant)
        }
        reseller = tenant.id
        user = ledger.ids.next()
    }

    var book: CommissionBook { CommissionBook(ledger.billing) }

    /// Sets a rate as the tenant above does; nil is none.
    @discardableResult
    func set(
        _ percent: String?,
        of tenant: TenantID,
        by setter: TenantID? = nil,
        from: Timestamp = LedgerWorld.now,
        now: Timestamp = LedgerWorld.now
    ) async throws -> StoredCommissionRate {
        let rate = try percent.map { try #require(CommissionRate(percent: $0)) }
        let (setter, user) = (setter ?? ledger.operatorID, user)
        return try await ledger.database.transaction(in: setter) {
            try await CommissionRates($0).set(
                rate,
                of: tenant,
                from: from,
                ifVersion: nil,
                setter: setter,
                by: user,
                now: now
            )
        }
    }

    /// Posts the commands as recorded at a time.
    func post(at time: Timestamp, _ commands: [TransferCommand]) async throws {
        let session = PostgresSession(PostgresConfiguration(url: ledger.url, role: "nexora_billing"))
        let writer = LaneWriter(
            session,
            lane: ledger.lane,
            holder: "writer",
            lease: .seconds(60),
            time: .fixed(time)
        )
        try #require(try await writer.take())
        for answer in try await writer.commit(commands).answers { #expect(answer.decision?.verdict == .posted) }
        try await writer.giveBack()
        await session.close()
    }

    func account(_ tenant: TenantID, _ owner: AccountOwner, _ kind: AccountKind) async throws -> AccountRef {
        let wish = AccountWish(
            tenantID: tenant,
            rootID: ledger.operatorID,
            owner: owner,
            kind: kind,
            currency: .euro
        )
        return try #require(try await AccountOpener(ledger.billing, ids: ledger.ids).open([wish]).first).ref
    }

    /// What a customer of a tenant pays, shared as the book has it at that time.
    func charge(
        _ key: String,
        _ customer: CustomerID,
        in tenant: TenantID,
        _ units: Int64,
        at time: Timestamp,
        purpose: TransferPurpose = .subscription
    ) async throws -> (command: TransferCommand, split: CommissionSplit) {
        let chain = try #require(try await book.chains(of: [tenant], at: time)[tenant])
        let split = try #require(CommissionSplit(try ledger.euro(units), along: chain))
        var wallets: [TenantID: AccountRef] = [:]
        for link in chain.links {
            wallets[link.tenantID] = try await account(link.tenantID, .tenant(link.tenantID), .wallet)
        }
        let payer = try await account(tenant, .customer(customer), .wallet)
        let legs = try #require(split.legs(from: payer, wallet: { wallets[$0] }, revenue: ledger.revenue.ref))
        let details = try TransferDetails(purpose, reference: key)
        return (try ledger.command(key, .post(legs), tenant: tenant, details: details), split)
    }

    /// Money from the till into a customer's wallet.
    func topUp(_ key: String, _ customer: CustomerID, in tenant: TenantID, _ units: Int64) async throws
        -> TransferCommand
    {
        let wallet = try await account(tenant, .customer(customer), .wallet)
        return try ledger.command(
            key,
            .transfer(from: ledger.till.ref, to: wallet, amount: ledger.euro(units)),
            tenant: tenant
        )
    }

    func lines(_ tenant: TenantID, limit: Int = 1_000, before: Int64? = nil) async throws -> [CommissionLine] {
        let filter = CommissionFilter(tenantID: tenant, currency: .euro)
        return try await ledger.database.transaction(in: tenant) {
            try await CommissionStatements($0).lines(filter, before: before, limit: limit)
        }
    }
}
