/// How often somebody may try to sign in (IAM-29).
package struct LoginLimits: Hashable, Sendable {
    /// So many attempts of one address within `window`.
    package var attempts: Int
    package var window: Duration
    /// From so many failures in a row on, an address waits `firstPause`, doubled with each further one.
    package var failuresBeforePause: Int
    package var firstPause: Duration
    package var longestPause: Duration
    /// From so many failures in a row on, of the address or of the account, an attempt must bring the solution of a challenge.
    package var failuresBeforeChallenge: Int
    /// An address that failed on so many different accounts within an hour guesses, and is blocked for `block`.
    package var accountsBeforeBlock: Int
    package var block: Duration
    /// At so many failures in a row an account is locked for `lock`. Behind it counting begins again, at
    /// `failuresBeforeChallenge` where that is less: one failure now and then does not keep anybody out.
    package var failuresBeforeLock: Int
    package var lock: Duration

    package init(
        attempts: Int = 5,
        window: Duration = .seconds(60),
        failuresBeforePause: Int = 3,
        firstPause: Duration = .seconds(2),
        longestPause: Duration = .seconds(900),
        failuresBeforeChallenge: Int = 3,
        accountsBeforeBlock: Int = 10,
        block: Duration = .seconds(3600),
        failuresBeforeLock: Int = 10,
        lock: Duration = .seconds(60)
    ) {
        self.attempts = attempts
        self.window = window
        self.failuresBeforePause = failuresBeforePause
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.failuresBeforeChallenge = failuresBeforeChallenge
        self.accountsBeforeBlock = accountsBeforeBlock
        self.block = block
        self.failuresBeforeLock = failuresBeforeLock
        self.lock = lock
    }

    /// How many failures count of those before a lock that has ended.
    package var failuresAfterLock: Int { failuresBeforeChallenge < failuresBeforeLock ? failuresBeforeChallenge : 0 }

    /// `first`, doubled `steps` times, at most `longest`.
    static func backoff(_ first: Duration, _ longest: Duration, steps: Int) -> Duration {
        var pause = first
        for _ in 0..<min(max(steps, 0), 40) where pause < longest { pause = pause * 2 }
        return min(pause, longest)
    }
}

/// What one address tried. Pure: the caller brings the time and keeps the value.
package struct AddressAttempts: Hashable, Sendable {
    /// The attempts within the window, oldest first.
    private var recent: [Timestamp] = []
    private var failuresInRow = 0
    private var waitsUntil: Timestamp?
    private var failedAccounts: [UInt64: Timestamp] = [:]
    /// When anything happened last: who keeps many forgets the oldest.
    package private(set) var lastSeen: Timestamp = .epoch

    package init() {}

    /// Whether an attempt may go on to the password.
    package enum Verdict: Hashable, Sendable {
        case admitted
        /// Too soon; nothing changes before that time.
        case refused(until: Timestamp)
    }

    /// Takes an attempt. A refused one counts for nothing: who waits as told gets in.
    package mutating func admit(at now: Timestamp, _ limits: LoginLimits) -> Verdict {
        lastSeen = max(lastSeen, now)
        if let waitsUntil, now < waitsUntil { return .refused(until: waitsUntil) }
        recent.removeAll { $0 + limits.window <= now }
        if let oldest = recent.first, recent.count >= limits.attempts { return .refused(until: oldest + limits.window) }
        recent.append(now)
        return .admitted
    }

    /// The attempt failed. `account` is any number that tells the account that was tried from others.
    package mutating func failed(account: UInt64, at now: Timestamp, _ limits: LoginLimits) {
        lastSeen = max(lastSeen, now)
        failuresInRow += 1
        failedAccounts = failedAccounts.filter { $0.value + .seconds(3600) > now }
        if failedAccounts.count < limits.accountsBeforeBlock { failedAccounts[account] = now }
        var pause = Duration.zero
        if failuresInRow >= limits.failuresBeforePause {
            let steps = failuresInRow - limits.failuresBeforePause
            pause = LoginLimits.backoff(limits.firstPause, limits.longestPause, steps: steps)
        }
        if failedAccounts.count >= limits.accountsBeforeBlock { pause = max(pause, limits.block) }
        guard pause > .zero else { return }
        waitsUntil = max(waitsUntil ?? .epoch, now + pause)
    }

    /// Whether an attempt from here must bring the solution of a challenge.
    package func wantsChallenge(_ limits: LoginLimits) -> Bool { failuresInRow >= limits.failuresBeforeChallenge }

    /// The attempt succeeded: the pauses begin anew. Accounts that were guessed at stay counted, so that an own account does
    /// not buy further guesses.
    package mutating func succeeded(at now: Timestamp) {
        lastSeen = max(lastSeen, now)
        failuresInRow = 0
        if failedAccounts.isEmpty { waitsUntil = nil }
    }

    /// Whether everything known has lost its meaning.
    package func isForgettable(at now: Timestamp, _ limits: LoginLimits) -> Bool {
        let memory = max(limits.window, limits.longestPause, limits.block, .seconds(3600))
        return lastSeen + memory <= now
    }
}

/// The failures on one account, whichever addresses they came from (columns of table users).
package struct AccountLock: Hashable, Sendable {
    /// In a row.
    package var failures: Int
    package var lockedUntil: Timestamp?

    package init(failures: Int = 0, lockedUntil: Timestamp? = nil) {
        self.failures = failures
        self.lockedUntil = lockedUntil
    }

    package func isLocked(at now: Timestamp) -> Bool { lockedUntil.map { now < $0 } ?? false }

    /// Whether an attempt on it must bring the solution of a challenge.
    package func wantsChallenge(_ limits: LoginLimits) -> Bool { failures >= limits.failuresBeforeChallenge }

    /// A wrong password or code. Returns whether this one locked the account. While it is locked nothing counts, and behind
    /// the lock as many failures must come together again: what a stranger tries now and then keeps nobody out for good.
    package mutating func failed(at now: Timestamp, _ limits: LoginLimits) -> Bool {
        guard !isLocked(at: now) else { return false }
        if lockedUntil != nil { self = AccountLock(failures: min(failures, limits.failuresAfterLock)) }
        failures += 1
        guard failures >= limits.failuresBeforeLock else { return false }
        lockedUntil = now + limits.lock
        return true
    }

    /// The right password, and the right code where one is asked for.
    package mutating func succeeded() {
        self = AccountLock()
    }
}
