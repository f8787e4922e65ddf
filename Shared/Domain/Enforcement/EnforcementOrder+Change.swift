/// Octets that a session carried since its start.
package struct SessionOctets: Hashable, Sendable {
    /// From the subscriber.
    package var input: Int64
    /// To the subscriber.
    package var output: Int64

    package init(input: Int64 = 0, output: Int64 = 0) {
        self.input = input
        self.output = output
    }
}

/// What a session had carried at a time.
package struct SessionMeter: Hashable, Sendable {
    package var at: Timestamp
    package var octets: SessionOctets
    /// How long it had lasted by its NAS's own count, where the NAS has one.
    package var seconds: Int64?

    package init(at: Timestamp, octets: SessionOctets, seconds: Int64? = nil) {
        self.at = at
        self.octets = octets
        self.seconds = seconds
    }

    /// How long after the other: by the NAS's own count where both have it, since records come late after an outage, several at
    /// once; else, and where that count stands still or went back, by when they were received. Whole seconds are up to one more.
    package func span(since base: SessionMeter) -> Duration {
        if let seconds, let before = base.seconds, seconds > before { return .seconds(seconds - before + 1) }
        return .microseconds(at.microseconds(since: base.at))
    }
}

/// What a change wants of its session.
package struct EnforcementGoal: Hashable, Sendable {
    package var terms: SessionTerms
    /// The most that the speed before let pass, where it is known.
    package var before: SpeedPair?
    /// When the session is to end by itself, and when it would have; nil where nothing is said of that.
    package var end: End?

    package struct End: Hashable, Sendable {
        package var at: Timestamp
        package var before: Timestamp

        package init(at: Timestamp, before: Timestamp) {
            self.at = at
            self.before = before
        }
    }

    package init(terms: SessionTerms, before: SpeedPair?, end: End? = nil) {
        self.terms = terms
        self.before = before
        self.end = end
    }
}

/// What a session should have and has, as it is now.
package struct TermsSight: Hashable, Sendable {
    package var desired: DesiredTerms
    package var observed: SessionTerms?
    /// An operator's own reply attributes say the speed.
    package var isSpeedForeign: Bool
    /// Something that decides about the session changed since it began.
    package var mayBeOld: Bool
    /// It ends by itself at another time than it should, and its NAS can move that; nil where nothing is to be moved.
    package var end: EndShift?

    package init(
        desired: DesiredTerms,
        observed: SessionTerms?,
        isSpeedForeign: Bool = false,
        mayBeOld: Bool = false,
        end: EndShift? = nil
    ) {
        self.desired = desired
        self.observed = observed
        self.isSpeedForeign = isSpeedForeign
        self.mayBeOld = mayBeOld
        self.end = end
    }

    package var difference: TermsDifference {
        TermsDifference(
            of: observed,
            from: desired,
            isSpeedForeign: isSpeedForeign,
            mayBeOld: mayBeOld,
            isEndDue: end?.isDue ?? false
        )
    }
}

/// Changes of what a session has.
///
/// What is wanted is looked at when the order is carried out, not when it was made: of many changes that follow each other only the
/// last one reaches the NAS. Where the session cannot have its terms by a change, it is ended and comes back with them.
///
/// An acknowledged change is proven by what the session carries between two of its records: no more than its new speed allows where
/// that is lower, and a quarter of it at least; more than the old one did where it is higher. Where more passes than was asked for, the NAS did not do what it
/// acknowledged, and the session is ended.
///
/// A session whose end alone is moved (`renewed`) is never ended for it. It is proven by being reported after its old end; where
/// it was to end sooner, by its end. A change of the speed says the end too where that differs, and is proven by the speed.
extension EnforcementOrder {
    /// An acknowledged change is looked at so often at first, and half as often as it has waited later.
    static let reading = Duration.seconds(15)
    /// What a NAS counts is no more than so many quarters of what it shapes: headers, and bursts.
    private static let quarters: Int64 = 5
    /// Records that lie closer together say nothing of a speed.
    private static let shortest = Duration.seconds(5)

    /// Whether it is still to be carried out; sets what a change wants then, and else how it ended.
    mutating func isWanted(_ terms: TermsSight?, at now: Timestamp) -> Bool {
        guard kind == .change || cause.isByState else { return true }
        // The NAS did not do what it acknowledged.
        if kind == .change, way == .disconnect, goal != nil { return true }
        guard let terms else {
            end(.superseded, .notWanted, at: now)
            return false
        }
        switch (kind, terms.difference) {
        case (.disconnect, .disconnect): return true
        case (.disconnect, _):
            end(.superseded, .notWanted, at: now)
            return false
        case (.change, .disconnect) where cause == .renewed, (.change, .change) where isOutgrown(by: terms):
            // Another order is due, which says this with it.
            end(.superseded, .notWanted, at: now)
            return false
        case (.change, .disconnect):
            goal = nil
            way = .disconnect
            return true
        case (.change, .change) where cause == .renewed || terms.difference != .change(.renewed): return aim(terms)
        case (.change, .change), (.change, .none), (.change, .presumed):
            // Its speed is so. Who asks for it may know better than what is stored.
            if cause == .requested, !terms.isSpeedForeign { return aim(terms) }
            end(.confirmed, .alreadySo, at: now)
            return false
        }
    }

