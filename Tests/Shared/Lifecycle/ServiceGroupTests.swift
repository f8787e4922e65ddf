import Concurrency
import Observability
import SharedTesting
import Testing

@testable import Lifecycle

private struct Broken: Error {}

@Suite struct ServiceGroupTests {
    private let sink = MemoryLogSink()
    private let health = Health(version: "1")
    private let order = Monitor<[String]>([])

    private func group(_ services: [NamedService], deadline: Duration = .seconds(60)) -> ServiceGroup {
        ServiceGroup(
            services: services,
            drainDeadline: deadline,
            logger: Logger(service: "test", sink: sink),
            health: health
        )
    }

    private func polite(_ name: String) -> NamedService {
        NamedService(name) { [order] in
            order.withLock { $0.append("+" + name) }
            await waitForShutdown()
            order.withLock { $0.append("-" + name) }
        }
    }

    @Test func `Services end in reverse order and the process is not ready meanwhile`() async throws {
        let group = group([polite("a"), polite("b"), polite("c")])
        #expect(health.isReady)
        async let running: Void = group.run()
        try await eventually { order.withLock { $0.count } == 3 }
        group.shutdown()
        try await running
        #expect(order.withLock { $0 }.suffix(3) == ["-c", "-b", "-a"])
        #expect(!health.isReady)
    }

    @Test func `A service that throws brings the others down in order`() async throws {
        let group = group([polite("a"), NamedService("bad") { throw Broken() }, polite("c")])
        let failure = await #expect(throws: ServiceFailure.self) { try await group.run() }
        #expect(failure?.description == "bad failed: Broken()")
        #expect(order.withLock { $0 }.filter { $0.hasPrefix("-") } == ["-c", "-a"])
    }

    @Test func `A service that ends by itself is a failure`() async throws {
        let group = group([polite("a"), NamedService("short") {}])
        let failure = await #expect(throws: ServiceFailure.self) { try await group.run() }
        #expect(failure?.description == "short ended without being asked to")
    }

    @Test func `What is busy at the deadline is cancelled and named`() async throws {
        let stubborn = NamedService("stubborn") { try await pause(for: .seconds(3_600)) }
        let group = group([polite("a"), stubborn], deadline: .milliseconds(10))
        async let running: Void = group.run()
        group.shutdown()
        do {
            try await running
            Issue.record("ended without a failure")
        } catch {
            #expect("\(error)" == "still busy at the deadline: a, stubborn")
        }
    }

    @Test func `A signal begins the end`() async throws {
        let signals = BoundedQueue<Int32>(capacity: 1)
        let group = ServiceGroup(
            services: [polite("a")],
            drainDeadline: .seconds(60),
            logger: Logger(service: "test", sink: sink),
            health: health,
            signals: signals
        )
        let began = Monitor(false)
        group.onShutdown { began.withLock { $0 = true } }
        #expect(signals.offer(15))
        try await group.run()
        #expect(began.withLock { $0 })
        #expect(sink.lines.contains { $0.hasSuffix(#""msg":"signal received","signal":15}"#) })
    }

    @Test func `In any order of events each service is asked at most once and all are, from the last`() {
        var random = SeededRandom()
        for _ in 0..<300 {
            let count = Int.random(in: 1...6, using: &random)
            var machine = ServiceGroupStateMachine(names: (0..<count).map { "s\($0)" })
            var alive = Set(0..<count)
            var asked: [Int] = []
            var deadlines = 0
            var isCancelled = false
            while !machine.isFinished {
                let actions: [ServiceGroupStateMachine.Action]
                switch Int.random(in: 0..<4, using: &random) {
                case 0: actions = machine.shutdownRequested()
                case 1 where deadlines > 0: actions = machine.deadlinePassed()
                default:
                    guard let index = alive.randomElement(using: &random) else { continue }
                    alive.remove(index)
                    actions = machine.serviceEnded(index, error: Bool.random(using: &random) ? Broken() : nil)
                }
                for action in actions {
                    switch action {
                    case .startDeadline: deadlines += 1
                    case .cancelAll: isCancelled = true
                    case .shutDown(let index):
                        #expect(index == alive.max())
                        asked.append(index)
                    }
                }
            }
            #expect(deadlines == 1)
            #expect(asked == asked.sorted(by: >) && Set(asked).count == asked.count)
            if isCancelled { #expect(machine.failure != nil) }
            #expect(alive.isEmpty)
        }
    }
}
