import Ledger

/// What clients were told while they used a ledger at the same time, and what the ledger says that it did. Plain values, so that a
/// history can be written by hand. Amounts are ten-thousandths.
struct MoneyHistory: Sendable {
    /// The lanes, by their currencies.
    enum Lane: String, CaseIterable, Hashable, Sendable {
        case euro = "EUR"
        case franc = "XOF"
    }

    /// Whose a wallet is. The provider's has no floor: his share of a payment may be taken back.
    enum Holder: Hashable, Sendable {
        case provider
        case customer(Int)
    }

    struct Wallet: Hashable, Sendable {
        let holder: Holder
        let lane: Lane
    }

    /// What a client asks for. Transfers and holds are named by their ids.
    enum Action: Hashable, Sendable {
        case topUp(Holder, Int64)
        case charge(Holder, Int64)
        case adjust(Holder, Int64)
        case payOut(Holder, Int64)
        case hold(Holder, Int64)
        case capture(hold: String, Int64)
        case release(hold: String)
        case refund(String, Int64?)
        case reverse(String)
        /// The half of a conversion that sells `sold` for what the other lane's half buys.
        case sell(Holder, sold: Int64, bought: Int64)
        case buy(Holder, sold: Int64, bought: Int64, sale: String)
    }

    /// A wallet that a transfer moved: by how much, and what it was then.
    struct Move: Hashable, Sendable {
        let holder: Holder
        let amount: Int64
        let balance: Int64
        /// The number of the wallet's entry.
        let sequence: Int64
    }

    enum Answer: Hashable, Sendable {
        /// Decided now; the wallets in the order of the transfer's legs.
        case decided(TransferVerdict, transfer: String, [Move])
        /// The same was decided before.
        case repeated(TransferVerdict, transfer: String)
        case keyReused
    }

    /// One sending of a command, from its first attempt until its client was told something.
    struct Sending: Sendable {
        /// The id that its transfer has if it is the first under its key.
        let id: String
        let key: String
        let lane: Lane
        let action: Action
        let invoked: UInt64
        /// Nil where nobody was told: what became of it is open.
        let answered: UInt64?
        let answer: Answer?
    }

    /// What the ledger decided under a key, refusals as well.
    struct Decision: Hashable, Sendable {
        let key: String
        let transfer: String
        let verdict: TransferVerdict
    }

    /// What is in a wallet.
    struct Standing: Hashable, Sendable {
        var balance: Int64 = 0
        var held: Int64 = 0
        /// How many entries it has.
        var sequence: Int64 = 0
    }

    var sendings: [Sending]
    /// Each lane's decisions in its own order.
    var decisions: [Lane: [Decision]]
    /// The wallets at the end; one that nobody used may be missing.
    var wallets: [Wallet: Standing]
}
