import Admission
import Concurrency
import Domain
import Lifecycle
import Observability
import Persistence

/// Gives an empty Redis what Postgres has: bindings, open sessions' slots, and every unit that somebody has or that is kept
/// for its owner. Then the servers get the time to replay their newest grants, and addresses may be given.
///
/// When Postgres cannot be read to the end it throws, and no address is given: one could be somebody's.
struct WarmUp: Sendable {
    let keeper: AdmissionKeeper
    let store: AllocationStore
    let logger: Logger
    let clock: TimeSource
    let ids: IDGenerator
    /// How long servers get to replay their grants.
    let replay: Duration
    /// A slot counts for so long without being heard of.
    let leaseSeconds: UInt32
    private let page = 500

    init(
        keeper: AdmissionKeeper,
        store: AllocationStore,
        logger: Logger,
        clock: TimeSource,
        replay: Duration,
        leaseSeconds: UInt32
    ) {
        self.keeper = keeper
        self.store = store
        self.logger = logger
        self.clock = clock
        ids = IDGenerator(time: clock)
        self.replay = replay
        self.leaseSeconds = leaseSeconds
    }

    func run(_ pools: PoolCatalogue) async throws {
        let began = SystemClock.monotonicNanoseconds()
        try await walk { place in
            let (page, next) = try await store.bindings(after: place, limit: page)
            _ = try await keeper.bind(page.map(\.asKept))
            return next
        }
        var sessions = 0
        try await walk { place in
            let (page, next) = try await store.openSessions(after: place, limit: page)
            _ = try await keeper.claim(page.map { $0.claim(leaseSeconds: leaseSeconds) })
            sessions += page.count
            return next
        }
        var units = 0
        var refused = 0
        try await walk { place in
            let (page, next) = try await store.openAllocations(after: place, limit: page, pools: pools)
            let claims = page.compactMap { $0.claim(pools, leaseSeconds: leaseSeconds, now: clock.now()) }
            let stands = try await keeper.claim(claims)
            units += stands.count { $0 }
            refused += stands.count { !$0 }
            return next
        }
        try await rest(for: replay)
        // Asked to end before the servers had their time: whoever leads next begins again.
        guard !GracefulShutdown.isShuttingDown else { return }
        try await keeper.setReady(ids.uuid())
        logger.info(
            "addresses were loaded into Redis",
            [
                "sessions": .int(sessions), "units": .int(units), "units.refused": .int(refused),
                "seconds": .double(Double(SystemClock.monotonicNanoseconds() - began) / 1e9),
            ]
        )
    }

    private func walk(_ body: (WalkPlace) async throws -> WalkPlace?) async throws {
        var place = WalkPlace.start
        while let next = try await body(place) { place = next }
    }
}

extension AllocationStore.Binding {
    var asKept: AdmissionKeeper.Binding {
        AdmissionKeeper.Binding(service: serviceID.value, generation: generation, hardwareAddress: hardwareAddress)
    }
}
