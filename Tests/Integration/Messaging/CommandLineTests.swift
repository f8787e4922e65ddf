import Billing
import Concurrency
import Domain
import Ledger
import SharedTesting
import Synchronization
import Testing

@testable import Messaging

@Suite struct CommandLineTests {
    private struct Refused: Error {}

    private static func command(_ number: UInt64, _ lane: Lane) throws -> MoneyCommand {
        MoneyCommand(
            id: TransferID(UUID128(high: 1, low: number)),
            tenantID: TenantID(UUID128(high: 2, low: 2)),
            lane: lane,
            key: try #require(IdempotencyKey("\(number)")),
            action: .release(hold: TransferID(UUID128(high: 3, low: 3))),
            details: TransferDetails(.invoice)
        )
    }

    private final class Shared<Value: Sendable>: Sendable {
        private let value: Mutex<Value>

        init(_ value: Value) { self.value = Mutex(value) }

        func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
            value.withLock { value in body(&value) }
        }
    }

    /// What was sent, and how many messages of a lane were on their way at once.
    private struct Wire {
        var messages: [[MoneyCommand]] = []
        var underWay: [Lane: Int] = [:]
        var most = 0
        var next: UInt64 = 0
        var place: [TransferID: UInt64] = [:]
    }

    @Test(.proves("WAL-16"), arguments: 0..<20)
    func `each command is sent once, one message of a lane at a time, and everybody hears where his answer comes`(
        round: Int
    ) async throws {
        let line = CommandLine()
        let wire = Shared(Wire())
        let lanes = [Currency.euro, try Currency("USD")].map {
            Lane(rootID: TenantID(UUID128(high: 1, low: 1)), currency: $0)
        }
        let total = 200
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<total {
                group.addTask {
                    let command = try Self.command(UInt64(number), lanes[number % 2])
                    let token: UInt64
                    switch await line.enter(command, until: .never) {
                    case .sent(let sent): token = sent
                    case .failed(let error): throw error
                    case .lead(var batch):
                        if round % 2 == 1 {
                            await Task.yield()
                            batch = line.joined(command.lane, batch)
                        }
                        #expect(batch[0].command == command && batch.count <= 32)
                        let first = wire.withLock { wire in
                            wire.underWay[command.lane, default: 0] += 1
                            wire.most = max(wire.most, wire.underWay[command.lane] ?? 0)
                            wire.messages.append(batch.map(\.command))
                            let first = wire.next
                            for entry in batch {
                                wire.place[entry.command.id] = wire.next
                                wire.next += 1
                            }
                            return first
                        }
                        // Others come while it is on its way.
                        for _ in 0..<(round % 5) * 3 { await Task.yield() }
                        wire.withLock { $0.underWay[command.lane, default: 0] -= 1 }
                        line.leave(command.lane, batch, .success(first))
                        token = first
                    }
                    #expect(wire.withLock { $0.place[command.id] } == token)
                }
            }
            try await group.waitForAll()
        }
        let sent = wire.withLock { $0 }
        #expect(sent.most == 1 && sent.messages.joined().count == total)
        #expect(Set(sent.messages.joined().map(\.id)).count == total)
        #expect(sent.messages.allSatisfy { Set($0.map(\.lane)).count == 1 })
    }

    @Test func `who comes before the first has sent comes along, as many as a message takes`() async throws {
        let line = CommandLine()
        let lane = Lane(rootID: TenantID(UUID128(high: 1, low: 1)), currency: .euro)
        guard case .lead(let alone) = await line.enter(try Self.command(0, lane), until: .never) else {
            Issue.record("nobody was there")
            return
        }
        let tokens = Shared<Set<UInt64>>([])
        let second = Shared(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...40 {
                group.addTask {
                    switch await line.enter(try Self.command(UInt64(number), lane), until: .never) {
                    case .lead(let batch):
                        second.withLock { $0 = batch.count }
                        line.leave(lane, batch, .success(1_000))
                        tokens.withLock { _ = $0.insert(1_000) }
                    case .sent(let token): tokens.withLock { _ = $0.insert(token) }
                    case .failed(let error): throw error
                    }
                }
            }
            try await eventually { line.waiting(lane) == 40 }
            let batch = line.joined(lane, alone)
            #expect(batch.count == 32 && batch[0].command == alone[0].command && line.waiting(lane) == 9)
            line.leave(lane, batch, .success(100))
            try await group.waitForAll()
        }
        #expect(second.withLock { $0 } == 9)
        #expect(tokens.withLock { $0 } == Set(101...131).union(1_000...1_008))
    }

    @Test func `who rides along with a message that was not stored hears of it, and the next goes on`() async throws {
        let line = CommandLine()
        let lane = Lane(rootID: TenantID(UUID128(high: 1, low: 1)), currency: .euro)
        guard case .lead(let first) = await line.enter(try Self.command(0, lane), until: .never) else {
            Issue.record("nobody was there")
            return
        }
        let leaders = Shared(0)
        let failed = Shared(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...40 {
                group.addTask {
                    switch await line.enter(try Self.command(UInt64(number), lane), until: .never) {
                    case .lead(let batch):
                        leaders.withLock { $0 += 1 }
                        failed.withLock { $0 += 1 }
                        line.leave(lane, batch, .failure(Refused()))
                    case .failed(let error):
                        #expect(error is Refused)
                        failed.withLock { $0 += 1 }
                    case .sent: Issue.record("nothing was sent")
                    }
                }
            }
            try await eventually { line.waiting(lane) == 40 }
            line.leave(lane, first, .success(0))
            try await group.waitForAll()
        }
        #expect(failed.withLock { $0 } == 40 && leaders.withLock { $0 } == 2)
        // Nothing is left of them.
        guard case .lead = await line.enter(try Self.command(99, lane), until: .never) else {
            Issue.record("the lane is not free")
            return
        }
    }

    @Test(.proves("WAL-16"))
    func
        `who is cancelled while he sends takes nobody with him, and who waited his whole time hears that nothing was sent`()
        async throws
    {
        let line = CommandLine()
        let lane = Lane(rootID: TenantID(UUID128(high: 1, low: 1)), currency: .euro)
        guard case .lead(let first) = await line.enter(try Self.command(0, lane), until: .never) else {
            Issue.record("nobody was there")
            return
        }
        let sent = Shared<Set<UInt64>>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...10 as ClosedRange<UInt64> {
                group.addTask {
                    let end = number == 10 ? Deadline.after(.zero) : .never
                    switch await line.enter(try Self.command(number, lane), until: end) {
                    case .lead(let batch) where batch.count == 9:
                        // All who have time ride along; he is cancelled, and the next of them leads the rest.
                        line.leave(lane, batch, .failure(CancellationError()))
                    case .lead(let batch):
                        #expect(batch.count == 8)
                        sent.withLock { _ = $0.insert(0) }
                        line.leave(lane, batch, .success(0))
                    case .sent(let token): sent.withLock { _ = $0.insert(token) }
                    case .failed(let error):
                        #expect(error is NotSent && number == 10)
                        sent.withLock { _ = $0.insert(99) }
                    }
                }
            }
            try await eventually { line.waiting(lane) == 10 }
            line.leave(lane, first, .success(0))
            try await group.waitForAll()
        }
        #expect(sent.withLock { $0 } == [0, 1, 2, 3, 4, 5, 6, 7, 99])
    }
}
