import Billing
import Concurrency
import Domain
import Glibc
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

/// A provider's subscribers over the days of a script: the real billing-worker and the real relay as processes that can be killed, on
/// a clock that the test moves.
final class YearWorld {
    let money: MoneyWorld
    let script: YearScript
    private(set) var diary: YearDiary
    /// The contracts as they should be; exact for those who are never short of money.
    var accounts: [YearAccount]
    /// What each asked of his contract and was not refused, in its order.
    var asked: [[YearAsked]]
    /// Where the clock stands, in seconds since 1970.
    private(set) var now: Int64
    var random: SeededRandom
    private let server: RealPostgres
    private let clockFile: String
    private var worker: ChildProcess?
    private var relay: ChildProcess?
    private(set) var subscriptions: [SubscriptionID] = []
    /// The plans as they are sold.
    private(set) var terms: [PlanTerms] = []
    let calendars: [YearZone: BillingCalendar]

    init(subscribers count: Int, _ random: SeededRandom) async throws {
        self.random = random
        script = YearScript(subscribers: count, &self.random)
        diary = YearDiary(subscribers: count)
        accounts = script.subscribers.map(YearAccount.init)
        asked = Array(repeating: [], count: count)
        now = YearScript.firstSecond
        server = try await RealPostgres.start()
        money = try await MoneyWorld(on: server, customers: count)
        clockFile = money.folder.file("clock")
        var calendars: [YearZone: BillingCalendar] = [:]
        for zone in YearZone.allCases {
            let rules = try #require(TimeZoneRules(file: try TimeZoneSample.file(zone.rawValue)))
            calendars[zone] = BillingCalendar(rules)
        }
        self.calendars = calendars
        try await sell()
        try move(to: now)
        try await startWorker()
        try await startRelay()
    }

    // MARK: - Processes

    private func startWorker() async throws {
        worker = try await money.worker(settings: [
            "NEXORA_CLOCK_FILE=\(clockFile)", "NEXORA_SUBSCRIPTIONS_INTERVAL=10ms",
        ])
    }

    /// accounting-consumer: it publishes what the worker writes into the outbox, and so the worker hears of money that came.
    private func startRelay() async throws {
        relay = try await ChildProcess.start(
            BuiltPrograms.path("accounting-consumer"),
            [],
            log: money.folder.file("relay-\(UInt32.random(in: 0...UInt32.max)).log"),
            environment: [
                "DATABASE_URL=\(money.url)", "NATS_URL=\(money.nats.url)",
                "REDIS_URL=redis://127.0.0.1:\(money.redis.port)", "NEXORA_ADMIN_PORT=0", "NEXORA_OUTBOX_IDLE=5ms",
                "NEXORA_SHUTDOWN_DEADLINE=10s",
            ]
        )
    }

    private func suffer(_ fault: YearScript.Fault) async throws {
        switch fault {
        case .worker:
            try await worker?.kill()
            try await startWorker()
        case .relay:
            try await relay?.kill()
            try await startRelay()
        case .nats:
            try await money.nats.kill()
            try await money.nats.start()
        case .postgres:
            try await server.kill()
            try await server.start()
        }
    }

    /// Asks both to end, and closes everything.
    func close() async throws {
        #expect(try await worker?.stop() == 0)
        #expect(try await relay?.stop() == 0)
        try await money.close()
        try await server.stop()
    }

    // MARK: - Time

    func move(to time: Int64) throws {
        precondition(time >= now, "time goes forward")
        now = time
        // Renamed into its place: nobody reads half a time.
        let new = try money.folder.write("\(Timestamp(secondsSince1970: time))\n", to: "clock-new")
        try #require(unsafe rename(new, clockFile) == 0)
    }

    /// One day: the clock moves, whoever begins today begins, money moves, something may die meanwhile, and plans are changed.
    /// Returns when the worker has nothing more to do.
    func live(day: Int) async throws {
        try move(to: script.moments[day])
        if day < YearScript.beginning { try await begin(on: day) }
        let commands = (0..<script.subscribers.count / 40).compactMap { draw(day, $0) }
        try await ask(commands, while: script.faults[day])
        try await waitForWorker(on: day)
        try await changePlans(on: day)
    }

    func waitForWorker(on day: Int) async throws {
        try await waitForWorker(mayMoveTime: day >= YearScript.beginning, hears: script.faults[day] == nil)
    }

