/// One limit that a request counts against.
package struct RateRule: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// At most `limit` in any `seconds` that follow one another: exact, also over the edge of a minute.
        case window(limit: Int, seconds: Int)
        /// `capacity` at once, and then `perSecond`.
        case bucket(capacity: Int, perSecond: Int)
        /// The window of that name and subject, looked at alone: nothing is counted in it.
        case watch(limit: Int, seconds: Int)
    }

    /// Stable, for headers and metrics: `address`, `user`, `tenant`. One name stands for one limit at a time.
    package let name: String
    /// Whose: the address, the user's id. Together with `name` what is counted under.
    package let subject: String
    package let kind: Kind

    package init(_ name: String, subject: String, _ kind: Kind) {
        self.name = name
        self.subject = subject
        self.kind = kind
    }

    /// How many there may be.
    package var limit: Int {
        switch kind {
        case .window(let limit, _), .watch(let limit, _): limit
        case .bucket(let capacity, _): capacity
        }
    }

    /// Seconds that the limit is for; a bucket is full again after so many.
    package var seconds: Int {
        switch kind {
        case .window(_, let seconds), .watch(_, let seconds): seconds
        case .bucket(let capacity, let perSecond): max(1, (capacity + perSecond - 1) / max(1, perSecond))
        }
    }

    /// Whether a request that may go on counts.
    var isCounted: Bool { if case .watch = kind { false } else { true } }

    /// The rule that counts what this one looks at; itself where it counts.
    var counted: RateRule {
        guard case .watch(let limit, let seconds) = kind else { return self }
        return RateRule(name, subject: subject, .window(limit: limit, seconds: seconds))
    }

    /// Octets of a key in Redis.
    var key: [UInt8] {
        var key: [UInt8] = []
        key.reserveCapacity(6 + name.utf8.count + subject.utf8.count)
        key += "rate:".utf8
        key += name.utf8
        key.append(UInt8(ascii: ":"))
        key += subject.utf8
        return key
    }
}

/// How a request stands against one rule.
package struct RateStanding: Hashable, Sendable {
    package let rule: RateRule
    /// How many more there may be now.
    package let remaining: Int
    /// Milliseconds until there may be one more, where none is left; else until all of them may be again.
    package let resetMilliseconds: Int

    package init(rule: RateRule, remaining: Int, resetMilliseconds: Int) {
        self.rule = rule
        self.remaining = remaining
        self.resetMilliseconds = resetMilliseconds
    }
}

/// Whether a request may go on. One that may not counts against nothing.
package struct RateVerdict: Hashable, Sendable {
    /// One for each rule, in their order.
    package let standings: [RateStanding]
    /// The rule that refused it, where one did: the one that has to be waited for longest.
    package let refusedBy: RateStanding?

    package init(standings: [RateStanding], refusedBy: RateStanding?) {
        self.standings = standings
        self.refusedBy = refusedBy
    }
}
