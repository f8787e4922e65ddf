import CoA
import Domain
import Observability
import Persistence

/// Sessions to be looked at, and why.
struct Look: Sendable {
    enum Subject: Sendable {
        case sessions([SessionRef])
        /// Every live session of those services.
        case services([ServiceRef])
        /// So many live sessions of a NAS, after that one.
        case page(NASRef, after: SessionID?, limit: Int)
    }

    /// What brought it about, for the orders that come of it.
    struct Occasion: Sendable {
        var time: Timestamp
        var correlationID: String?
        var traceparent: String?
    }

    /// What a login said: of speed, and when the session ends by itself because its service does.
    struct Granted: Sendable {
        var digest: TermsDigest
        var until: Timestamp?
    }

    var subject: Subject
    /// Those whose beginning is told.
    var told: Set<SessionRef> = []
    /// What the logins of those sessions said.
    var granted: [SessionRef: Granted] = [:]
    var occasion: Occasion?
    /// By service, where several changes come together.
    var occasions: [ServiceRef: Occasion] = [:]

    init(_ subject: Subject) { self.subject = subject }
}

/// What a look found.
struct LookReport: Sendable, Equatable {
    var looked = 0
    /// Sessions that have not what they should have, whatever is done about it.
    var drifted = 0
    /// Those among them of which the NAS would not have it.
    var refused = 0
    /// Of which nothing was known.
    var presumed = 0
    /// Those among them that were to end, and are held back since too many were.
    var held = 0
    var ordered = 0
    /// The last session of a page.
    var last: SessionID?

    mutating func add(_ other: LookReport) {
        looked += other.looked
        drifted += other.drifted
        refused += other.refused
        presumed += other.presumed
        held += other.held
        ordered += other.ordered
        last = other.last
    }
}

/// Carries looks out, one at a time.
struct LookDesk: Sendable {
    let keeping: any TermsKeeping
    let zones: ZoneBook
    let ids: IDGenerator
    let time: TimeSource
    let again: Duration
    let metrics: ReconcilerMetrics
    let brake: SessionBrake
    let unreadable: UnreadablePlans
    let orders: @Sendable ([EnforcementOrder]) async throws -> Void

    /// A session's beginning is told within this.
    private static let grace = Duration.seconds(30)

    func carryOut(_ look: Look) async throws -> LookReport {
        guard let now = try await trustedNow() else { return LookReport() }
        let live =
            switch look.subject {
            case .sessions(let sessions): try await keeping.live(sessions, at: now)
            case .services(let services): try await keeping.live(of: services, at: now)
            case .page(let nas, let last, let limit):
                try await keeping.live(on: nas, after: last, limit: limit, at: now)
            }
        var report = LookReport(looked: live.count, last: live.last?.ref.id)
        guard !live.isEmpty else { return report }
        let plans = try await plans(of: live)
        var terms: [SessionTermsRow] = []
        var wanted: [EnforcementOrder] = []
        for session in live {
            guard var sight = session.whole(plans, zone: zones.rules(session.zone), at: now) else { continue }
            if let told = look.granted[session.ref], session.evidence != .granted, session.evidence != .changed {
                let granted = session.terms(told.digest, plans)
                sight.observed = granted
                sight.end = session.movableEnd(told.until, sight.desired, at: now)
                terms.append(SessionTermsRow(session, granted, .granted, endsAt: told.until))
            }
            if sight.observed == nil, !look.told.contains(session.ref), now < session.startedAt + Self.grace,
                sight.desired.terms != nil
            {
                // What its login said is on its way.
                continue
            }
            switch sight.difference {
            case .none: break
            case .presumed(let presumed):
                report.presumed += 1
                // Of a garden's session the garden says the end.
                let end = presumed.isConfined ? nil : session.grantableEnd
                terms.append(SessionTermsRow(session, presumed, .presumed, endsAt: end))
            case .change(let cause):
                report.drifted += 1
                weigh(.change, cause, session, sight, look, now, &wanted, &report)
            case .disconnect(let cause):
                report.drifted += 1
                weigh(.disconnect, cause, session, sight, look, now, &wanted, &report)
            }
        }
        try await keeping.store(terms, at: now)
        if !wanted.isEmpty { try await orders(wanted) }
        report.ordered = wanted.count
        return report
    }

    /// The time, where the database has the same: who may not be online any more must not follow from a clock that went wrong.
    func trustedNow() async throws -> Timestamp? {
        let theirs = try await keeping.clock()
        let now = time.now()
        let isOff = abs(now.microseconds(since: theirs)) > Self.skew.wholeMicroseconds
        metrics.clockOff.set(isOff ? 1 : 0)
        return isOff ? nil : now
    }

