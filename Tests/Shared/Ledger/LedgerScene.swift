import Domain
import Ledger
import SharedTesting

/// Accounts of two tenants in two currencies, and random commands on them that now and then make sense.
struct LedgerScene {
    static let root = TenantID(UUID128(high: 1, low: 1))
    static let shop = TenantID(UUID128(high: 1, low: 2))
    static let start = Timestamp(secondsSince1970: 1_790_000_000)
    static let franc = try? Currency("XOF")

    let accounts: [LedgerAccount]

    /// Wallets with a floor of zero and one with credit, clearing and revenue without floors, one closed, in each currency.
    init() {
        var made: [LedgerAccount] = []
        for (place, currency) in [Currency.euro, Self.franc ?? .euro].enumerated() {
            for (number, kind)
                in ([.wallet, .wallet, .wallet, .clearing(gateway: "till"), .revenue, .exchange, .wallet]
                as [AccountKind]).enumerated()
            {
                let tenant = number % 2 == 0 ? Self.root : Self.shop
                var account = LedgerAccount(
                    ref: AccountRef(tenantID: tenant, id: LedgerAccountID(Self.id(UInt64(place * 100 + number)))),
                    rootID: Self.root,
                    owner: .tenant(tenant),
                    kind: kind,
                    currency: currency,
                    floor: kind.defaultFloor(currency, for: .customer)?.tenThousandths
                )
                if number == 2 { account.floor = -500 }
                if number == 6 { account.isClosed = true }
                made.append(account)
            }
        }
        accounts = made
    }

    static func id(_ number: UInt64) -> UUID128 {
        UUID128(high: 0x0192_a3b4_0000_7000, low: 0x8000_0000_0000_0000 | number)
    }

    static func euro(_ tenThousandths: Int64) throws -> Money {
        try Money(tenThousandths: tenThousandths, currency: .euro)
    }

    /// A random command; `transfers` are the ids that came before, with their tenants.
    func command(_ number: Int, _ transfers: [TransferRef], _ random: inout SeededRandom) throws -> TransferCommand {
        let fresh = UInt64(1000 + number)
        let id = Int.random(in: 0..<40, using: &random) == 0 ? transfers.randomElement(using: &random)?.id : nil
        // Often the first or one of the last, so that much happens to the same transfer.
        let targets = [transfers.prefix(1), transfers.suffix(4), transfers.suffix(4), transfers[...]]
        let target = targets.randomElement(using: &random)?.randomElement(using: &random)
        let action = try action(target?.id ?? TransferID(Self.id(9)), &random)
        let tenant = Int.random(in: 0..<10, using: &random) > 0 ? target?.tenantID : nil
        var owner = [Self.root, Self.shop].randomElement(using: &random) ?? Self.root
        if action.target != nil, let tenant { owner = tenant }
        if case .hold(let account, _, _) = action, Int.random(in: 0..<10, using: &random) > 0 {
            owner = account.tenantID
        }
        let key = Int.random(in: 0..<6, using: &random) == 0 ? Int.random(in: 0...number, using: &random) : number
        return TransferCommand(
            id: id ?? TransferID(Self.id(fresh)),
            tenantID: owner,
            key: try keyed("k\(key)"),
            action: action,
            details: TransferDetails(.correction)
        )
    }

    func keyed(_ text: String) throws -> IdempotencyKey {
        guard let key = IdempotencyKey(text) else { throw TransferTextError.malformedReference }
        return key
    }

    private func action(_ target: TransferID, _ random: inout SeededRandom) throws -> TransferCommand.Action {
        let account = { (random: inout SeededRandom) in (accounts.randomElement(using: &random) ?? accounts[0]) }
        let first = account(&random)
        let likely = accounts.filter { $0.currency == first.currency }
        let second =
            Int.random(in: 0..<8, using: &random) == 0
            ? account(&random) : likely.randomElement(using: &random) ?? first
        let amount = try Money(tenThousandths: Int64.random(in: -20...900, using: &random), currency: first.currency)
        switch Int.random(in: 0..<16, using: &random) {
        case 0...3: return .transfer(from: first.ref, to: second.ref, amount: amount)
        case 4: return .post(try legs(first, &random))
        case 5, 6:
            let end: Timestamp? =
                Bool.random(using: &random)
                ? Self.start + .seconds(Int.random(in: -2...40, using: &random)) : nil
            return .hold(account: first.ref, amount: amount, expiresAt: end)
        case 7, 8:
            var credits = [Leg(second.ref, try Money(tenThousandths: amount.tenThousandths, currency: second.currency))]
            if Bool.random(using: &random) { credits.append(Leg(first.ref, amount)) }
            if Int.random(in: 0..<20, using: &random) == 0 { credits = [] }
            return .capture(hold: target, credits: credits)
        case 9: return .release(hold: target)
        case 10: return .expire(hold: target)
        case 11, 12, 13:
            let part = try Money(tenThousandths: Int64.random(in: 1...20, using: &random), currency: first.currency)
            return .refund(target, amount: [nil, amount, part].randomElement(using: &random) ?? nil)
        default: return .reverse(target)
        }
    }

    /// Two to five legs, balanced but for one in eight.
    private func legs(_ first: LedgerAccount, _ random: inout SeededRandom) throws -> [Leg] {
        let same = accounts.filter { $0.currency == first.currency }
        var rest: Int64 = 0
        var legs: [Leg] = []
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let amount = Int64.random(in: -300...300, using: &random)
            rest -= amount
            let account = same.randomElement(using: &random) ?? first
            legs.append(Leg(account.ref, try Money(tenThousandths: amount, currency: account.currency)))
        }
        if Int.random(in: 0..<8, using: &random) == 0 { rest += 1 }
        legs.append(Leg(first.ref, try Money(tenThousandths: rest, currency: first.currency)))
        return legs
    }
}
