package import Domain

/// When alarms are told, and whether one by one or together, so that a storm of them stays a few messages (NTF-07): pure decisions
/// about what a store holds for one recipient, channel and key.
///
/// Two messages of a key are never closer together than `rest`, and of a recipient and channel never more than `budget` come in an
/// hour. What is held is told as soon as these and the recipient's quiet hours allow, all of it at once. Who asks again at the time he
/// was given lets nobody wait longer than the longer of `wait` and `rest`, and an hour more where the budget is spent: that much is
/// certain while a recipient's keys, each told every `rest`, do not use the budget up by themselves.
package struct Gathering: Sendable, Hashable {
    /// The stretch of time that a budget is for.
    package static let hour = Duration.seconds(3600)
    /// The key of what is no alarm and is gathered because its recipient's budget is spent.
    package static let overflowKey = "overflow"

    /// How long the first alarm waits for company.
    package let wait: Duration
    /// How long it is quiet after something of a key was told.
    package let rest: Duration
    /// How many messages somebody gets by one channel in an hour.
    package let budget: Int

    package init(wait: Duration = .seconds(20), rest: Duration = .seconds(15 * 60), budget: Int = 20) {
        precondition(wait >= .zero && rest >= .zero && budget >= 1)
        self.wait = wait
        self.rest = rest
        self.budget = budget
    }

    /// What is held of one key for a recipient by a channel, as one grouped statement finds it.
    package struct Held: Sendable, Hashable {
        /// When the oldest came.
        package var oldest: Timestamp
        package var count: Int
        /// When something of the key was last told, a single alarm or a digest.
        package var lastTold: Timestamp?
        /// How many messages of any key the recipient was told by the channel after an hour ago, those of priority 0 left out;
        /// and when the first of them was.
        package var toldLastHour: Int
        package var firstToldLastHour: Timestamp?
        /// When the recipient's quiet hours end; nil when it is not quiet.
        package var quietUntil: Timestamp?

        package init(
            oldest: Timestamp,
            count: Int,
            lastTold: Timestamp? = nil,
            toldLastHour: Int = 0,
            firstToldLastHour: Timestamp? = nil,
            quietUntil: Timestamp? = nil
        ) {
            self.oldest = oldest
            self.count = count
            self.lastTold = lastTold
            self.toldLastHour = toldLastHour
            self.firstToldLastHour = firstToldLastHour
            self.quietUntil = quietUntil
        }
    }

    /// Why something is held: the word that stands beside it.
    package enum Reason: String, Sendable, Hashable, CaseIterable {
        /// Others may come.
        case gathering
        /// Something of the key was told a short while ago.
        case resting
        /// The recipient's budget is spent.
        case budget
        case quietHours = "quiet_hours"
    }

    package enum Decision: Sendable, Hashable {
        /// To be asked again then, which is later than now.
        case hold(until: Timestamp, Reason)
        /// The one that is held, as itself.
        case tellOne
        /// All that is held, as one message.
        case tellDigest
    }

    /// What becomes of what is held. Times that lie ahead, by a clock that was set back, count as now: they hold nothing up for longer
    /// than they would have.
    package func decision(on held: Held, at now: Timestamp) -> Decision {
        precondition(held.count >= 1)
        var until: (time: Timestamp, reason: Reason) = (min(held.oldest, now) + wait, .gathering)
        func extend(_ time: Timestamp?, _ reason: Reason) {
            if let time, time > until.time { until = (time, reason) }
        }
        extend(held.lastTold.map { min($0, now) + rest }, .resting)
        if held.toldLastHour >= budget {
            // One that was told at its end has left the hour.
            extend(held.firstToldLastHour.map { min($0, now) + Self.hour } ?? now + rest, .budget)
        }
        extend(held.quietUntil, .quietHours)
        guard until.time <= now else { return .hold(until: until.time, until.reason) }
        return held.count == 1 ? .tellOne : .tellDigest
    }

    /// Whether a notice that is no alarm is gathered under `overflowKey` instead of being told as it comes: its recipient's budget for
    /// the channel is spent, or something of his is held for it and goes first. What somebody waits for, of priority 0, never is.
    package func overflows(priority: Int, toldLastHour: Int, heldForBudget: Int) -> Bool {
        priority > 0 && (toldLastHour >= budget || heldForBudget > 0)
    }
}
