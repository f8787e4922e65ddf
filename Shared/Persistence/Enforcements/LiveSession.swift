package import Domain
import Postgres

/// Which session.
package struct SessionRef: Hashable, Sendable {
    package let tenantID: TenantID
    package let id: SessionID

    package init(tenantID: TenantID, id: SessionID) {
        self.tenantID = tenantID
        self.id = id
    }
}

/// Which NAS.
package struct NASRef: Hashable, Sendable {
    package let tenantID: TenantID
    package let id: NASID

    package init(tenantID: TenantID, id: NASID) {
        self.tenantID = tenantID
        self.id = id
    }

    init(_ row: PGRow) throws {
        self.init(tenantID: try row.need("tenant_id") { $0.id() }, id: try row.need("nas_id") { $0.id() })
    }
}

/// A live session of a service, with what decides about it and what it has.
package struct LiveSession: Sendable {
    package let ref: SessionRef
    package let nasID: NASID
    package let serviceID: ServiceID
    package let startedAt: Timestamp
    /// Without the plans' speeds, which `plans` has.
    package let access: AccessFacts
    package let planID: PlanID?
    package let gardenID: PlanID?
    package let boost: (planID: PlanID, until: Timestamp)?
    /// The name of the tenant's time zone.
    package let zone: String?
    package let observed: SessionTerms?
    package let evidence: SessionTermsRow.Evidence?
    /// When it ends by itself because its service does; nil where it ends otherwise, or nobody knows.
    package let endsAt: Timestamp?
    /// What its plan allows a session at most, in seconds.
    package let planTimeout: Int64?
    /// Nil where its NAS is no more.
    package let vendor: NASVendor?
    /// Its NAS taught that it moves no ends.
    package let keepsEnd: Bool
    /// What its NAS would not give it, and since when; see `refuses`.
    package let refused: (digest: TermsDigest, at: Timestamp)?
    /// How often in a row it would not; 0 where it was never asked.
    package let refusals: Int
    /// Where an operator's own reply attributes say the speed.
    private let speech: Speech
    /// Its service or its plan changed since it began.
    package let mayBeOld: Bool
    /// Why, and when, sessions of its service were ended within the last hour.
    package let ended: [(cause: String, at: Timestamp)]
    /// An order for it is under way.
    package let isBusy: Bool

    init(_ row: PGRow) throws {
        let tenantID: TenantID = try row.need("tenant_id") { $0.id() }
        ref = SessionRef(tenantID: tenantID, id: try row.need("id") { $0.id() })
        nasID = try row.need("nas_id") { $0.id() }
        serviceID = try row.need("service_id") { $0.id() }
        startedAt = try row.need("started_at", \.time)
        let isKnown = !row["found_service_id"].isNull
        planID = row["plan_id"].id()
        gardenID = row["garden_id"].id()
        if let plan: PlanID = row["boost_plan_id"].id(), let until = row["boosted_until"].time {
            boost = (plan, until)
        } else {
            boost = nil
        }
        zone = row["zone"].text
        access = AccessFacts(
            tenantActive: row["tenant_active"].bool ?? false,
            serviceKnown: isKnown,
            serviceStatus: AccessStatus(stored: row["status"].text),
            customerStatus: AccessStatus(stored: row["customer_status"].text),
            expiresAt: row["expires_at"].time,
            restriction: Self.restriction(row)
        )
        observed = try SessionTermsRow.terms(row)
        evidence = observed == nil ? nil : row["evidence"].text.flatMap(SessionTermsRow.Evidence.init)
        endsAt = row["ends_at"].time
        planTimeout = row["session_timeout_seconds"].int64
        vendor = row["vendor"].text.flatMap(NASVendor.init)
        keepsEnd = row["keeps_end"].bool ?? false
        if let digest = row["refused_digest"].int64, let at = row["refused_at"].time {
            refused = (TermsDigest(rawValue: UInt64(bitPattern: digest)), at)
        } else {
            refused = nil
        }
        refusals = row["refusals"].int ?? 0
        speech = Speech(row)
        mayBeOld = row["may_be_old"].bool ?? false
        isBusy = row["is_busy"].bool ?? false
        let causes = (row["causes"].textArray ?? []).compactMap(\.self)
        let ends = (row["ends"].timestamptzArray ?? []).compactMap { $0.map { Timestamp(microseconds: $0) } }
        ended = zip(causes, ends).map { (cause: $0, at: $1) }
    }

    /// Whose reply attributes say a speed.
    private struct Speech: Sendable {
        let nas, service, plan, boost, garden: Bool

        init(_ row: PGRow) {
            nas = row["nas_says_speed"].bool ?? false
            service = row["service_says_speed"].bool ?? false
            plan = row["plan_says_speed"].bool ?? false
            boost = row["boost_says_speed"].bool ?? false
            garden = row["garden_says_speed"].bool ?? false
        }
    }

    /// Whether one of the attributes that go with terms of that source says the speed: those that an answer to a login has. What a
    /// service has for itself does not follow it into the walled garden, nor what its own plan has.
    private func isSpeedForeign(_ source: TermsSource?) -> Bool {
        switch source {
        case .garden: speech.nas || speech.garden
        case .boost: speech.nas || speech.service || speech.boost
        case .plan, .window, .quota, nil: speech.nas || speech.service || speech.plan
        }
    }

    private static func restriction(_ row: PGRow) -> AccessRestriction {
        guard let until = row["restricted_until"].time else { return .none }
        switch row["restriction"].text {
        case "blocked": return .blocked(until: until)
        case "throttled":
            return .throttled(position: UInt8(clamping: row["restricted_position"].int ?? 0), until: until)
        default: return .none
        }
    }
}

