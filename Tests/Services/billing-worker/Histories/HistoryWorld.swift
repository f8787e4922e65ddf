import Billing
import Concurrency
import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Synchronization
import Testing

/// Clients that use a few wallets at the same time through the real workers, and keep what they were told.
struct HistoryWorld: Sendable {
    let money: MoneyWorld
    private let record = Record()

    /// What clients were told, in the order in which they were.
    private final class Record: Sendable {
        let sendings = Mutex<[MoneyHistory.Sending]>([])
    }

    /// Of each payment the provider has three quarters.
    init(customers: Int) async throws {
        money = try await MoneyWorld(customers: customers)
        let past = Timestamp(secondsSince1970: 1_700_000_000)
        try await money.database.transaction(in: money.operatorID) { [money] in
            _ = try await CommissionRates($0).set(
                CommissionRate(percent: "75"),
                of: money.provider,
                from: past,
                ifVersion: nil,
                setter: money.operatorID,
                by: money.ids.next(),
                now: past
            )
        }
    }

    // MARK: - Clients

    /// That many clients, each with that many bursts of commands, one burst after another and a burst's commands at once; all of them
    /// draw from one source, so that they know one another's holds and payments.
    func clients(_ count: Int, bursts: Int, _ draw: HistoryDraw) async throws {
        let shared = SharedDraw(draw)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask {
                    for _ in 0..<bursts { try await burst(shared.draw { $0.burst() }, shared) }
                }
            }
            try await group.waitForAll()
        }
    }

    private final class SharedDraw: Sendable {
        private let contents: Mutex<HistoryDraw>

        init(_ draw: HistoryDraw) { contents = Mutex(draw) }

        func draw<Drawn: Sendable>(_ body: (inout HistoryDraw) -> Drawn) -> Drawn { contents.withLock { body(&$0) } }
    }

    private func burst(_ requests: [HistoryDraw.Request], _ shared: SharedDraw) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for request in requests {
                group.addTask {
                    guard try await send(request) else { return }
                    // Who sold buys; a sale is decided and posted for one sending only.
                    if let purchase = shared.draw({ $0.purchase(after: request) }) { _ = try await send(purchase) }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Sends a command until it is answered, and keeps when that was and what was said. True where it was decided now, and posted.
    private func send(_ request: HistoryDraw.Request) async throws -> Bool {
        let command = try command(request)
        let invoked = SystemClock.monotonicNanoseconds()
        let answer = try read(try await money.settle(command))
        let answered = SystemClock.monotonicNanoseconds()
        record.sendings.withLock {
            $0.append(
                MoneyHistory.Sending(
                    id: request.id,
                    key: request.key,
                    lane: request.lane,
                    action: request.action,
                    invoked: invoked,
                    answered: answered,
                    answer: answer
                )
            )
        }
        guard case .decided(let verdict, _, _) = answer else { return false }
        return verdict.isPosted
    }

    // MARK: - Commands and answers

    private func owner(_ holder: MoneyHistory.Holder) -> AccountOwner {
        switch holder {
        case .provider: .tenant(money.provider)
        case .customer(let number): .customer(money.customers[number])
        }
    }

    private func holder(_ owner: AccountOwner) throws -> MoneyHistory.Holder {
        if owner == .tenant(money.provider) { return .provider }
        return .customer(try #require(money.customers.firstIndex { owner == .customer($0) }))
    }

    private func command(_ request: HistoryDraw.Request) throws -> MoneyCommand {
        let (action, purpose) = try action(request)
        return MoneyCommand(
            id: try Self.id(request.id),
            tenantID: money.provider,
            lane: Lane(rootID: money.operatorID, currency: try Currency(request.lane.rawValue)),
            key: try #require(IdempotencyKey(request.key)),
            action: action,
            details: TransferDetails(purpose)
        )
    }

    private static func id(_ text: String) throws -> TransferID { try #require(TransferID(text)) }

    private func action(_ request: HistoryDraw.Request) throws -> (MoneyCommand.Action, TransferPurpose) {
        let currency = try Currency(request.lane.rawValue)
        func amount(_ amount: Int64) throws -> Money { try Money(tenThousandths: amount, currency: currency) }
        return switch request.action {
        case .topUp(let holder, let paid):
            (.topUp(owner(holder), amount: try amount(paid), gateway: "cash"), .topUp)
        case .charge(let holder, let price): (.charge(owner(holder), amount: try amount(price), shared: true), .usage)
        case .adjust(let holder, let change): (.adjust(owner(holder), amount: try amount(change)), .adjustment)
        case .payOut(let holder, let paid):
            (.payOut(owner(holder), amount: try amount(paid), gateway: "cash"), .payout)
        case .hold(let holder, let held):
            (.hold(owner(holder), amount: try amount(held), expiresAt: nil), .invoice)
        case .capture(let hold, let taken):
            (.capture(hold: try Self.id(hold), amount: try amount(taken), shared: true), .invoice)
        case .release(let hold): (.release(hold: try Self.id(hold)), .invoice)
        case .refund(let transfer, let back): (.refund(try Self.id(transfer), amount: try back.map(amount)), .refund)
        case .reverse(let transfer): (.reverse(try Self.id(transfer)), .correction)
        case .sell(let holder, let sold, let bought):
            (.exchange(owner(holder), try exchange(sold, bought, sale: nil)), .exchange)
        case .buy(let holder, let sold, let bought, let sale):
            (.exchange(owner(holder), try exchange(sold, bought, sale: try Self.id(sale))), .exchange)
        }
    }

    private func exchange(_ sold: Int64, _ bought: Int64, sale: TransferID?) throws -> ExchangeRecord {
        ExchangeRecord(
            rate: try #require(ExchangeRate("\(HistoryDraw.rate)")),
            sold: try Money(tenThousandths: sold, currency: .euro),
            bought: try Money(tenThousandths: bought, currency: Currency(MoneyHistory.Lane.franc.rawValue)),
            sale: sale
        )
    }

    private func read(_ answer: MoneyAnswer) throws -> MoneyHistory.Answer {
        switch answer.outcome {
        case .keyReused: return .keyReused
        case .decided(let verdict, let transfer, repeated: true):
            #expect(answer.balances.isEmpty)
            return .repeated(verdict, transfer: transfer.description)
        case .decided(let verdict, let transfer, repeated: false):
            let moves = try answer.balances.map { balance in
                MoneyHistory.Move(
                    holder: try holder(balance.owner),
                    amount: balance.amount.tenThousandths,
                    balance: balance.balance.tenThousandths,
                    sequence: balance.sequence
                )
            }
            return .decided(verdict, transfer: transfer.description, moves)
        case .invalid(let flaw): throw NotMeant(flaw: flaw)
        }
    }

    /// A command was refused that can well be meant.
    private struct NotMeant: Error {
        let flaw: MoneyAnswer.Flaw
    }

    // MARK: - What was seen

    /// What everybody was told so far, and what the ledger says of it.
    func history() async throws -> MoneyHistory {
        var history = MoneyHistory(sendings: record.sendings.withLock { $0 }, decisions: [:], wallets: [:])
        let decisions = try await money.billing.query(
            """
            SELECT l.currency, k.key, k.transfer_id::text AS transfer, k.outcome FROM ledger_keys k
            JOIN ledger_lanes l ON l.lane = k.lane ORDER BY k.lane, k.batch, k.place
            """
        )
        for row in decisions {
            history.decisions[try Self.lane(row), default: []].append(
                .init(
                    key: try #require(row["key"].text),
                    transfer: try #require(row["transfer"].text),
                    verdict: try #require(row["outcome"].text.flatMap(TransferVerdict.init))
                )
            )
        }
        let wallets = try await money.billing.query(
            "SELECT owner_kind, owner_id, currency, balance, held, sequence FROM ledger_accounts WHERE kind = 'wallet'"
        )
        for row in wallets {
            let kind = try #require(row["owner_kind"].text.flatMap(AccountOwner.Kind.init))
            let id: CustomerID = try #require(row["owner_id"].id())
            let owner = AccountOwner(kind: kind, id: id.value)
            history.wallets[.init(holder: try holder(owner), lane: try Self.lane(row))] = .init(
                balance: try #require(row["balance"].int64),
                held: try #require(row["held"].int64),
                sequence: try #require(row["sequence"].int64)
            )
        }
        return history
    }

    private static func lane(_ row: PGRow) throws -> MoneyHistory.Lane {
        try #require(row["currency"].text.flatMap(MoneyHistory.Lane.init))
    }

    /// Who writes the lane of euros, and how often it was taken.
    func leader() async throws -> (holder: String, epoch: Int64)? {
        let row = try await money.billing.query("SELECT holder, epoch FROM ledger_lanes WHERE currency = 'EUR'").first
        guard let row, let holder = row["holder"].text, let epoch = row["epoch"].int64 else { return nil }
        return (holder, epoch)
    }
}
