internal import Billing
internal import Concurrency
internal import Domain
internal import Ledger
internal import Messaging
internal import NATS
internal import Observability
internal import Persistence
internal import Postgres

/// Commands one by one, each from a client that waits for its answer, to customers taken at random: through JetStream, billing-worker
/// and back, as the gateway sends them.
enum PostLoad {
    private static let clock = TimeSource { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }

    static func run(url: String, nats: String, clients: Int, seconds: Int) async throws -> LoadTally {
        let session = PostgresSession(PostgresConfiguration(url: url, role: "nexora_billing"))
        let customers = try await session.query("SELECT tenant_id, id FROM customers ORDER BY id LIMIT 20000")
            .compactMap {
                row -> MoneyOwners.Claim? in
                guard let id: CustomerID = row["id"].id(), let tenant: TenantID = row["tenant_id"].id() else {
                    return nil
                }
                return MoneyOwners.Claim(.customer(id), of: tenant)
            }
        guard let first = customers.first, let root = try await MoneyOwners(session).operators(of: [first])[first]
        else {
            throw LaneFault.notLeading
        }
        let ids = IDGenerator(time: clock)
        let client = try NATSClient(
            NATSConfiguration(url: nats, name: "ledger-load"),
            logger: Logger(service: "ledger-load", sink: MemoryLogSink())
        )
        let desk = try CommandDesk(client, ids: ids)
        let lane = Lane(rootID: root, currency: .euro)
        // The lane is led, and all wallets are there.
        _ = try await load(desk, lane, customers, ids, clients: clients, for: .seconds(3))
        let before = try await transfers(session, root)
        var tally = try await load(desk, lane, customers, ids, clients: clients, for: .seconds(seconds))
        tally.isBalanced = try await transfers(session, root) - before == Int64(tally.transfers)
        await desk.close()
        await client.close()
        await session.close()
        return tally
    }

    private static func load(
        _ desk: CommandDesk,
        _ lane: Lane,
        _ customers: [MoneyOwners.Claim],
        _ ids: IDGenerator,
        clients: Int,
        for interval: Duration
    ) async throws -> LoadTally {
        let amount = try Money(tenThousandths: 100, currency: .euro)
        return try await withThrowingTaskGroup(of: LoadTally.self) { group in
            for _ in 0..<clients {
                group.addTask {
                    var tally = LoadTally()
                    let began = SystemClock.monotonicNanoseconds()
                    let end = Deadline.after(interval)
                    while !end.hasPassed {
                        guard let customer = customers.randomElement() else { break }
                        let id: TransferID = ids.next()
                        guard let key = IdempotencyKey(id.description) else { break }
                        let command = MoneyCommand(
                            id: id,
                            tenantID: customer.tenantID,
                            lane: lane,
                            key: key,
                            action: .topUp(customer.owner, amount: amount, gateway: "bench"),
                            details: TransferDetails(.topUp)
                        )
                        let start = SystemClock.monotonicNanoseconds()
                        let answer = try await desk.submit(command, within: .seconds(10))
                        tally.commits.append(SystemClock.monotonicNanoseconds() - start)
                        if answer?.isPosted == true { tally.transfers += 1 }
                    }
                    tally.nanoseconds = SystemClock.monotonicNanoseconds() - began
                    return tally
                }
            }
            return try await group.reduce(LoadTally(), +)
        }
    }

    private static func transfers(_ session: PostgresSession, _ root: TenantID) async throws -> Int64 {
        try await session.query(
            """
            SELECT count(*) FROM ledger_transfers t JOIN ledger_lanes l ON l.lane = t.lane WHERE l.tenant_id = $1
            """,
            [.id(root)]
        ).first?[0].int64 ?? 0
    }
}