extension LiveSession {
    /// What it should have and has, by the plans in `plans` and the tenant's clocks; nil where that hangs on a plan that cannot be read.
    package func sight(_ plans: StoredPlans, zone: TimeZoneRules?, at now: Timestamp) -> TermsSight? {
        func speeds(_ id: PlanID?) -> PlanSpeeds? { id.flatMap { plans[$0] }.map { $0.speeds(zone: zone) } }
        func isUnreadable(_ id: PlanID?) -> Bool { id.map { plans.unreadable[$0] != nil } ?? false }
        var access = access
        let plan = speeds(planID)
        let garden = speeds(gardenID)
        access.planKnown = plan != nil || isUnreadable(planID)
        access.hasWalledGarden = garden != nil || isUnreadable(gardenID)
        let facts = SessionFacts(
            access: access,
            plan: plan,
            garden: garden,
            boost: speeds(boost?.planID),
            boostedUntil: boost?.until
        )
        if case .accept(_, let confined) = decideAccess(facts.access, now: now) {
            let isBoosted = boost.map { now < $0.until } ?? false
            let decisive = confined != nil ? [gardenID] : [planID, isBoosted ? boost?.planID : nil]
            guard !decisive.contains(where: isUnreadable) else { return nil }
        }
        let desired = facts.desired(at: now)
        return TermsSight(
            desired: desired,
            observed: observed,
            isSpeedForeign: isSpeedForeign(desired.terms?.source),
            mayBeOld: mayBeOld
        )
    }
}

extension LiveSession {
    /// When a login at its start would have let it end by itself for its service's sake, by what is stored now; nil where
    /// the plan ends it before, or nothing does.
    package var grantableEnd: Timestamp? {
        guard let expiresAt = access.expiresAt else { return nil }
        return longestEnd.map { expiresAt <= $0 } ?? true ? expiresAt : nil
    }

    /// That it ends by itself at another time than it should; nil where it does not, or that cannot be moved. `endsAt` is
    /// when it does.
    package func shift(endingAt endsAt: Timestamp?, at now: Timestamp) -> EndShift? {
        guard let endsAt else { return nil }
        let wanted = [access.expiresAt, longestEnd].compactMap(\.self).min()
        return EndShift(of: startedAt, endingAt: endsAt, wanted: wanted, at: now)
    }

    /// When its plan ends it at the latest.
    private var longestEnd: Timestamp? { planTimeout.map { startedAt + .seconds($0) } }

    /// The terms that a login's digest means, where they are some that its service may have now; else all that is known of them
    /// is that they are others.
    package func terms(
        _ digest: TermsDigest,
        _ plans: StoredPlans
    ) -> SessionTerms {
        // Which hours a speed is for, not whether they hold now: the tenant's clocks do not matter, and may be unknown here.
        func speeds(_ id: PlanID?) -> PlanSpeeds? { id.flatMap { plans[$0] }.map { $0.speeds(zone: .utc) } }
        func find(_ speeds: PlanSpeeds?, _ source: (Int) -> TermsSource) -> SessionTerms? {
            guard let speeds else { return nil }
            return speeds.profiles.indices.map { SessionTerms(speeds.profiles[$0], from: source($0)) }
                .first { $0.digest == digest }
        }
        let own = speeds(planID)
        return find(own) { $0 == 0 ? .plan : $0 < own?.unthrottled.count ?? 0 ? .window : .quota }
            ?? find(speeds(boost?.planID)) { _ in .boost } ?? find(speeds(gardenID)) { _ in .garden }
            ?? SessionTerms(digest: digest, isConfined: false, source: nil, speeds: nil)
    }
}

/// Plans as they are stored, by their ids.
package struct StoredPlans: Sendable {
    package private(set) var speeds: [PlanID: StoredPlanSpeeds] = [:]
    /// Why a row cannot be read: what hangs on it is unknown, and must not be taken for a plan that is gone.
    package private(set) var unreadable: [PlanID: String] = [:]

    package init() {}

    mutating func take(_ id: PlanID, _ row: PGRow) {
        do { speeds[id] = try StoredPlanSpeeds(row) } catch { unreadable[id] = "\(error)" }
    }

    package subscript(id: PlanID) -> StoredPlanSpeeds? { speeds[id] }
}

/// A plan's speeds as they are stored: which of them holds is a matter of the tenant's clocks.
package struct StoredPlanSpeeds: Hashable, Sendable {
    package let base: SpeedProfile
    package let windows: [SpeedWindow]
    package let throttles: [PlanSpeeds.Throttle]

    init(_ row: PGRow) throws {
        let base = try SpeedColumns.profile(row)
        self.base = base
        windows = try SpeedColumns.windows(row["windows"].text)
        throttles = try (row["throttles"].text ?? "").split(separator: ";").map { record in
            let numbers = record.split(separator: ",").compactMap { Int64($0) }
            guard numbers.count == 3, let position = UInt8(exactly: numbers[0]) else {
                throw UnexpectedRow(column: "throttles")
            }
            return PlanSpeeds.Throttle(
                position: position,
                rate: SpeedPair(download: numbers[1], upload: numbers[2]),
                of: base
            )
        }
    }

    package func speeds(zone: TimeZoneRules?) -> PlanSpeeds {
        PlanSpeeds(base: base, windows: windows, zone: zone, throttles: throttles)
    }
}

extension AccessStatus {
    /// As the tables spell it; what is unknown gives no access.
    fileprivate init(stored name: String?) {
        switch name {
        case "active": self = .active
        case "pending": self = .pending
        case "suspended": self = .suspended
        default: self = .terminated
        }
    }
}
