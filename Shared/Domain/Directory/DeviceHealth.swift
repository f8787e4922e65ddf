/// Whether a device answers, as far as is known.
package enum DeviceStatus: String, Hashable, Sendable, CaseIterable {
    case online, offline
    /// It was not checked yet, or is not checked any more.
    case unknown
}

/// What a check of a device met.
package enum DeviceCheckResult: Hashable, Sendable {
    /// It took the connection.
    case answered
    /// It did not, and that says something of it.
    case failed(Failure)
    /// Nothing was learnt of it: what was in the way is on our side.
    case unchecked(Obstacle)

    package enum Failure: String, Hashable, Sendable, CaseIterable {
        /// Its name means no address.
        case unresolved
        case refused
        case timedOut = "timed_out"
        /// Somebody on the way said that there is no way to it.
        case unreachable
        case other
    }

    package enum Obstacle: String, Hashable, Sendable, CaseIterable {
        /// Its address leads to this machine or its link, where checks do not go.
        case localAddress = "local_address"
        /// This machine has no route there.
        case noRoute = "no_route"
        /// This machine has no means left to try.
        case noResources = "no_resources"
        /// The name service did not answer.
        case nameService = "name_service"
    }

    /// A stable word: `answered`, or what was in the way.
    package var word: String { error ?? "answered" }

    /// What was in the way; nil where it answered.
    package var error: String? {
        switch self {
        case .answered: nil
        case .failed(let failure): failure.rawValue
        case .unchecked(let obstacle): obstacle.rawValue
        }
    }
}

/// When a device counts as online or offline. One lost packet is no outage, and one answer amid an outage no recovery.
package struct DeviceHealthTerms: Hashable, Sendable {
    /// Checks in a row that must fail before a device is offline; at least 1.
    package var failures: Int
    /// Checks in a row that must be answered before an offline device is online again; at least 1.
    package var successes: Int
    /// The wait between two checks of a device whose status stands.
    package var interval: Duration
    /// The same while it is in doubt; no longer than `interval`.
    package var retry: Duration

    package init(failures: Int = 3, successes: Int = 2, interval: Duration, retry: Duration) {
        self.failures = max(1, failures)
        self.successes = max(1, successes)
        self.interval = interval
        self.retry = min(interval, retry)
    }
}

/// What checks found of one device, and the judgement about it: pure, so that any course of results can be played through
/// (table device_status, DEV-03).
package struct DeviceHealth: Hashable, Sendable {
    package var status: DeviceStatus
    /// Since when it has that status; nil until stored.
    package var since: Timestamp?
    /// Checks in a row that it answered, or did not; those that told nothing do not count.
    package var successes: Int
    package var failures: Int
    package var lastSeenAt: Timestamp?
    package var checkedAt: Timestamp?
    /// What the last check met; nil where the device answered.
    package var lastError: String?

    package init(
        status: DeviceStatus = .unknown,
        since: Timestamp? = nil,
        successes: Int = 0,
        failures: Int = 0,
        lastSeenAt: Timestamp? = nil,
        checkedAt: Timestamp? = nil,
        lastError: String? = nil
    ) {
        self.status = status
        self.since = since
        self.successes = successes
        self.failures = failures
        self.lastSeenAt = lastSeenAt
        self.checkedAt = checkedAt
        self.lastError = lastError
    }

    /// Takes a check's result. The status changes after so many results of one sort in a row as the terms say, at once where nothing
    /// was known and the device answers, and never because of a check that told nothing. Returns whether it changed.
    @discardableResult
    package mutating func take(_ result: DeviceCheckResult, at now: Timestamp, terms: DeviceHealthTerms) -> Bool {
        checkedAt = now
        lastError = result.error
        // Beyond what any terms ask for there is nothing to count.
        let most = Int(Int16.max)
        switch result {
        case .unchecked: return false
        case .answered:
            lastSeenAt = now
            (successes, failures) = (min(successes + 1, most), 0)
            guard status == .unknown || status == .offline && successes >= terms.successes else { return false }
            return become(.online, at: now)
        case .failed:
            (successes, failures) = (0, min(failures + 1, most))
            guard status != .offline, failures >= terms.failures else { return false }
            return become(.offline, at: now)
        }
    }

    private mutating func become(_ next: DeviceStatus, at now: Timestamp) -> Bool {
        (status, since) = (next, now)
        return true
    }

    /// Whether the last results speak against the status: then the next check comes sooner.
    package var isInDoubt: Bool {
        switch status {
        case .online: failures > 0
        case .offline: successes > 0
        case .unknown: true
        }
    }

    /// The wait before the next check, spread by up to a tenth either way, so that devices that were added together are not checked
    /// together for ever. `luck` lies from 0 to 1.
    package func wait(_ terms: DeviceHealthTerms, luck: Double) -> Duration {
        (isInDoubt ? terms.retry : terms.interval) * (0.9 + 0.2 * min(max(luck, 0), 1))
    }
}
