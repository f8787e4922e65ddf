import Concurrency
import SharedTesting
import Synchronization
import Testing

@Suite struct CombinerTests {
    private struct Refused: Error, Equatable { let number: Int }

    /// What was carried out at once, batch by batch; the first batch waits until the gate opens.
    private final class Record: Sendable {
        let batches = Mutex<[[Int]]>([])
        let gate = Mutex(false)

        func carryOut(_ key: String, _ items: [Int]) async -> [Result<Int, any Error>] {
            batches.withLock { $0.append(items) }
            while !gate.withLock({ $0 }) { await Task.yield() }
            return items.map { $0 % 7 == 3 ? .failure(Refused(number: $0)) : .success($0 * 2) }
        }
    }

    private final class Count: Sendable {
        private let number = Atomic(0)
        var value: Int { number.load(ordering: .relaxed) }
        func add() { number.add(1, ordering: .relaxed) }
    }

    @Test func `what comes meanwhile is one batch, and each hears of its own`() async throws {
        let record = Record()
        let combiner = Combiner<String, Int, Int>(most: 100, mostWaiting: 100, carryOut: record.carryOut)
        async let running: Void = combiner.run()
        try await withThrowingTaskGroup(of: (Int, Result<Int, any Error>).self) { group in
            for number in 0..<50 {
                group.addTask {
                    do { return (number, .success(try await combiner.submit(number, to: "a"))) } catch {
                        return (number, .failure(error))
                    }
                }
            }
            try await eventually { record.batches.withLock { !$0.isEmpty } }
            record.gate.withLock { $0 = true }
            for try await (number, result) in group {
                switch result {
                case .success(let value): #expect(value == number * 2 && number % 7 != 3)
                case .failure(let error): #expect(error as? Refused == Refused(number: number) && number % 7 == 3)
                }
            }
        }
        let batches = record.batches.withLock { $0 }
        #expect(batches.flatMap(\.self).sorted() == Array(0..<50))
        #expect(batches[0].count == 1 && batches.count < 50)
        // Nothing waits any more: who comes now begins at once.
        #expect(try await combiner.submit(100, to: "a") == 200)
        combiner.finish()
        await running
        await #expect(throws: CombinerFull.self) { try await combiner.submit(1, to: "a") }
    }

    @Test func `no batch is larger than said, and nobody waits behind another key`() async throws {
        let record = Record()
        let combiner = Combiner<String, Int, Int>(most: 4, mostWaiting: 100) { key, items in
            key == "stuck" ? await record.carryOut(key, items) : items.map { .success($0) }
        }
        async let running: Void = combiner.run()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask { _ = try? await combiner.submit(number, to: "stuck") }
            }
            try await eventually { record.batches.withLock { !$0.isEmpty } }
            #expect(try await combiner.submit(1, to: "free") == 1)
            record.gate.withLock { $0 = true }
            try await group.waitForAll()
        }
        let batches = record.batches.withLock { $0 }
        #expect(batches.allSatisfy { (1...4).contains($0.count) } && batches.flatMap(\.self).count == 20)
        combiner.finish()
        await running
    }

    @Test func `too many are refused at once, and cancelling takes nothing back`() async throws {
        let record = Record()
        let combiner = Combiner<String, Int, Int>(most: 10, mostWaiting: 1, carryOut: record.carryOut)
        async let running: Void = combiner.run()
        let first = Task { try await combiner.submit(1, to: "a") }
        try await eventually { record.batches.withLock { !$0.isEmpty } }
        let refusals = Count()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in [2, 4] {
                group.addTask {
                    do { _ = try await combiner.submit(number, to: "a") } catch is CombinerFull { refusals.add() }
                }
            }
            // One of the two finds the only place taken.
            try await eventually { refusals.value == 1 }
            first.cancel()
            record.gate.withLock { $0 = true }
            try await group.waitForAll()
        }
        #expect(try await first.value == 2)
        #expect(refusals.value == 1 && record.batches.withLock { $0.flatMap(\.self).count } == 2)
        combiner.finish()
        await running
    }

    @Test func `whoever waits when it is cancelled is told`() async throws {
        let combiner = Combiner<String, Int, Int>(most: 1, mostWaiting: 10) { _, items in items.map { .success($0) } }
        let waiting = Task { try await combiner.submit(1, to: "a") }
        let running = Task { await combiner.run() }
        running.cancel()
        await running.value
        // Carried out before the end came, or refused by it: never forgotten.
        switch await waiting.result {
        case .success(let value): #expect(value == 1)
        case .failure(let error): #expect(error is CombinerFull)
        }
    }
}
