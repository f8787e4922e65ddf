package import Domain
package import Events
package import Ledger
package import Redis

/// What an account holds as some batch left it, in ten-thousandths.
package struct CachedBalance: Hashable, Sendable {
    package let currency: Currency
    package let balance: Int64
    package let held: Int64
    /// The number of its last entry.
    package let sequence: Int64
    /// The batch: its version.
    package let batch: Int64
}

/// The wallets' balances in Redis, written from the ledger's events and never before them (WAL-08).
package struct BalanceCache: Sendable {
    private let redis: RedisSession
    /// What nobody asked for and nothing changed in so long is forgotten: Postgres has it.
    private static let days = 30

    /// `redis` was made with ``scripts``.
    package init(_ redis: RedisSession) {
        self.redis = redis
    }

    /// The scripts that the session must be made with.
    package static let scripts = [
        """
        local kept = redis.call('GET', ARGV[1])
        if kept and tonumber(string.match(kept, '^(%d+) ')) >= tonumber(ARGV[2]) then return 0 end
        redis.call('SET', ARGV[1], ARGV[2] .. ' ' .. ARGV[3], 'EX', ARGV[4])
        return 1
        """
    ]

    /// Keeps what a batch left; what is newer stays. Returns how many balances were newer than those kept.
    @discardableResult
    package func keep(_ event: LedgerAdvanced) async throws -> Int {
        let answers = try await redis.run(
            0,
            arguments: event.accounts.map { account in
                let text = "\(account.balance) \(account.held) \(account.sequence) \(event.currency)"
                return [
                    Self.key(AccountRef(tenantID: account.tenantID, id: LedgerAccountID(account.accountID))),
                    Array("\(event.batch)".utf8), Array(text.utf8), Array("\(Self.days * 86_400)".utf8),
                ]
            }
        )
        return answers.count { $0.number == 1 }
    }

    /// The balances in the accounts' order; nil for those that are not kept.
    package func balances(of accounts: [AccountRef]) async throws -> [CachedBalance?] {
        guard !accounts.isEmpty else { return [] }
        return try await redis.pipeline(accounts.map { [Array("GET".utf8), Self.key($0)] }).map { value in
            value.octets.flatMap { Self.read(String(decoding: $0, as: UTF8.self)) }
        }
    }

    private static func key(_ account: AccountRef) -> [UInt8] {
        Array("nexora:balance:\(account.tenantID):\(account.id)".utf8)
    }

    private static func read(_ text: String) -> CachedBalance? {
        let words = text.split(separator: " ")
        guard words.count == 5, let batch = Int64(words[0]), let balance = Int64(words[1]), let held = Int64(words[2]),
            let sequence = Int64(words[3]), let currency = try? Currency(String(words[4]))
        else { return nil }
        return CachedBalance(currency: currency, balance: balance, held: held, sequence: sequence, batch: batch)
    }
}
