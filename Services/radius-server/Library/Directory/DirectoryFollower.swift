import Concurrency
import Domain
import Events
import Lifecycle
import Observability

/// Keeps the RAM equal to Postgres: loads everything, then applies every `directory.changed` event behind the load, and
/// compares checksums from time to time. What differs is loaded whole again. Works from the snapshot until Postgres can
/// be reached; an outage of either server stops it, never the answers.
final class DirectoryFollower: Lifecycle.Service {
    struct Settings: Sendable {
        var checksumInterval: Duration = .seconds(30)
        var snapshotInterval: Duration = .seconds(300)
    }

    private let settings: Settings
    private let store: DirectoryStore
    private let loader: DirectoryLoader
    private let changes: any DirectoryChanges
    private let snapshots: DirectorySnapshot
    private let health: HealthComponent
    private let metrics: DirectoryMetrics
    private let logger: Logger

    init(
        settings: Settings,
        store: DirectoryStore,
        loader: DirectoryLoader,
        changes: any DirectoryChanges,
        snapshots: DirectorySnapshot,
        health: HealthComponent,
        metrics: DirectoryMetrics,
        logger: Logger
    ) {
        self.settings = settings
        self.store = store
        self.loader = loader
        self.changes = changes
        self.snapshots = snapshots
        self.health = health
        self.metrics = metrics
        self.logger = logger
    }

    func run() async throws {
        await restoreSnapshot()
        var backoff = Backoff(initial: .milliseconds(200), maximum: .seconds(5))
        while !GracefulShutdown.isShuttingDown {
            do {
                try await follow { backoff.reset() }
            } catch is CancellationError {
                return
            } catch {
                let state = store.isLoaded
                let reason = "the directory does not follow Postgres: \(error)"
                if state { health.set(.degraded(reason)) } else { health.set(.notReady(reason)) }
                logger.warn("the directory cannot be loaded or followed; trying again", ["error": .error(error)])
                try await pauseUnlessShuttingDown(backoff.next())
            }
        }
    }

    // MARK: - Private

    private func restoreSnapshot() async {
        do {
            guard let draft = try await snapshots.read() else { return }
            install(draft)
            health.set(.degraded("serving from the snapshot until Postgres answers"))
            logger.info("the directory was restored from its snapshot")
        } catch {
            logger.warn("the snapshot cannot be used", ["error": .error(error)])
        }
    }

    /// One life: load, then follow until something fails or a checksum differs.
    private func follow(loaded: () -> Void) async throws {
        // The stream's place first: an event between it and the load is applied twice, which changes nothing.
        let place = try? await changes.position()
        let began = SystemClock.monotonicNanoseconds()
        install(try await loader.load())
        metrics.loads.add(1)
        metrics.loadSeconds.set(Double(SystemClock.monotonicNanoseconds() - began) / 1e9)
        health.set(place == nil ? .degraded("changes arrive by checksum only: NATS cannot be reached") : .ready)
        logger.info("the directory is loaded", ["directory.services": .int(store.read { $0.subscribers.liveCount })])
        loaded()
        var nextChecksum = SystemClock.monotonicNanoseconds()
        var nextSnapshot = nextChecksum
        let source = try place.map { try changes.follow(after: $0) }
        do {
            while !GracefulShutdown.isShuttingDown {
                if let source {
                    for change in try await source.next(within: .milliseconds(500)) { try await apply(change) }
                } else {
                    try await pauseUnlessShuttingDown(.seconds(2))
                    // NATS is back: begin again, with its events.
                    if (try? await changes.position()) != nil { return }
                }
                let now = SystemClock.monotonicNanoseconds()
                if now >= nextChecksum {
                    guard try await matches() else { return await close(source) }
                    let end = SystemClock.monotonicNanoseconds()
                    let interval = UInt64(settings.checksumInterval.wholeNanoseconds)
                    // A hundredth of the time at most, unless nothing else tells of changes: of a million services it takes seconds.
                    let rest = min(max(interval, (end - now) * 100), interval * 10)
                    nextChecksum = source == nil ? now + interval : end + rest
                }
                if now >= nextSnapshot {
                    nextSnapshot = now + UInt64(settings.snapshotInterval.wholeNanoseconds)
                    try await snapshots.write(store)
                }
            }
        } catch {
            await close(source)
            throw error
        }
        await close(source)
    }

    private func close(_ source: (any DirectoryChangeSource)?) async { await source?.close() }

    private func install(_ draft: DirectoryLoader.Draft) {
        metrics.services.set(Double(draft.directory.subscribers.liveCount))
        metrics.octets.set(Double(draft.directory.subscribers.residentOctets))
        store.replace(with: draft.directory)
        store.read { $0.keepLives() }
    }

    private func apply(_ change: DirectoryChange) async throws {
        var ids = change.ids
        let kind: DirectoryQuery.Kind
        switch change.kind {
        case .tenant: kind = .tenants
        case .nas: kind = .nases
        case .plan: kind = .plans
        case .pool: kind = .pools
        case .customer:
            ids = try await loader.services(ofCustomers: ids)
            kind = .services
        case .service, .credential: kind = .services
        }
        guard !ids.isEmpty else { return }
        let changes = try await loader.fetch(kind, ids: ids)
        let now = SystemClock.monotonicNanoseconds()
        // A few rows at a time, so that receivers never wait long for the lock.
        for row in changes.found {
            store.write { directory in
                switch row {
                case .tenant(let row): directory.apply(row)
                case .nas(let row): directory.apply(row, now: now)
                case .plan(let row): directory.apply(row)
                case .pool(let row): directory.apply(row)
                case .service(let row): directory.apply(row)
                }
            }
        }
        for id in changes.missing {
            store.write { directory in
                switch kind {
                case .tenants: break
                case .nases: directory.removeNAS(id)
                case .plans: directory.removePlan(id)
                case .pools: directory.removePool(id)
                case .services: directory.removeService(id)
                }
            }
        }
        metrics.changes.add(ids.count)
        metrics.services.set(Double(store.read { $0.subscribers.liveCount }))
    }

    /// Whether RAM and Postgres hold the same. A change on its way makes them differ for a moment, so a difference
    /// counts only when it stands still.
    private func matches() async throws -> Bool {
        for _ in 0..<3 {
            let theirs = try await loader.checksum()
            if store.read({ $0.checksum }) == theirs { return true }
            try await pauseUnlessShuttingDown(.milliseconds(700))
            let again = try await loader.checksum()
            if again == theirs, store.read({ $0.checksum }) != theirs { break }
        }
        metrics.mismatches.add(1)
        logger.warn("the directory differs from Postgres: loading it again")
        return false
    }

    private func pauseUnlessShuttingDown(_ duration: Duration) async throws {
        try await GracefulShutdown.pause(for: duration)
    }
}

/// Rows that changed, as an event names them.
struct DirectoryChange: Sendable {
    enum Kind: Sendable {
        case tenant, nas, plan, customer, service, credential, pool
    }

    let kind: Kind
    let ids: [UUID128]
}

/// The stream of changes.
protocol DirectoryChanges: Sendable {
    /// The sequence of the newest event now; throws while the stream cannot be reached.
    func position() async throws -> UInt64
    /// Everything after that sequence.
    func follow(after sequence: UInt64) throws -> any DirectoryChangeSource
}

/// A reader of the stream of changes.
protocol DirectoryChangeSource: Sendable {
    /// What changed since the last call; empty when nothing did within the time. Throws when events were missed.
    func next(within: Duration) async throws -> [DirectoryChange]
    func close() async
}