    /// Whether it was about the session's end alone, and now its speed is to be changed.
    private func isOutgrown(by terms: TermsSight) -> Bool { cause == .renewed && terms.difference != .change(.renewed) }

    private mutating func aim(_ terms: TermsSight) -> Bool {
        let end = terms.end.map { EnforcementGoal.End(at: $0.to, before: $0.from) }
        goal = terms.desired.terms.map { EnforcementGoal(terms: $0, before: terms.observed?.speeds?.ceiling, end: end) }
        way = nil
        return goal != nil
    }

    /// Looks at what the session carried since its change was acknowledged.
    mutating func measure(_ session: SessionSight, at now: Timestamp, _ rules: EnforcementRules) {
        guard let answeredAt else { return end(.failed, .overdue, at: now) }
        if cause == .renewed { return outlive(session, since: answeredAt, at: now, rules) }
        guard case .open(let heardAt, let octets, let seconds) = session else {
            return end(.confirmed, .sessionOver, at: now)
        }
        if heardAt > answeredAt {
            let meter = SessionMeter(at: heardAt, octets: octets, seconds: seconds)
            if let base {
                if meter.at > base.at, meter.span(since: base) >= Self.shortest {
                    judge(meter, since: base, at: now, rules)
                }
            } else {
                base = meter
            }
        }
        guard state == .acknowledged else { return }
        let end = answeredAt + rules.proof
        guard now < end else { return self.end(.unproven, .notMeasured, at: now) }
        // Nothing can be learned between two reports, which are minutes apart.
        let waited = Duration.microseconds(max(0, now.microseconds(since: answeredAt)) / 2)
        nextAt = min(now + max(Self.reading, waited), end)
    }

    /// Looks whether the session lives past its old end, or ended where it was to end sooner.
    private mutating func outlive(
        _ session: SessionSight,
        since answeredAt: Timestamp,
        at now: Timestamp,
        _ rules: EnforcementRules
    ) {
        guard let wanted = goal?.end else { return end(.unproven, .notMeasured, at: now) }
        let isLater = wanted.at > wanted.before
        // What a session that did not change would not be reported after, or one that did.
        let last = max(isLater ? wanted.before : wanted.at, answeredAt) + EndShift.tolerance
        guard case .open(let heardAt, _, _) = session else {
            return end(isLater ? .unproven : .confirmed, .sessionOver, at: now)
        }
        if isLater, heardAt > last { return end(.confirmed, .outlived, at: now) }
        let until = last + rules.proof
        guard now < until else {
            return end(.unproven, isLater ? .notMeasured : heardAt > last ? .stillReports : .noStop, at: now)
        }
        let waited = Duration.microseconds(max(0, now.microseconds(since: last)) / 2)
        nextAt = min(max(last, now + max(Self.reading, waited)), until)
    }

    private mutating func judge(
        _ meter: SessionMeter,
        since base: SessionMeter,
        at now: Timestamp,
        _ rules: EnforcementRules
    ) {
        guard let goal, let speeds = goal.terms.speeds else { return end(.unproven, .notMeasured, at: now) }
        let (wanted, ceiling) = (speeds.rate, speeds.ceiling)
        let carried = Self.rate(from: base, to: meter)
        if Self.exceeds(carried.download, ceiling.download) || Self.exceeds(carried.upload, ceiling.upload) {
            guard cause.mayDisconnect else { return end(.unproven, .exceeded, at: now) }
            way = .disconnect
            self.base = nil
            return wait(.exceeded, until: now, at: now, rules)
        }
        // Who carries nothing obeys every limit.
        func isLower(_ direction: KeyPath<SpeedPair, Int64>) -> Bool {
            let (new, old) = (wanted[keyPath: direction], goal.before?[keyPath: direction] ?? 0)
            return new > 0 && (old <= 0 || new < old) && carried[keyPath: direction] >= new / 4
        }
        let isProven =
            isLower(\.download) || isLower(\.upload) || Self.exceeds(carried.download, goal.before?.download ?? 0)
            || Self.exceeds(carried.upload, goal.before?.upload ?? 0)
        if isProven { end(.confirmed, .rateMeasured, at: now) } else { self.base = meter }
    }

    /// Whether a rate is more than a limit lets pass; no limit is never exceeded.
    private static func exceeds(_ rate: Int64, _ limit: Int64) -> Bool {
        limit > 0 && rate > limit / 4 * quarters + 64_000
    }

    /// What was carried, in bit/s.
    private static func rate(from base: SessionMeter, to meter: SessionMeter) -> SpeedPair {
        let span = max(1, meter.span(since: base).wholeMicroseconds)
        func rate(_ octets: Int64) -> Int64 { Int64(Double(max(0, octets)) * 8_000_000 / Double(span)) }
        return SpeedPair(
            download: rate(meter.octets.output - base.octets.output),
            upload: rate(meter.octets.input - base.octets.input)
        )
    }
}
