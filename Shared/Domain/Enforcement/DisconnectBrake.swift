/// Keeps a fault from throwing everybody out: of the sessions that are to end because they are compared with what they should have, only so
/// many end within a window on one NAS and in one tenant; those beyond wait. Pure: time comes from outside.
///
/// Guaranteed of a NAS and of a tenant, whatever is asked in whatever order: while nobody lets it go, no more sessions end within one window
/// than its limit; once it holds, no more than its trickle. It holds until nothing was held back for `quiet`, so what is many at once for a
/// good reason, as the end of a month, takes its time and needs nobody. With a trickle of nothing it holds until somebody lets it go.
package struct DisconnectBrake: Sendable {
    package struct Rules: Hashable, Sendable {
        /// So many may end in a window, however few are live.
        package var floor: Int
        /// Percent of the live sessions that may end in a window.
        package var share: Int
        package var window: Duration
        /// Percent of the live sessions that may end in a window while it holds: a tenth of the floor at least, but none where this is 0.
        package var trickle: Int
        /// It holds until nothing was held back for so long.
        package var quiet: Duration
        /// Whoever lets it go does so for this long.
        package var release: Duration

        package init(
            floor: Int = 50,
            share: Int = 10,
            window: Duration = .seconds(60),
            trickle: Int = 1,
            quiet: Duration = .seconds(180),
            release: Duration = .seconds(900)
        ) {
            precondition(floor > 0 && (0...100).contains(share) && (0...100).contains(trickle) && window > .zero)
            self.floor = floor
            self.share = share
            self.window = window
            self.trickle = trickle
            self.quiet = max(quiet, window)
            self.release = release
        }

        /// How many may end in a window where so many are live.
        package func limit(_ live: Int, isHolding: Bool) -> Int {
            let percent = isHolding ? trickle : share
            guard percent > 0 || !isHolding else { return 0 }
            // A trickle is never more than what may end where nothing is wrong.
            let most = max(floor, Self.part(live, share))
            return isHolding ? min(max(max(1, floor / 10), Self.part(live, trickle)), most) : most
        }

        private static func part(_ live: Int, _ percent: Int) -> Int {
            live / 100 * percent + live % 100 * percent / 100
        }
    }

    /// What it counts for itself.
    package enum Scope: Hashable, Sendable {
        case tenant(TenantID)
        case nas(TenantID, NASID)
    }

    /// How it stands before the sessions of a scope.
    package struct Standing: Hashable, Sendable {
        /// Since when its limit holds sessions back; nil where it does not.
        package var holdsSince: Timestamp?
        /// Its sessions that were held back, by this limit or another, and not let go since.
        package var held: Int
        /// Until when somebody let it go.
        package var releasedUntil: Timestamp?

        package init(holdsSince: Timestamp? = nil, held: Int = 0, releasedUntil: Timestamp? = nil) {
            self.holdsSince = holdsSince
            self.held = held
            self.releasedUntil = releasedUntil
        }
    }

    private struct Meter: Sendable {
        var live = 0
        /// Those that were let go within the window, the oldest first.
        var ended: [(session: SessionID, at: Timestamp)] = []
        var isEnding: Set<SessionID> = []
        var held: Set<SessionID> = []
        var holdsSince: Timestamp?
        var heldAt: Timestamp?
        var releasedUntil: Timestamp?

        mutating func come(to now: Timestamp, _ rules: Rules) {
            let gone = ended.prefix { $0.at + rules.window <= now }
            for entry in gone { isEnding.remove(entry.session) }
            ended.removeFirst(gone.count)
            if let until = releasedUntil, until <= now { releasedUntil = nil }
            if let last = heldAt, rules.trickle > 0, last + rules.quiet <= now { letGo() }
        }

        mutating func letGo() {
            (holdsSince, heldAt) = (nil, nil)
            held = []
        }

        /// Whether one more may end.
        func hasRoom(_ session: SessionID, _ rules: Rules) -> Bool {
            releasedUntil != nil || isEnding.contains(session)
                || ended.count < rules.limit(live, isHolding: holdsSince != nil)
        }

        mutating func end(_ session: SessionID, at now: Timestamp) {
            held.remove(session)
            if isEnding.insert(session).inserted { ended.append((session, now)) }
        }

        mutating func hold(_ session: SessionID, isFull: Bool, at now: Timestamp) {
            held.insert(session)
            heldAt = now
            if isFull { holdsSince = holdsSince ?? now }
        }

        var isIdle: Bool {
            live == 0 && ended.isEmpty && heldAt == nil && releasedUntil == nil
        }
    }

    private let rules: Rules
    private var meters: [Scope: Meter] = [:]
    /// Clocks that go back must not make a window longer.
    private var latest = Timestamp(microseconds: 0)

    package init(_ rules: Rules) { self.rules = rules }

    /// So many sessions are live on each NAS; those that are not named have none. Until it is told, every limit is the floor.
    package mutating func count(_ live: [(tenant: TenantID, nas: NASID, sessions: Int)], at now: Timestamp) {
        let now = come(to: now)
        for scope in meters.keys { meters[scope]?.live = 0 }
        for (tenant, nas, sessions) in live {
            for scope in [Scope.tenant(tenant), .nas(tenant, nas)] { meters[scope, default: Meter()].live += sessions }
        }
        for scope in Array(meters.keys) {
            meters[scope]?.come(to: now, rules)
            if meters[scope]?.isIdle == true { meters[scope] = nil }
        }
    }

    /// Whether that session may be ended now; it counts then, once in a window however often it is asked about.
    package mutating func lets(_ session: SessionID, of tenant: TenantID, on nas: NASID, at now: Timestamp) -> Bool {
        let now = come(to: now)
        let scopes = [Scope.tenant(tenant), .nas(tenant, nas)]
        for scope in scopes { meters[scope, default: Meter()].come(to: now, rules) }
        let full = Set(scopes.filter { meters[$0]?.hasRoom(session, rules) == false })
        for scope in scopes {
            if full.isEmpty {
                meters[scope]?.end(session, at: now)
            } else {
                meters[scope]?.hold(session, isFull: full.contains(scope), at: now)
            }
        }
        return full.isEmpty
    }

    /// Somebody lets the sessions of a NAS go: what its tenant's limit holds back goes too. It counts again after `release`.
    package mutating func release(_ tenant: TenantID, _ nas: NASID, at now: Timestamp) {
        let now = come(to: now)
        for scope in [Scope.tenant(tenant), .nas(tenant, nas)] {
            meters[scope, default: Meter()].letGo()
            meters[scope]?.releasedUntil = now + rules.release
        }
    }

    /// How it stands before the sessions of a scope.
    package func standing(_ scope: Scope, at now: Timestamp) -> Standing {
        guard var meter = meters[scope] else { return Standing() }
        meter.come(to: max(now, latest), rules)
        return Standing(holdsSince: meter.holdsSince, held: meter.held.count, releasedUntil: meter.releasedUntil)
    }

    /// How many sessions are held back in all.
    package func held(at now: Timestamp) -> Int {
        meters.keys.reduce(0) { sum, scope in
            guard case .tenant = scope else { return sum }
            return sum + standing(scope, at: now).held
        }
    }

    /// Where it holds, and how many.
    package func holding(at now: Timestamp) -> [Scope: Standing] {
        meters.keys.reduce(into: [:]) { holding, scope in
            let standing = standing(scope, at: now)
            if standing.holdsSince != nil { holding[scope] = standing }
        }
    }

    private mutating func come(to now: Timestamp) -> Timestamp {
        latest = max(latest, now)
        return latest
    }
}
