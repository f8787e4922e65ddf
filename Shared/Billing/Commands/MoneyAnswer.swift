package import Domain
package import Ledger

/// What became of a ``MoneyCommand``.
package struct MoneyAnswer: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        /// Decided now, or before under the same key: the ledger's verdict, a refusal too.
        case decided(TransferVerdict, TransferID, repeated: Bool)
        /// The key belongs to another command; nothing was done.
        case keyReused
        /// It cannot be meant: nothing was done, and the key is still free.
        case invalid(Flaw)
    }

    /// Why a command could not be meant. Its raw value is what the answer carries.
    package enum Flaw: String, Hashable, Sendable, CaseIterable {
        /// No such customer or tenant, or not below that operator.
        case ownerMissing = "owner_missing"
        /// An amount of zero, or below it where it has no sign.
        case amountNotPositive = "amount_not_positive"
        /// An amount in another currency than its lane's.
        case currencyMismatch = "currency_mismatch"
        /// The gateway's name is empty or too long.
        case malformedGateway = "malformed_gateway"
        /// It cannot be read at all.
        case unreadable
    }

    /// A wallet that the transfer moved, as the transfer left it.
    package struct Balance: Hashable, Sendable {
        package let account: AccountRef
        package let owner: AccountOwner
        package let amount: Money
        package let balance: Money
        /// The number of its entry in the account.
        package let sequence: Int64

        package init(account: AccountRef, owner: AccountOwner, amount: Money, balance: Money, sequence: Int64) {
            self.account = account
            self.owner = owner
            self.amount = amount
            self.balance = balance
            self.sequence = sequence
        }
    }

    /// How the payment or the correction that the ledger was asked for ended, in the commit of the decision.
    package struct Ending: Hashable, Sendable {
        package let at: Timestamp
        /// The row's version since.
        package let version: Int64

        package init(at: Timestamp, version: Int64) {
            self.at = at
            self.version = version
        }
    }

    package let outcome: Outcome
    /// The wallets that it moved. Empty for what moved none, and where the same was decided before.
    package let balances: [Balance]
    /// Nil where the decision ended nothing: the command was no payment's, or it had ended before.
    package let ending: Ending?

    package init(_ outcome: Outcome, balances: [Balance] = [], ending: Ending? = nil) {
        self.outcome = outcome
        self.balances = balances
        self.ending = ending
    }

    /// Whether the money was moved, now or before.
    package var isPosted: Bool {
        if case .decided(let verdict, _, _) = outcome { verdict.isPosted } else { false }
    }

    /// Why no money was moved, in a word: the ledger's verdict, `key_reused` or the command's flaw. Nil where it was.
    package var refusal: String? {
        switch outcome {
        case .decided(let verdict, _, _): verdict.isPosted ? nil : verdict.rawValue
        case .keyReused: "key_reused"
        case .invalid(let flaw): flaw.rawValue
        }
    }
}

/// Who sends commands to the ledger and hears what became of them.
package protocol MoneyDesk: Sendable {
    /// Sends the command and waits for its answer. Nil: nobody knows yet; the same command again is answered with what was
    /// decided. Throws where it could not be stored either: nothing was done then, or nobody knows.
    func submit(_ command: MoneyCommand, within wait: Duration) async throws -> MoneyAnswer?
}
