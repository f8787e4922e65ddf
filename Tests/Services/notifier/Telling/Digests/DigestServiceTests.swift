import Domain
import Lifecycle
import Notices
import Observability
import Persistence
import SharedTesting
import Synchronization
import Testing

@testable import Notifier

/// Groups in memory, told as they are decided.
private final class MemoryGatherings: NoticeGathering {
    private struct State: Sendable {
        var groups: [HeldGroup]
        var told: [HeldGroup.Key] = []
        var pages = 0
    }

    private let state: Mutex<State>
    /// What telling a group throws.
    private let faults: [HeldGroup.Key: StorageFault]

    init(_ groups: [HeldGroup], faults: [HeldGroup.Key: StorageFault] = [:]) {
        state = Mutex(State(groups: groups))
        self.faults = faults
    }

    var told: [HeldGroup.Key] { state.withLock(\.told) }
    var pages: Int { state.withLock(\.pages) }

    func groups(after key: HeldGroup.Key, limit: Int, rest: Duration, at now: Timestamp) -> [HeldGroup] {
        state.withLock { state in
            state.pages += 1
            let first = state.groups.firstIndex { $0.key == key }.map { $0 + 1 } ?? 0
            return Array(state.groups[first...].prefix(limit))
        }
    }

    func tell(
        _ key: HeldGroup.Key,
        rest: Duration,
        at now: Timestamp,
        validity: Duration,
        decide: @Sendable (HeldGroup) -> Gathering.Decision
    ) throws(StorageFault) -> GatheringResult {
        if let fault = faults[key] { throw fault }
        var result = GatheringResult()
        result.digested = 10_000
        result.isTold = true
        state.withLock { $0.told.append(key) }
        return result
    }
}

@Suite struct DigestServiceTests {
    private static let now = Timestamp(secondsSince1970: 1_795_167_000)

    private static func group(
        _ number: UInt64,
        oldest: Timestamp = now + .seconds(-60),
        channel: String = "email",
        key: String = "alarm",
        quiet: Bool = false
    ) -> HeldGroup {
        var group = HeldGroup(
            key: HeldGroup.Key(
                tenantID: TenantID(UUID128(high: 1, low: 1)),
                recipientID: UUID128(high: 2, low: number),
                channel: channel,
                digestKey: key
            ),
            held: Gathering.Held(oldest: oldest, count: 2)
        )
        if quiet { (group.quietFrom, group.quietUntil) = (0, 1_439) }
        return group
    }

    private static func service(_ gatherings: MemoryGatherings, _ registry: MetricsRegistry) -> DigestService {
        DigestService(
            gatherings: gatherings,
            gathering: Gathering(),
            interval: .seconds(1),
            zone: { _ in nil },
            time: TimeSource { now },
            metrics: DigestMetrics(registry),
            health: Health(version: "test").component("digests"),
            logger: Logger(service: "test", sink: MemoryLogSink())
        )
    }

    @Test(.proves("NTF-07")) func `all groups are looked at, and those that may be told are`() async throws {
        let count = UInt64(DigestService.page * 2 + 3)
        let groups = (0..<count).map { number in
            Self.group(number, oldest: Self.now + .seconds(number.isMultiple(of: 2) ? 0 : -60))
        }
        let (gatherings, registry) = (MemoryGatherings(groups), MetricsRegistry())
        try await Self.service(gatherings, registry).look()
        let due = groups.filter { $0.held.oldest < Self.now }
        #expect(gatherings.told == due.map(\.key) && gatherings.pages == 3)
        let text = String(decoding: registry.render(), as: UTF8.self)
        #expect(text.contains("notices_digests_total \(due.count)\n"))
        #expect(text.contains("notices_digested_total \(due.count * 10_000)\n"))
    }

    @Test(.proves("NTF-07")) func `quiet hours hold alarms, but not what passes them, and not in the pages`()
        async throws
    {
        let groups = [
            Self.group(1, quiet: true), Self.group(2, key: "security", quiet: true),
            Self.group(3, channel: "in_app", quiet: true), Self.group(4, key: "overflow", quiet: true),
        ]
        let gatherings = MemoryGatherings(groups)
        try await Self.service(gatherings, MetricsRegistry()).look()
        #expect(gatherings.told == [groups[1].key, groups[2].key])
    }

    @Test(.proves("NTF-03")) func `a group that cannot be told keeps no other waiting`() async throws {
        let groups = [Self.group(1), Self.group(2)]
        let gatherings = MemoryGatherings(groups, faults: [groups[0].key: .refused("too long")])
        await #expect(throws: StorageFault.refused("too long")) {
            try await Self.service(gatherings, MetricsRegistry()).look()
        }
        #expect(gatherings.told == [groups[1].key])
        let away = MemoryGatherings(groups, faults: [groups[0].key: .outage("away")])
        await #expect(throws: StorageFault.outage("away")) {
            try await Self.service(away, MetricsRegistry()).look()
        }
        #expect(away.told.isEmpty)
    }
}
