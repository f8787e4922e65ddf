/// What one socket asked for, as far as the audit trail needs to know: each filter is put on record once, and no client makes
/// more of that than a person at a page would.
struct LiveSubscriptions: Sendable {
    enum Verdict: Hashable, Sendable {
        /// Another filter: it goes on record.
        case another
        /// The one on record.
        case same
        /// More changes than there may be.
        case tooMany
    }

    /// Changes of the filter within ``span``.
    static let mostChanges = 10
    static let span = Duration.seconds(60)

    private var recorded: LiveFilter?
    /// When the newest changes were, oldest first.
    private var moments: [ContinuousClock.Instant] = []

    /// What the wish for that filter is.
    mutating func take(_ filter: LiveFilter, at now: ContinuousClock.Instant = .now) -> Verdict {
        guard filter != recorded else { return .same }
        moments.removeAll { $0 + Self.span <= now }
        guard moments.count < Self.mostChanges else { return .tooMany }
        moments.append(now)
        recorded = filter
        return .another
    }
}
