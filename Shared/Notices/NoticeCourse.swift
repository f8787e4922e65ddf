package import Domain

/// How often and how long a notice is tried.
package struct NoticeTries: Sendable, Hashable {
    /// The pauses before its second, third, … attempt; behind the last it has failed (property 60: three more).
    package var pauses: [Duration]
    /// How long it waits where no provider is there.
    package var outage: Duration

    package init(
        pauses: [Duration] = [.seconds(30), .seconds(120), .seconds(600)],
        outage: Duration = .seconds(15)
    ) {
        precondition(pauses.allSatisfy { $0 > .zero } && outage > .zero)
        self.pauses = pauses
        self.outage = outage
    }
}

/// The course of one claimed notice from provider to provider, without a clock or a socket.
///
/// It is handed to the next provider only where the one before said that it has nothing of it: so no interleaving of answers hands out
/// twice what somebody may have taken. An outage is no attempt; each other answer ends the course.
package struct NoticeCourse: Sendable {
    /// What is to be done with it now.
    package enum Step: Sendable, Hashable {
        /// Hand it to the provider of that place in their order.
        case hand(to: Int)
        /// It ended so, or waits: record that.
        case rest(Rest)
    }

    package enum Rest: Sendable, Hashable {
        case sent
        /// Again at that time; `attempts` are its failures so far.
        case again(at: Timestamp, attempts: Int, reason: String)
        case failed(attempts: Int, reason: String)
        case expired
        case unknown(reason: String)
    }

    private let tries: NoticeTries
    private let providers: Int
    private let attempts: Int
    private let expiresAt: Timestamp
    /// The place of the provider that has it, or is next.
    private var place = 0
    /// Why the last one that was away was, and how long it said.
    private var away: (reason: String, after: Duration?)?
    private var rest: Rest?

    /// For a notice that failed `attempts` times before, with so many providers to ask in their order.
    package init(attempts: Int, providers: Int, expiresAt: Timestamp, tries: NoticeTries = NoticeTries()) {
        precondition(attempts >= 0 && providers >= 0)
        self.tries = tries
        self.providers = providers
        self.attempts = attempts
        self.expiresAt = expiresAt
    }

    /// What is to be done at that time. The same answer until `answered` or `passed` tells something new.
    package func step(at now: Timestamp) -> Step {
        if let rest { return .rest(rest) }
        guard now < expiresAt else { return .rest(.expired) }
        guard place < providers else {
            // An outage of them all, or there is none: it waits, and nothing counts against it.
            let pause = max(away?.after ?? tries.outage, .milliseconds(1))
            return .rest(waits(until: now + pause, attempts, away?.reason ?? "no_provider"))
        }
        return .hand(to: place)
    }

    /// The provider at hand is known to be away: it is not asked.
    package mutating func passed() { leave("provider_away", nil) }

    /// What the provider at hand said.
    package mutating func answered(_ outcome: SendOutcome, at now: Timestamp) {
        precondition(rest == nil && place < providers, "nobody was asked")
        switch outcome {
        case .accepted: rest = .sent
        case .refused(let reason, _): rest = .failed(attempts: attempts + 1, reason: reason)
        case .unknown(let reason, _): rest = .unknown(reason: reason)
        case .outage(let reason, _, let after): leave(reason, after)
        case .failed(let reason, _, let after):
            guard attempts < tries.pauses.count else {
                rest = .failed(attempts: attempts + 1, reason: reason)
                return
            }
            rest = waits(until: now + max(tries.pauses[attempts], after ?? .zero), attempts + 1, reason)
        }
    }

    private mutating func leave(_ reason: String, _ after: Duration?) {
        precondition(rest == nil && place < providers, "nobody was at hand")
        // The soonest of those that said when: one that is back is enough.
        let soonest = [away?.after, after].compactMap { $0 }.min()
        away = (reason, soonest)
        place += 1
    }

    /// It waits, unless it is of no use by then.
    private func waits(until time: Timestamp, _ attempts: Int, _ reason: String) -> Rest {
        time < expiresAt ? .again(at: time, attempts: attempts, reason: reason) : .expired
    }
}