    private static let skew = Duration.seconds(5)

    private func weigh(
        _ kind: EnforcementKind,
        _ cause: EnforcementCause,
        _ session: LiveSession,
        _ sight: TermsSight,
        _ look: Look,
        _ now: Timestamp,
        _ wanted: inout [EnforcementOrder],
        _ report: inout LookReport
    ) {
        if let refused = session.refused, now < refused.at + pause(session, sight) {
            let goal = kind == .disconnect ? .over : sight.desired.terms?.digest
            if refused.digest == goal {
                report.refused += 1
                return
            }
        }
        guard !session.isBusy else { return }
        guard !isGoingRound(session, cause, now) else {
            report.refused += 1
            return
        }
        guard kind != .disconnect || brake.pause(session.ref, on: session.nasID) == nil else {
            report.held += 1
            return
        }
        let service = ServiceRef(tenantID: session.ref.tenantID, serviceID: session.serviceID)
        let occasion = look.occasions[service] ?? look.occasion
        wanted.append(
            EnforcementOrder(
                tenantID: session.ref.tenantID,
                id: ids.next(),
                kind: kind,
                cause: cause,
                nasID: session.nasID,
                sessionID: session.ref.id,
                serviceID: session.serviceID,
                correlationID: occasion?.correlationID,
                traceparent: occasion?.traceparent,
                requestedAt: occasion?.time ?? now,
                storedAt: now
            )
        )
    }

    /// How long nobody is asked again for what its NAS would not give a session. What is only guessed is asked for later each time, up to a
    /// day: where the NAS takes no change at all, nothing will ever be known of it.
    private func pause(_ session: LiveSession, _ sight: TermsSight) -> Duration {
        guard sight.observed == nil else { return again }
        return min(again * (1 << min(max(session.refusals - 1, 0), 16)), max(again, Self.longestPause))
    }

    private static let longestPause = Duration.seconds(86_400)

    /// Whether the service was thrown out for the same cause a moment ago and came back with the same: then its login was decided
    /// otherwise than here, by a server that is behind or with another clock. It is asked again later and later.
    private func isGoingRound(_ session: LiveSession, _ cause: EnforcementCause, _ now: Timestamp) -> Bool {
        let before = session.ended.filter { $0.cause == cause.rawValue }
        guard let last = before.map(\.at).max() else { return false }
        return now < last + Self.firstPause * (1 << min(before.count - 1, 5))
    }

    private static let firstPause = Duration.seconds(60)

    /// The plans that decide about those sessions, as they are stored; what cannot be read of them is told once.
    func plans(of sessions: [LiveSession]) async throws -> StoredPlans {
        let ids = Self.plans(of: sessions)
        let plans = try await keeping.plans(ids)
        unreadable.found(plans.unreadable, among: ids)
        return plans
    }

    private static func plans(of sessions: [LiveSession]) -> Set<PlanID> {
        var plans: Set<PlanID> = []
        for session in sessions {
            for plan in [session.planID, session.gardenID, session.boost?.planID] {
                if let plan { plans.insert(plan) }
            }
        }
        return plans
    }
}

extension SessionTermsRow {
    fileprivate init(_ session: LiveSession, _ terms: SessionTerms, _ evidence: Evidence, endsAt: Timestamp?) {
        self.init(session: session.ref, nasID: session.nasID, terms: terms, evidence: evidence, endsAt: endsAt)
    }
}

extension LiveSession {
    /// What it should have and has, with its end, where its NAS can move that; nil where that hangs on a plan that cannot be read.
    func whole(_ plans: StoredPlans, zone: TimeZoneRules?, at now: Timestamp) -> TermsSight? {
        guard var sight = sight(plans, zone: zone, at: now) else { return nil }
        sight.end = movableEnd(endsAt, sight.desired, at: now)
        return sight
    }

    /// That it ends by itself at another time than it should, where its NAS can move that, as its vendor documents and it
    /// taught. A session in the walled garden ends when the garden says.
    fileprivate func movableEnd(_ end: Timestamp?, _ desired: DesiredTerms, at now: Timestamp) -> EndShift? {
        guard case .admitted(_, let source) = desired, source != .garden, let vendor, !keepsEnd,
            NASCapabilities.changes(of: vendor).contains(.timeout)
        else { return nil }
        return shift(endingAt: end, at: now)
    }
}