    /// What nobody answered is asked again when the worker's clock says so, and that one stands still: then it moves on a little.
    ///
    /// `hears`: that money came is heard of as well. What a killed worker had heard and not done comes again only when NATS misses its
    /// acknowledgement: nobody waits for that on the day itself, and on the next the bill is asked for anyhow.
    private func waitForWorker(mayMoveTime: Bool, hears: Bool) async throws {
        let end = Deadline.after(.seconds(120))
        while true {
            do {
                return try await eventually(within: mayMoveTime ? .milliseconds(500) : .seconds(120)) {
                    (try? await isIdle(hears)) ?? false
                }
            } catch is NeverHeld where mayMoveTime && !end.hasPassed {
                try move(to: now + 31)
            }
        }
    }

    /// No subscription is due, no charge is unanswered and, where it hears, no bill waits that its wallet could pay.
    private func isIdle(_ hears: Bool) async throws -> Bool {
        let rows = try await money.billing.query(
            """
            SELECT (SELECT count(*) FROM subscriptions WHERE next_action_at <= $1)
                + (SELECT count(*) FROM bills WHERE status IN ('pending', 'overdue') AND sent)
                + (SELECT count(*) FROM bills b JOIN ledger_accounts a ON a.tenant_id = b.tenant_id
                        AND a.owner_id = b.customer_id AND a.owner_kind = 'customer' AND a.kind = 'wallet'
                        AND a.gateway = '' AND a.currency = b.currency
                    WHERE $2 AND b.status IN ('pending', 'overdue') AND b.due_at <= $1 AND b.amount <= a.balance - a.held) AS busy
            """,
            [.time(Timestamp(secondsSince1970: now)), .bool(hears)]
        )
        return rows.first?["busy"].int64 == 0
    }

    // MARK: - Subscribers

    /// Plans, services and contracts that nobody began yet, as the gateway stores them.
    private func sell() async throws {
        let (money, script) = (money, script)
        (subscriptions, terms) = try await money.database.transaction(in: money.provider) { transaction in
            let store = SubscriptionStore(transaction, ids: money.ids)
            var terms: [PlanTerms] = []
            for (number, plan) in YearPlan.all.enumerated() {
                terms.append(try await Self.pin(plan, number, money, transaction, store))
            }
            var subscriptions: [SubscriptionID] = []
            for (number, subscriber) in script.subscribers.enumerated() {
                let (service, customer): (ServiceID, CustomerID) = (money.ids.next(), money.customers[number])
                _ = try await transaction.query(
                    "UPDATE customers SET due_day = $3 WHERE tenant_id = $1 AND id = $2",
                    [.id(money.provider), .id(customer), .int4(Int32(subscriber.billingDay))]
                )
                _ = try await transaction.query(
                    "INSERT INTO services (tenant_id, id, customer_id, plan_id, username) VALUES ($1, $2, $3, $4, $5)",
                    [
                        .id(money.provider), .id(service), .id(customer), .id(terms[subscriber.plan].planID),
                        .text("user\(number)"),
                    ]
                )
                let row = try await store.create(
                    service: service,
                    terms: terms[subscriber.plan],
                    timeZone: subscriber.zone.rawValue
                )
                subscriptions.append(row.subscription.id)
            }
            return (subscriptions, terms)
        }
    }

    private static func pin(
        _ plan: YearPlan,
        _ number: Int,
        _ money: MoneyWorld,
        _ transaction: ScopedTransaction,
        _ store: SubscriptionStore
    ) async throws -> PlanTerms {
        let id: PlanID = money.ids.next()
        _ = try await transaction.query(
            """
            INSERT INTO plans (tenant_id, id, name, download_bps, upload_bps, price)
            VALUES ($1, $2, $3, 1000000, 1000000, $4::bigint / 10000.0)
            """,
            [.id(money.provider), .id(id), .text("Plan \(number)"), .int8(plan.price)]
        )
        let cycle: BillingCycle =
            switch plan.cycle {
            case .day: .daily
            case .month: .monthly
            case .year: .yearly
            }
        let terms = PlanTerms(
            version: money.ids.next(),
            planID: id,
            price: try Money(tenThousandths: plan.price, currency: .euro),
            cycle: cycle,
            mode: plan.isPrepaid ? .prepaid : .postpaid
        )
        return try await store.pin(terms, tenant: money.provider)
    }

