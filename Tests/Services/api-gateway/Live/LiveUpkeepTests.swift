import Domain
import Observability
import SharedTesting
import Synchronization
import Testing

@testable import APIGateway

/// What clients and events may make the live tails do, and how often.
@Suite struct LiveUpkeepTests {
    private static func directory(_ kind: String) throws -> LiveEvent {
        let tenant = LiveSample.tenant(2)
        let json = """
            {"tenantid":"\(tenant)","time":"\(LiveSample.time)","data":{"kind":"\(kind)",\
            "rows":[{"id":"\(LiveSample.id(9))","version":"1"}]}}
            """
        return try LiveEvent(sequence: 1, subject: "directory.changed.\(tenant)", json: Array(json.utf8))
    }

    @Test(.proves("TEN-03")) func `tenants are read again for tenants' changes alone, and not for each of many`()
        async throws
    {
        let reads = Mutex(0)
        let logger = Logger(service: "test", level: .fatal, sink: MemoryLogSink())
        func tenants(_ pause: Duration) -> LiveTenants {
            reads.withLock { $0 = 0 }
            return LiveTenants(
                {
                    reads.withLock { $0 += 1 }
                    return LiveBench.parents
                },
                pause: pause,
                logger: logger
            )
        }
        var read: LiveTenants = tenants(.zero)
        await read.refresh()
        for kind in ["NAS", "PLAN", "CUSTOMER", "SERVICE", "CREDENTIAL", "POOL"] {
            await read.refresh(because: try Self.directory(kind))
        }
        #expect(reads.withLock { $0 } == 1)
        await read.refresh(because: try Self.directory("TENANT"))
        #expect(reads.withLock { $0 } == 2)
        read = tenants(.seconds(3_600))
        for _ in 0..<100 { await read.refresh(because: try Self.directory("TENANT")) }
        #expect(reads.withLock { $0 } == 1)
    }

    @Test(.proves("AUD-12")) func `a filter goes on record once, and a client that changes it without end is put out`()
    {
        var subscriptions = LiveSubscriptions()
        let start = ContinuousClock.now
        func filter(_ number: Int) -> LiveFilter {
            var filter = LiveFilter()
            filter.usernames = ["user\(number)"]
            return filter
        }
        for _ in 0..<1_000 { _ = subscriptions.take(LiveFilter(), at: start) }
        #expect(subscriptions.take(LiveFilter(), at: start) == .same)
        for number in 1..<LiveSubscriptions.mostChanges {
            #expect(subscriptions.take(filter(number), at: start) == .another)
        }
        #expect(subscriptions.take(filter(0), at: start) == .tooMany)
        #expect(subscriptions.take(filter(0), at: start + LiveSubscriptions.span) == .another)
    }
}
