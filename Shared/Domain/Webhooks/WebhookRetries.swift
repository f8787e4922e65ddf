/// When what a receiver did not take is sent again.
///
/// The pauses are those that Standard Webhooks gives as its example: at once, after 5 seconds, 5 and 30 minutes, 2, 5, 10, 14, 20 and
/// 24 hours, three days in all, each longer by a random part so that receivers are not met by everybody at once. As an endpoint's events
/// are sent in their order, the pause is the endpoint's: what waits behind waits with it.
package struct WebhookRetries: Hashable, Sendable {
    /// No pause is longer.
    package var longestPause: Duration
    /// What was tried for so long is tried no more.
    package var giveUpAfter: Duration
    /// An endpoint at which nothing succeeded for so long is disabled.
    package var disableAfter: Duration

    package init(
        longestPause: Duration = .seconds(86_400),
        giveUpAfter: Duration = .seconds(75 * 3_600),
        disableAfter: Duration = .seconds(3 * 86_400)
    ) {
        self.longestPause = longestPause
        self.giveUpAfter = giveUpAfter
        self.disableAfter = disableAfter
    }

    /// How often a receiver may say itself that it does not want one event (400 to 499 but for 408, 410, 425 and 429), while it may want
    /// the next: what nobody takes must not hold up the others for three days.
    package static let refusals = 5

    /// The pauses behind the first attempt, the second and so on, in seconds.
    package static let pauses: [Int64] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]

    /// What came of an attempt.
    package enum Answer: Hashable, Sendable {
        /// A status, and how long the receiver asks to be left alone.
        case status(Int, retryAfter: Duration?)
        /// None came, as a word: `timeout`, `unreachable`.
        case none(String)
    }

    /// What follows from it.
    package enum Verdict: Hashable, Sendable {
        case delivered
        /// Again, after that, and nothing else to the endpoint before.
        case again(after: Duration, String)
        /// Not any more.
        case failed(String)
        /// The receiver wants nothing any more (410).
        case gone
    }

    /// What follows from the answer to attempt `number`, counted from 1, of a delivery that was first tried at `first`. `jitter` is a
    /// random number from 0 to 1, of which a tenth of the pause is made.
    package func verdict(_ answer: Answer, attempt number: Int, first: Timestamp, now: Timestamp, jitter: Double)
        -> Verdict
    {
        let word: String
        var wanted: Duration?
        var isRefusal = false
        switch answer {
        case .status(200...299, _): return .delivered
        case .status(410, _): return .gone
        case .status(let status, let after):
            word = Self.word(status)
            // Three hours of silence at most are granted: who wants more is served by the usual pauses.
            if [408, 425, 429, 502, 503, 504].contains(status) { wanted = after.map { min($0, .seconds(3 * 3_600)) } }
            isRefusal = (400...499).contains(status) && ![408, 425, 429].contains(status)
        case .none(let name): word = name
        }
        if isRefusal, number >= Self.refusals { return .failed(word) }
        guard now - first < giveUpAfter else { return .failed(word) }
        return .again(after: max(pause(behind: number, jitter: jitter), min(wanted ?? .zero, longestPause)), word)
    }

    /// The pause behind attempt `number`.
    package func pause(behind number: Int, jitter: Double) -> Duration {
        let seconds = Self.pauses[min(max(number, 1), Self.pauses.count) - 1]
        let plain = min(Duration.seconds(seconds), longestPause)
        return plain + plain * (min(max(jitter, 0), 1) / 10)
    }

    /// What a status is called where it failed.
    package static func word(_ status: Int) -> String {
        switch status {
        case 300...399: "redirected"
        case 408, 504: "timeout"
        case 410: "gone"
        case 429: "throttled"
        case 400...499: "refused"
        case 500...599: "server_error"
        default: "unexpected_status"
        }
    }

    /// What the standing becomes.
    package func standing(_ before: WebhookStanding, after verdict: Verdict, at now: Timestamp) -> WebhookStanding {
        var standing = before
        switch verdict {
        case .delivered:
            standing.failures = 0
            standing.failingSince = nil
            standing.pausedUntil = nil
            standing.lastSuccessAt = now
        case .again(let pause, let word):
            standing.fail(word, now)
            standing.pausedUntil = now + pause
        case .failed(let word):
            standing.fail(word, now)
            // The next is tried at once: it may be what the receiver wants.
            standing.pausedUntil = nil
        case .gone:
            standing.fail("gone", now)
            standing.pausedUntil = nil
        }
        return standing
    }

    /// Whether an endpoint that fares so is to be disabled, and why, as a word.
    package func disables(_ standing: WebhookStanding, after verdict: Verdict, at now: Timestamp) -> String? {
        if verdict == .gone { return "gone" }
        guard let since = standing.failingSince, now - since >= disableAfter else { return nil }
        return "failing"
    }
}

extension WebhookStanding {
    fileprivate mutating func fail(_ word: String, _ now: Timestamp) {
        failures += 1
        failingSince = failingSince ?? now
        lastFailureAt = now
        lastError = word
    }
}
