/// How patient operations are with a router that refuses them.
package struct RouterOperationRules: Hashable, Sendable {
    /// So many refusals, and the operation has failed.
    package var attempts: Int
    /// The pause after the first refusal; it doubles with each.
    package var retry: Duration
    /// The longest of these pauses.
    package var longestRetry: Duration

    package init(attempts: Int = 3, retry: Duration = .seconds(5), longestRetry: Duration = .seconds(300)) {
        precondition(attempts > 0, "no attempt at all")
        self.attempts = attempts
        self.retry = retry
        self.longestRetry = longestRetry
    }

    /// The pause after so many refusals.
    package func pause(after refusals: Int) -> Duration {
        var pause = retry
        var left = refusals - 1
        while left > 0, pause < longestRetry {
            pause = pause * 2
            left -= 1
        }
        return min(pause, longestRetry)
    }
}

/// What came of an attempt. The words are stable: they are stored and told.
package enum RouterOperationAnswer: Hashable, Sendable {
    /// It is so now.
    case done
    /// There was nothing to do: what it was about is somebody else's, or gone.
    case needless
    /// The router was not reached, or nobody may speak to it: it waits, and that is no attempt.
    case away(String)
    /// The router said no, in its own words.
    case refused(String, detail: String)
    /// It cannot be done, however often it is tried.
    case impossible(String)
}

extension RouterOperation {
    /// The longest text of a router that is kept.
    private static let longestDetail = 200

    /// It is with the router now. False for one that has ended.
    @discardableResult
    package mutating func begin(at now: Timestamp) -> Bool {
        guard !state.isFinal else { return false }
        state = .running
        startedAt = now
        return true
    }

    /// What came of it. One that has ended stays as it is.
    package mutating func take(_ answer: RouterOperationAnswer, at now: Timestamp, _ rules: RouterOperationRules) {
        guard !state.isFinal else { return }
        switch answer {
        case .done: end(.done, nil, at: now)
        case .needless: end(.superseded, "needless", at: now)
        case .away(let word):
            state = .pending
            reason = word
        case .refused(let word, let text):
            attempts += 1
            detail = Self.shown(text)
            guard attempts < rules.attempts else { return end(.failed, word, at: now) }
            state = .pending
            reason = word
            nextAt = now + rules.pause(after: attempts)
        case .impossible(let word): end(.failed, word, at: now)
        }
    }

    /// A later one does its work.
    package mutating func supersede(at now: Timestamp) {
        guard !state.isFinal else { return }
        end(.superseded, "replaced", at: now)
    }

    /// Whoever did it is gone: it is done again, from the beginning.
    package mutating func recover() {
        guard state == .running else { return }
        state = .pending
    }

    private mutating func end(_ state: RouterOperationState, _ word: String?, at now: Timestamp) {
        self.state = state
        reason = word
        endedAt = now
        nextAt = nil
        if state != .failed {
            // Who is gone is not named any longer than it takes.
            username = nil
            detail = nil
        }
    }

    /// Nothing for a router that said nothing.
    private static func shown(_ text: String) -> String? {
        text.isEmpty ? nil : String(String.UnicodeScalarView(text.unicodeScalars.prefix(longestDetail)))
    }
}

/// What of a router's open operations is to be done now, in their order, and what of them needs not be done.
package struct RouterAgenda: Hashable, Sendable {
    /// In the order in which they were asked for. One that waits for another attempt holds nobody up.
    package private(set) var due: [RouterOperation] = []
    /// Each has a later one that does its work.
    package private(set) var superseded: [RouterOperation] = []

    /// What an operation is about: of two about the same the later does the work of both.
    private struct Subject: Hashable {
        let kind: RouterOperationKind
        let id: UUID128?
        let username: String?
    }

    /// Of the open operations of one router, in any order.
    package init(_ open: [RouterOperation], at now: Timestamp) {
        var seen: Set<Subject> = []
        for operation in open.sorted(by: { $0.number > $1.number }) where !operation.state.isFinal {
            let subject = Subject(
                kind: operation.kind,
                id: operation.serviceID?.value ?? operation.planID?.value,
                username: operation.username
            )
            if !seen.insert(subject).inserted {
                var operation = operation
                operation.supersede(at: now)
                superseded.append(operation)
            } else if operation.nextAt.map({ $0 <= now }) == true {
                due.append(operation)
            }
        }
        due.reverse()
        superseded.reverse()
    }
}
