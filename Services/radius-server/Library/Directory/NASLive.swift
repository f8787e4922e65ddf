import Concurrency
import Domain
import Sockets
import Synchronization

/// What outlives a change of a NAS's row, and a reload of the whole directory: its rate, what was counted of it, and when
/// and from where it was heard last. Shared by all threads; nothing here allocates once it is made.
final class NASLive: Sendable {
    let id: UUID128
    let tenant: UUID128
    let counts = NASCounts()
    private let bucket: Mutex<TokenBucket>
    private let sighting = Mutex(Sighting())
    private let sightedSecond = Atomic<Int64>(.min)

    /// When and from where the NAS was heard: wall-clock microseconds.
    struct Sighting: Sendable, Equatable {
        var first: Int64?
        var last: Int64 = 0
        var source = SourceAddress(high: 0, low: 0, port: 0)
    }

    init(id: UUID128, tenant: UUID128, rate: UInt32, burst: UInt32, now: UInt64) {
        self.id = id
        self.tenant = tenant
        bucket = Mutex(TokenBucket(rate: rate, burst: burst, now: now))
    }

    /// Whether one more Access-Request is within the NAS's rate (RAD-05). `now` is in monotonic nanoseconds.
    func admits(now: UInt64) -> Bool { bucket.withLock { $0.take(now: now) } }

    /// Access-Requests a second, 0 for no limit, and how many may come at once.
    var limits: (rate: UInt64, burst: UInt64) { bucket.withLock { $0.limits } }

    /// Changes the rate, keeping what was taken.
    func configure(rate: UInt32, burst: UInt32, now: UInt64) {
        bucket.withLock { $0.configure(rate: rate, burst: burst, now: now) }
    }

    /// Notes an authentic packet: to the second, so that a busy NAS takes the lock once in one.
    func sight(_ source: SourceAddress, wallTime: Int64) {
        let second = wallTime / 1_000_000
        guard sightedSecond.load(ordering: .relaxed) != second else { return }
        sightedSecond.store(second, ordering: .relaxed)
        sighting.withLock { sighting in
            sighting.first = sighting.first ?? wallTime
            sighting.last = max(sighting.last, wallTime)
            sighting.source = source
        }
    }

    /// When and from where it was heard; the first time is nil before the first packet.
    var sighted: Sighting { sighting.withLock { $0 } }
}

/// The NASes' lives by id, for every directory that this server loads.
final class NASLives: Sendable {
    /// The rate of a NAS whose row names none (RAD-05).
    struct Rate: Sendable {
        /// Access-Requests a second; 0 is no limit.
        var rate: UInt32 = 50
        var burst: UInt32 = 1_000
    }

    private let standard: Rate
    private let lives = Mutex<[UUID128: NASLive]>([:])

    init(standard: Rate = Rate()) { self.standard = standard }

    /// The row's NAS, with its rate as the row says now.
    func life(of row: NASRow, now: UInt64) -> NASLive {
        let rate = row.authRate ?? standard.rate
        let burst = row.authBurst ?? standard.burst
        return lives.withLock { lives in
            if let known = lives[row.id] {
                known.configure(rate: rate, burst: burst, now: now)
                return known
            }
            let made = NASLive(id: row.id, tenant: row.tenantID, rate: rate, burst: burst, now: now)
            lives[row.id] = made
            return made
        }
    }

    /// Forgets a NAS that is no more.
    func forget(_ id: UUID128) { lives.withLock { $0[id] = nil } }

    /// Forgets every NAS but these.
    func keep(only ids: some Collection<UUID128>) {
        let ids = Set(ids)
        lives.withLock { $0 = $0.filter { ids.contains($0.key) } }
    }

    /// All of them, in the order of their ids.
    var all: [NASLive] { lives.withLock { $0.values.sorted { $0.id < $1.id } } }
}
