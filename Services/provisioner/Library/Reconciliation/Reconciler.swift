import Concurrency
import Domain
import Observability
import Persistence

/// Compares what live sessions have with what they should have, and orders what makes them so (COA-06, FUP-01, design §2).
///
/// What a session should have is the decision of a login of its service at that moment: the same pure function, the same rows.
/// Sessions are looked at when something changed that decides about them, when they begin, and all of them in a sweep. One look at a
/// time: two would order the same twice.
final class Reconciler: Sendable {
    private let reconciling: Reconciling
    private let time: TimeSource
    private let logger: Logger
    private let desk: LookDesk
    private let looks: Combiner<Int, Look, LookReport>

    /// `orders` stores new orders and hands them on.
    init(
        _ reconciling: Reconciling,
        ids: IDGenerator,
        time: TimeSource,
        logger: Logger,
        orders: @escaping @Sendable ([EnforcementOrder]) async throws -> Void
    ) {
        self.reconciling = reconciling
        self.time = time
        self.logger = logger
        let desk = LookDesk(
            keeping: reconciling.keeping,
            zones: reconciling.zones,
            ids: ids,
            time: time,
            again: reconciling.pace.again,
            metrics: reconciling.metrics,
            brake: reconciling.brake,
            unreadable: UnreadablePlans(reconciling.metrics, logger),
            orders: orders
        )
        self.desk = desk
        looks = Combiner(most: 1, mostWaiting: 10_000) { _, looks in
            var outcomes: [Result<LookReport, any Error>] = []
            for look in looks { outcomes.append(.success(try await desk.carryOut(look))) }
            return outcomes
        }
    }

    /// Carries looks out until `finish()`.
    func run() async { await looks.run() }

    func finish() { looks.finish() }

    /// Looks; what follows is stored when it returns.
    @discardableResult
    func look(_ look: Look) async throws -> LookReport {
        let report = try await looks.submit(look, to: 0)
        metrics.looked(report)
        return report
    }

    /// What sessions should have and have now, of those that are live and of a service; nothing where the clocks disagree, and of those
    /// whose plan cannot be read.
    func sights(_ sessions: [SessionRef]) async throws -> [SessionRef: TermsSight] {
        guard !sessions.isEmpty, let now = try await desk.trustedNow() else { return [:] }
        let live = try await keeping.live(sessions, at: now)
        let plans = try await desk.plans(of: live)
        return Dictionary(
            live.compactMap { session in
                session.whole(plans, zone: zones.rules(session.zone), at: now).map { (session.ref, $0) }
            },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// Looks at every live session once.
    func sweep() async throws {
        let began = time.now()
        zones.lookAgain()
        let live = try await keeping.liveCounts()
        reconciling.brake.count(live)
        let counts = try await look(on: Array(live.keys))
        metrics.missing(zones.missing.count)
        metrics.counted(counts)
        metrics.swept(in: .microseconds(time.now().microseconds(since: began)))
    }

    /// Forgets what sessions had that are over.
    func forget() async throws { _ = try await keeping.forgetTerms(before: time.now() - Self.memory) }

    /// Until the next sweep, which begins at a multiple of its interval.
    func untilNextSweep() -> Duration {
        let step = max(1, reconciling.pace.sweep.wholeMicroseconds)
        return .microseconds(step - time.now().microseconds % step)
    }

    /// Looks at every live session on those NASes.
    @discardableResult
    func look(on nases: [NASRef], _ occasion: Look.Occasion? = nil) async throws -> [NASRef: LookReport] {
        var counts: [NASRef: LookReport] = [:]
        for nas in nases {
            var sum = LookReport()
            var last: SessionID?
            repeat {
                var look = Look(.page(nas, after: last, limit: reconciling.pace.page))
                look.occasion = occasion
                let report = try await self.look(look)
                sum.add(report)
                last = report.looked == reconciling.pace.page ? report.last : nil
            } while last != nil
            counts[nas] = sum
        }
        return counts
    }

    /// Looks at every live session of those tenants.
    func look(onAllOf tenants: [TenantID], _ occasion: Look.Occasion?) async throws {
        try await look(on: try await keeping.liveNASes(of: tenants), occasion)
    }

    /// The services that a change of customers or of plans is about.
    func servicesOf(customers: [(TenantID, UUID128)], plans: [(TenantID, UUID128)]) async throws -> [ServiceRef] {
        try await keeping.services(ofCustomers: customers) + keeping.services(ofPlans: plans)
    }

    private var keeping: any TermsKeeping { reconciling.keeping }
    private var metrics: ReconcilerMetrics { reconciling.metrics }
    private var zones: ZoneBook { reconciling.zones }
    /// What a session had is remembered so long after its end: it may prove alive.
    private static let memory = Duration.seconds(3_600)
}

/// What a reconciler needs, whoever leads.
struct Reconciling: Sendable {
    /// How it goes about it.
    struct Pace: Sendable {
        /// A sweep begins at each multiple of this, so that one of a minute begins when the hours of a plan do.
        var sweep: Duration
        /// What a NAS would not give a session is not asked for again for so long.
        var again: Duration
        /// Sessions of one look of a sweep.
        var page = 1_000
    }

    let keeping: any TermsKeeping
    let pace: Pace
    let zones: ZoneBook
    let metrics: ReconcilerMetrics
    let brake: SessionBrake
    /// Read what changed; made when this process begins to lead.
    let changes: @Sendable () throws -> ChangeConsumers
}
