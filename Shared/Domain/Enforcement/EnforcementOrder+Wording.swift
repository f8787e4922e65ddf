extension EnforcementOrder {
    /// What became of it, or where it stands, in a sentence for people.
    package var summary: String {
        switch state {
        case .pending: reason.map { "Waits: \(Self.words($0))." } ?? "Waits to be sent."
        case .sent: "Sent to the NAS."
        case .acknowledged where way == .change && cause == .renewed:
            "The NAS acknowledged it; whether the session lives past its old end is waited for."
        case .acknowledged where way == .change:
            "The NAS acknowledged it; what the session carries is waited for."
        case .acknowledged:
            reason == .sessionGone
                ? "The NAS has no such session; whether nothing is heard of it is waited for."
                : "The NAS acknowledged it; the session's end is waited for."
        case .confirmed: "Done: \(Self.words(reason))."
        case .unproven: "The NAS acknowledged it, and nothing proves it: \(Self.words(reason))."
        case .failed:
            "Failed: \(Self.words(reason))\(errorCause.map { " (Error-Cause \($0))" } ?? "").\(consolation)"
        case .superseded: reason == .notWanted ? "Not needed: \(Self.words(reason))." : "Another order took its place."
        }
    }

    /// What follows all the same.
    private var consolation: String {
        cause == .renewed ? " The session keeps the end that it was granted, and whoever may logs in again." : ""
    }

    private static func words(_ reason: EnforcementReason?) -> String {
        switch reason {
        case .sessionOver: "the session is over"
        case .alreadyOver: "the session was over before"
        case .neverStarted: "the session never began"
        case .sessionGone: "the NAS has no such session and reported nothing of it since"
        case .noStop: "no end of the session was reported"
        case .stillReports: "the NAS still reports the session"
        case .refused: "the NAS refused"
        case .tooLong: "the request does not fit into a packet"
        case .notIdentified: "nothing that the NAS wants to be told is known of the session"
        case .cannotChange: "the NAS cannot change it within the session"
        case .cannotDisconnect: "the NAS takes no Disconnect-Request"
        case .nasGone: "the NAS is no more"
        case .noAddress: "the NAS's row is a range of addresses, and which of them has the session is not known"
        case .secretUnreadable: "the keyring does not open the NAS's secret"
        case .unanswered: "the NAS does not answer"
        case .badAuthenticator: "what answers has another secret"
        case .breakerOpen: "the NAS did not answer others either, and is left alone for a while"
        case .queueFull: "too many requests wait for the NAS"
        case .braked: "too many sessions were to end at once, and the rest is held back"
        case .overdue: "its time was over"
        case .noSession: "no session of its admission is known yet"
        case .alreadySo: "the session had it already"
        case .rateMeasured: "what the session carried since shows it"
        case .outlived: "the session was reported after its old end"
        case .notMeasured: "nothing that the session carried since shows it"
        case .exceeded: "more passes than the new speed allows"
        case .replaced: "another order took its place"
        case .notWanted: "what it was for is so no more"
        case nil: "nothing more is known"
        }
    }
}
