import SharedTesting
import Testing

@testable import AccountingConsumer

@Suite struct BatchBisectionTests {
    /// Drives the machine against a batch in which some records are bad; what committed, what was blamed, and how often
    /// the database was asked.
    private func run(count: Int, bad: Set<Int>) -> (committed: [Int], blamed: [Int], attempts: Int) {
        var bisection = BatchBisection(count: count)
        var (committed, blamed, attempts) = ([Int](), [Int](), 0)
        while let part = bisection.next(), attempts < 100_000 {
            attempts += 1
            let outcome: BatchBisection.Outcome = part.contains { bad.contains($0) } ? .refused : .committed
            if outcome == .committed { committed += part }
            if case .blame(let index) = bisection.report(outcome) { blamed.append(index) }
        }
        return (committed, blamed, attempts)
    }

    @Test(.proves("MSG-03")) func `a good batch is one transaction`() {
        let result = run(count: 1_000, bad: [])
        #expect(result.attempts == 1)
        #expect(result.committed == Array(0..<1_000))
    }

    @Test(.proves("MSG-03")) func `the bad record is isolated and all others commit in order`() {
        let result = run(count: 1_000, bad: [617])
        #expect(result.blamed == [617])
        #expect(result.committed == (0..<1_000).filter { $0 != 617 })
        #expect(result.attempts <= 2 * 10 + 1)
    }

    @Test(.proves("MSG-03")) func `whatever is bad, exactly that is blamed`() {
        var random = SeededRandom()
        for _ in 0..<200 {
            let count = Int.random(in: 1...200, using: &random)
            let share = Double.random(in: 0...0.3, using: &random)
            let bad = Set((0..<count).filter { _ in Double.random(in: 0..<1, using: &random) < share })
            let result = run(count: count, bad: bad)
            #expect(result.blamed == bad.sorted())
            #expect(result.committed == (0..<count).filter { !bad.contains($0) })
        }
    }

    @Test func `bad luck repeats the same part and blames nobody`() {
        var bisection = BatchBisection(count: 10)
        for _ in 0..<50 {
            let verdict = bisection.report(.unlucky)
            #expect(verdict == .proceed(waiting: true))
            #expect(bisection.next() == 0..<10)
        }
    }

    @Test func `what is too large is halved and a single record waits`() {
        var bisection = BatchBisection(count: 2)
        let first = bisection.report(.tooLarge)
        #expect(first == .proceed(waiting: false))
        #expect(bisection.next() == 0..<1)
        let second = bisection.report(.tooLarge)
        #expect(second == .proceed(waiting: true))
        #expect(bisection.next() == 0..<1)
    }

    @Test func `an empty batch has nothing to do`() {
        #expect(BatchBisection(count: 0).next() == nil)
    }
}

@Suite struct FailureLedgerTests {
    private func expect(_ ledger: inout FailureLedger, _ sequence: UInt64, _ count: Int) {
        let failures = ledger.failed(sequence)
        #expect(failures == count)
    }

    @Test(.proves("MSG-03")) func `failures are counted by message and forgotten when settled`() {
        var ledger = FailureLedger()
        let counts = (1...5).map { _ in ledger.failed(7) }
        #expect(counts == [1, 2, 3, 4, 5])
        expect(&ledger, 8, 1)
        ledger.settled(7)
        expect(&ledger, 7, 1)
    }

    @Test func `the ledger is bounded and forgets the oldest message`() {
        var ledger = FailureLedger(capacity: 3)
        for sequence in 1...3 as ClosedRange<UInt64> { _ = ledger.failed(sequence) }
        expect(&ledger, 4, 1)
        expect(&ledger, 1, 1)
        expect(&ledger, 3, 2)
    }

    @Test func `no part is larger than the limit and all parts together are the batch, in order`() {
        for count in [0, 1, 1_999, 2_000, 2_001, 7_000] {
            var bisection = BatchBisection(count: count, limit: 2_000)
            var next = 0
            while let part = bisection.next() {
                #expect(part.lowerBound == next && part.count <= 2_000)
                next = part.upperBound
                _ = bisection.report(.committed)
            }
            #expect(next == count)
        }
    }
}
