import Billing
import Domain
import Ledger
import Observability
import Persistence
import SharedTesting
import Synchronization
import Testing

@testable import BillingWorker

/// What is asked of the ledger for boosts, and what is stored of each answer.
@Suite(.proves("BST-05", "BST-06")) struct BoostEngineTests {
    /// Boosts in memory, stepped by the same rules as those in Postgres.
    private final class Shelf: BoostKeeping {
        private let contents: Mutex<[BoostID: Boost]>
        private let ids: IDGenerator
        private let calendar = BillingCalendar(.utc)
        let settled = Mutex<[BoostOutcome]>([])
        /// What the next round fails with.
        let fault = Mutex<StorageFault?>(nil)

        init(_ boosts: [BoostID: Boost], ids: IDGenerator) {
            contents = Mutex(boosts)
            self.ids = ids
        }

        subscript(id: BoostID) -> Boost? { contents.withLock { $0[id] } }

        func advance(at now: Timestamp, limit: Int) async throws(StorageFault) -> BoostRound {
            if let fault = fault.withLock({ $0.take() }) { throw fault }
            var round = BoostRound()
            let due = contents.withLock { boosts in
                boosts.filter { $0.value.nextActionAt.map { $0 <= now } ?? false }.map(\.key).sorted().prefix(limit)
            }
            round.found = due.count
            for id in due {
                guard let after = step(id, .time, now), after.isSent else { continue }
                round.charges.append(BoostEngineTests.charge(id, after, ids))
            }
            return round
        }

        func settle(_ outcomes: [BoostOutcome], at now: Timestamp) async throws(StorageFault) -> BoostRound {
            settled.withLock { $0 += outcomes }
            for outcome in outcomes {
                switch outcome.answer {
                case .paid: _ = step(outcome.charge.boostID, .paid, now)
                case .refused(let why):
                    _ = step(outcome.charge.boostID, .refused(attempt: outcome.charge.attempt, reason: why), now)
                }
            }
            return BoostRound()
        }

        private func step(_ id: BoostID, _ event: Boost.Event, _ now: Timestamp) -> Boost? {
            contents.withLock { boosts in
                guard let after = try? boosts[id]?.step(event, at: now, calendar: calendar) else { return nil }
                boosts[id] = after
                return after
            }
        }
    }

    private static let start = Timestamp(secondsSince1970: 1_790_000_000)
    private let ids = IDGenerator(time: .fixed(start))

    private static func charge(_ id: BoostID, _ boost: Boost, _ ids: IDGenerator) -> BoostCharge {
        BoostCharge(
            tenantID: TenantID(UUID128(high: 1, low: 1)),
            rootID: TenantID(UUID128(high: 1, low: 2)),
            boostID: id,
            serviceID: ServiceID(UUID128(high: 1, low: 3)),
            customerID: CustomerID(UUID128(high: 1, low: 4)),
            attempt: boost.attempt,
            amount: boost.price
        )
    }

    private func approved(_ days: Int = 3) throws -> Boost {
        try Boost(days: days, price: try Money("4.67", currency: .euro))
            .step(.approve, at: Self.start, calendar: BillingCalendar(.utc))
    }

    private func engine(_ shelf: Shelf, _ desk: AnsweringDesk, at time: Timestamp) -> BoostEngine {
        let logger = Logger(service: "test", sink: MemoryLogSink())
        return BoostEngine(
            keeping: shelf,
            desk: ChargeDesk(desk: desk, ids: ids, logger: logger),
            time: .fixed(time),
            metrics: BoostMetrics(MetricsRegistry()),
            logger: logger,
            batch: 10,
            interval: .milliseconds(10)
        )
    }

    @Test func `a posted charge is paid, a refusal is not and says why, and silence says nothing`() async throws {
        let transfer: TransferID = ids.next()
        for (answer, expected) in [
            (MoneyAnswer(.decided(.posted, transfer, repeated: true)), .paid(transfer)),
            (MoneyAnswer(.decided(.insufficient, transfer, repeated: false)), .refused("insufficient")),
            (MoneyAnswer(.invalid(.ownerMissing)), .refused(MoneyAnswer.Flaw.ownerMissing.rawValue)),
            (MoneyAnswer(.keyReused), nil), (nil, nil),
        ] as [(MoneyAnswer?, BoostOutcome.Answer?)] {
            let id: BoostID = ids.next()
            let shelf = Shelf([id: try approved()], ids: ids)
            _ = try await engine(shelf, AnsweringDesk(answer), at: Self.start).pass()
            #expect(shelf.settled.withLock { $0.map(\.answer) } == expected.map { [$0] } ?? [])
            let boost = try #require(shelf[id])
            switch expected {
            case .paid: #expect(boost.state == .active && !boost.isSent)
            case .refused(let why): #expect(boost.state == .approved && boost.refusal == why && !boost.isSent)
            case nil: #expect(boost.state == .approved && boost.isSent && boost.refusal == nil)
            }
        }
    }

    @Test func `while nobody answers the key is the same, and after a refusal it is another`() async throws {
        let id: BoostID = ids.next()
        let shelf = Shelf([id: try approved()], ids: ids)
        let silent = AnsweringDesk(nil)
        var now = Self.start
        for _ in 0..<3 {
            // A worker that was killed in between knows nothing more than this.
            _ = try await engine(shelf, silent, at: now).pass()
            now = now + Boost.patience
        }
        let asked = silent.asked.withLock { $0 }
        #expect(asked.map(\.key.text) == Array(repeating: "boost:\(id):1", count: 3))
        #expect(Set(asked.map(\.action)) == [asked[0].action] && asked[0].details == asked[2].details)
        #expect(asked[0].details.purpose == .boost && asked[0].lane.currency == .euro)
        _ = try await engine(
            shelf,
            AnsweringDesk(MoneyAnswer(.decided(.insufficient, ids.next(), repeated: false))),
            at: now
        )
        .pass()
        let rich = AnsweringDesk(MoneyAnswer(.decided(.posted, ids.next(), repeated: false)))
        _ = try await engine(shelf, rich, at: now + Boost.retry - .seconds(1)).pass()
        #expect(rich.asked.withLock { $0.isEmpty })
        _ = try await engine(shelf, rich, at: now + Boost.retry).pass()
        #expect(rich.asked.withLock { $0.map(\.key.text) } == ["boost:\(id):2"])
        #expect(shelf[id]?.state == .active)
    }

    @Test func `it ends at its instant, and is asked for no more`() async throws {
        let id: BoostID = ids.next()
        let shelf = Shelf([id: try approved(2)], ids: ids)
        let desk = AnsweringDesk(MoneyAnswer(.decided(.posted, ids.next(), repeated: false)))
        _ = try await engine(shelf, desk, at: Self.start).pass()
        let end = try #require(shelf[id]?.period?.end)
        #expect(end == Self.start.day.adding(days: 2).start)
        _ = try await engine(shelf, desk, at: end - .seconds(1)).pass()
        #expect(shelf[id]?.state == .active)
        for _ in 0..<2 { _ = try await engine(shelf, desk, at: end).pass() }
        #expect(shelf[id]?.state == .expired && shelf[id]?.nextActionAt == nil)
        #expect(desk.asked.withLock { $0.count } == 1)
    }

    @Test func `what the database refuses is tried again, and a lost race at once`() async throws {
        let id: BoostID = ids.next()
        let shelf = Shelf([id: try approved()], ids: ids)
        let desk = AnsweringDesk(MoneyAnswer(.decided(.posted, ids.next(), repeated: false)))
        let engine = engine(shelf, desk, at: Self.start)
        shelf.fault.withLock { $0 = .conflict("somebody was there first") }
        #expect(try await engine.pass())
        shelf.fault.withLock { $0 = .broken("no row") }
        await #expect(throws: StorageFault.self) { try await engine.pass() }
        #expect(try await engine.pass() == false)
        #expect(shelf[id]?.state == .active)
    }
}