    /// Who begins on that day pays in something and is activated, at the moment at which the clock stands.
    private func begin(on day: Int) async throws {
        let beginners = self.script.subscribers.indices.filter { self.script.subscribers[$0].day == day }
        var commands: [YearCommand] = []
        for number in beginners {
            let amount: Int64 =
                self.script.subscribers[number].isRich ? 100_000_000 : Int64.random(in: 1...4_000, using: &random) * 100
            commands.append(YearCommand(key: "begin/\(number)", subscriber: number, action: .topUp, amount: amount))
        }
        try await ask(commands, while: nil)
        let (money, script, subscriptions, calendars) = (money, script, subscriptions, calendars)
        let moment = Timestamp(secondsSince1970: now)
        try await money.database.transaction(in: money.provider) { transaction in
            let store = SubscriptionStore(transaction, ids: money.ids)
            for number in beginners {
                let row = try #require(try await store.find(subscriptions[number], forUpdate: true))
                let calendar = try #require(calendars[script.subscribers[number].zone])
                _ = try await store.step(row, .activate, at: moment, calendar: calendar)
            }
        }
    }

    // MARK: - Commands

    /// One of the day's commands; now and then one that was sent before. Nil where there is nobody to do it to.
    private func draw(_ day: Int, _ number: Int) -> YearCommand? {
        let chance = Int.random(in: 0..<20, using: &random)
        if chance < 2, let old = diary.entries.randomElement(using: &random) { return old.command }
        let anybody = Int.random(in: 0..<script.subscribers.count, using: &random)
        // Money comes above all to those who wait for it, somewhat less than they would need.
        let isShort = chance < 11 && Bool.random(using: &random)
        let subscriber = (isShort ? script.short.randomElement(using: &random) : nil) ?? anybody
        guard script.subscribers[subscriber].day < min(day, YearScript.beginning) else { return nil }
        let key = "\(day)/\(number)"
        let copies = Int.random(in: 0..<5, using: &random) == 0 ? 3 : 1
        func command(_ action: YearCommand.Action, _ range: ClosedRange<Int64>, by factor: Int64) -> YearCommand {
            let amount = Int64.random(in: range, using: &random) * factor
            return YearCommand(key: key, subscriber: subscriber, action: action, amount: amount, copies: copies)
        }
        switch chance {
        case 2..<11: return command(.topUp, 1...3_000, by: 100)
        case 11..<16: return command(.charge, 1...900, by: -100)
        case 16: return command(.adjust, 1...500, by: 100)
        case 17: return command(.adjust, 1...500, by: -100)
        default:
            guard let charge = diary.takeRefundable(&random) else { return nil }
            return YearCommand(
                key: key,
                subscriber: charge.command.subscriber,
                action: .refund(charge.transfer),
                amount: Int64.random(in: 1...max(1, -charge.command.amount / 100), using: &random) * 100,
                copies: copies
            )
        }
    }

    private static func action(_ command: YearCommand, _ money: MoneyWorld) throws -> MoneyCommand {
        let owner = AccountOwner.customer(money.customers[command.subscriber])
        let amount = try Money(tenThousandths: command.amount, currency: .euro)
        return switch command.action {
        case .topUp: try money.command(command.key, .topUp(owner, amount: amount, gateway: "cash"))
        case .charge:
            try money.command(command.key, .charge(owner, amount: amount.negated, shared: true), purpose: .usage)
        case .adjust: try money.command(command.key, .adjust(owner, amount: amount), purpose: .adjustment)
        case .refund(let charge):
            try money.command(command.key, .refund(charge, amount: amount), purpose: .refund)
        }
    }

    /// Sends commands, all at once and some more than once, while something dies; each until it is answered. Whoever asks under a key
    /// is told the same.
    func ask(_ commands: [YearCommand], while fault: YearScript.Fault?) async throws {
        let money = money
        let before = try await money.number("SELECT count(*) FROM ledger_keys")
        let new = Int64(Set(commands.map(\.key)).count { diary.entry($0) == nil })
        let after = before + Int64.random(in: 0...new, using: &random)
        let answers = try await withThrowingTaskGroup(of: (Int, MoneyAnswer).self) { group in
            for (number, command) in commands.enumerated() {
                for _ in 0..<command.copies {
                    group.addTask { (number, try await money.settle(Self.action(command, money))) }
                }
            }
            if let fault {
                // Somewhere in the middle of it.
                try await eventually(within: .seconds(60)) {
                    try await money.number("SELECT count(*) FROM ledger_keys") >= after
                }
                try await suffer(fault)
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for (number, answer) in answers.sorted(by: { $0.0 < $1.0 }) {
            let command = commands[number]
            guard case .decided(let verdict, let transfer, _) = answer.outcome else {
                Issue.record("\(command.key) was answered \(answer.outcome)")
                continue
            }
            if let first = diary.entry(command.key) {
                #expect(first.transfer == transfer && first.isPosted == verdict.isPosted, "\(command.key)")
                continue
            }
            diary.write(YearDiary.Entry(command: command, transfer: transfer, isPosted: verdict.isPosted))
        }
    }
}
