import Concurrency
import Glibc
import SharedTesting
import Testing

/// An actor as adapters write them: its handle's thread is its executor.
private actor Pinned {
    private let executor: ThreadExecutor
    private(set) var order: [Int] = []

    init(executor: ThreadExecutor) { self.executor = executor }

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    func thread() -> UInt { UInt(pthread_self()) }

    func threadAfterSuspension() async throws -> UInt {
        try await pause(for: .milliseconds(1))
        assertIsolated()
        return UInt(pthread_self())
    }

    func append(_ value: Int) { order.append(value) }
}

@Suite struct ThreadTests {
    @Test func `An actor on a thread executor keeps its thread over suspensions`() async throws {
        let executor = ThreadExecutor(name: "pinned")
        let pinned = Pinned(executor: executor)
        let first = await pinned.thread()
        #expect(try await pinned.threadAfterSuspension() == first)
        #expect(await pinned.thread() == first)
        executor.shutdown()
    }

    @Test func `Jobs after shutdown still run`() async {
        let executor = ThreadExecutor(name: "pinned")
        let pinned = Pinned(executor: executor)
        executor.shutdown()
        for value in 0..<100 { await pinned.append(value) }
        #expect(await pinned.order == Array(0..<100))
    }

    @Test func `A blocked worker does not hold other tasks`() async throws {
        let pool = WorkerPool(name: "block", threads: 1)
        let gate = Monitor(false)
        async let blocked = pool.run { gate.wait(for: { $0 }) { _ in 42 } }
        await Task.yield()
        gate.withLock(waking: .all) { $0 = true }
        #expect(try await blocked == 42)
        pool.shutdown()
        await #expect(throws: WorkerPool.Closed.self) { try await pool.run {} }
    }

    @Test func `A pool runs everything it accepted and passes errors on`() async throws {
        let pool = WorkerPool(name: "sum", threads: 3)
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for value in 0..<500 { group.addTask { try await onThread(pool) { value } } }
            return try await group.reduce(0, +)
        }
        #expect(sum == 124_750)
        await #expect(throws: CancellationError.self) { try await pool.run { throw CancellationError() } }
    }

    @Test func `A thread can be joined by threads and tasks, again and again`() async throws {
        let runs = Monitor(0)
        let thread = try PlatformThread.start(name: "joined") { runs.withLock { $0 += 1 } }
        let joiner = try PlatformThread.start(name: "joiner") { thread.join() }
        await thread.joined()
        await joiner.joined()
        await thread.joined()
        #expect(runs.withLock { $0 } == 1)
    }

    @Test func `A wait on a monitor ends at its deadline`() {
        let monitor = Monitor(0)
        #expect(monitor.wait(until: .after(.milliseconds(2)), for: { $0 > 0 }) { $0 } == nil)
        monitor.withLock { $0 = 1 }
        #expect(monitor.wait(until: .after(.zero), for: { $0 > 0 }) { $0 } == 1)
    }

    @Test func `An event descriptor wakes an epoll wait of another thread`() async throws {
        let wake = try EventFD()
        let woken = Monitor(false)
        let waiter = try PlatformThread.start(name: "epoll") {
            do {
                let epoll = try Epoll()
                try epoll.add(wake.fileDescriptor, .readable, token: 99)
                var seen = false
                while !seen {
                    try epoll.wait { event in seen = event.token == 99 && event.isReadable && !event.isBroken }
                }
                wake.drain()
                try epoll.wait(until: .after(.zero)) { _ in seen = false }
                woken.withLock { [seen] in $0 = seen }
            } catch {
                Issue.record(error)
            }
        }
        wake.signal()
        wake.signal()
        await waiter.joined()
        #expect(woken.withLock { $0 })
    }

    @Test func `System errors tell the call and the reason`() {
        #expect(throws: SystemError("bind", EADDRINUSE)) { try SystemError.check("bind", -EADDRINUSE) }
        #expect(SystemError("bind", EADDRINUSE).description == "bind: Address already in use (errno 98)")
    }
}
