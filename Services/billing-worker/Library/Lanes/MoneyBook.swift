import Billing
import Domain
import Ledger
import Persistence

/// What has to be known of the world to make a transfer of a command.
protocol MoneyBook: Sendable {
    /// Of those claims that are true, the operator at the top.
    func operators(of claims: [MoneyOwners.Claim]) async throws -> [MoneyOwners.Claim: TenantID]
    /// Who shares what these tenants' customers pay now.
    func chains(of tenants: [TenantID], at moment: Timestamp) async throws -> [TenantID: CommissionChain]
    /// The accounts in the wishes' order; those that are not there are opened (WAL-15).
    func accounts(_ wishes: [AccountWish]) async throws -> [AccountRef]
}

/// The book as Postgres has it, with what does not change kept in memory: an account stays whose it is, and so does its lane.
actor RememberedBook: MoneyBook {
    private let owners: MoneyOwners
    private let opener: AccountOpener
    private let commissions: CommissionBook
    private var known: [MoneyOwners.Claim: TenantID] = [:]
    private var opened: [AccountWish: AccountRef] = [:]
    /// Beyond so many the memory begins anew.
    private static let most = 200_000

    init(owners: MoneyOwners, opener: AccountOpener, commissions: CommissionBook) {
        self.owners = owners
        self.opener = opener
        self.commissions = commissions
    }

    /// Asked each time: a rate holds from the moment that it says.
    nonisolated func chains(of tenants: [TenantID], at moment: Timestamp) async throws -> [TenantID: CommissionChain] {
        try await commissions.chains(of: tenants, at: moment)
    }

    func operators(of claims: [MoneyOwners.Claim]) async throws -> [MoneyOwners.Claim: TenantID] {
        let strangers = Array(Set(claims.filter { known[$0] == nil }))
        if !strangers.isEmpty {
            if known.count > Self.most { known.removeAll() }
            known.merge(try await owners.operators(of: strangers)) { $1 }
        }
        return Dictionary(claims.compactMap { claim in known[claim].map { (claim, $0) } }) { first, _ in first }
    }

    func accounts(_ wishes: [AccountWish]) async throws -> [AccountRef] {
        let missing = Array(Set(wishes.filter { opened[$0] == nil }))
        if !missing.isEmpty {
            let accounts = try await opener.open(missing)
            if opened.count > Self.most { opened.removeAll() }
            for (wish, account) in zip(missing, accounts) { opened[wish] = account.ref }
        }
        let found = wishes.compactMap { opened[$0] }
        guard found.count == wishes.count else { return try await opener.open(wishes).map(\.ref) }
        return found
    }
}
