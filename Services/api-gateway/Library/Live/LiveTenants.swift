import Concurrency
import Domain
import Observability
import Synchronization

/// Who stands below whom, as the tails see it. Until it was read once nobody sees anything but his own tenant's events.
final class LiveTenants: Sendable {
    private struct State {
        var tree = LiveScope.tree([:])
        var known: Set<TenantID> = []
        var next = Deadline.after(.zero)
        /// Not before that, whatever happens.
        var earliest = Deadline.after(.zero)
        /// Something changed since they were read.
        var isStale = false
    }

    private let load: @Sendable () async throws -> [TenantID: TenantID?]
    private let logger: Logger
    private let pause: Duration
    private let state = Mutex(State())

    /// `pause` lies between two reads at least.
    init(
        _ load: @escaping @Sendable () async throws -> [TenantID: TenantID?],
        pause: Duration = .seconds(1),
        logger: Logger
    ) {
        self.load = load
        self.pause = pause
        self.logger = logger
    }

    var tree: TenantTree { state.withLock { $0.tree } }

    /// Reads the tenants where it is time to, or where an event said that they changed or came from one that is not known: once a
    /// second at most. For one task.
    func refresh(because event: LiveEvent? = nil) async {
        let isDue = state.withLock { state in
            if let event {
                let isUnknown = !state.known.contains(event.tenantID) && event.tenantID != LiveScope.nobody
                if event.about.isTenants || isUnknown { state.isStale = true }
            }
            return state.next.hasPassed || state.isStale && state.earliest.hasPassed
        }
        guard isDue else { return }
        // What changes while they are read makes them stale again.
        state.withLock { state in
            state.isStale = false
            state.earliest = .after(pause)
        }
        do {
            let parents = try await load()
            state.withLock { state in
                state.tree = LiveScope.tree(parents)
                state.known = Set(parents.keys)
                state.next = .after(.seconds(60))
            }
        } catch {
            state.withLock { state in
                state.next = .after(.seconds(5))
                state.earliest = state.next
            }
            logger.warn("could not read the tenants for the live tails", ["error": .string("\(error)")])
        }
    }
}
