/// What became of one request.
package enum ControlOutcome: Hashable, Sendable {
    /// ACK: done, says the NAS.
    case acknowledged(terminateCause: UInt32?)
    /// NAK.
    case refused(Refusal)
    /// Sent so often, and not answered by the NAS. Whether it did it is not known.
    case timedOut(tries: Int, badAuthenticators: Int)
    /// Not sent at all.
    case notSent(NotSent)
    /// Sent, and whoever asked does not want to know any more. Whether the NAS did it is not known.
    case abandoned

    /// Why a request was not sent. The raw values are the metric's labels.
    package enum NotSent: Hashable, Sendable {
        /// The NAS's breaker is open; not worth asking before that time of the monotonic clock, nil while it is probed.
        case breakerOpen(until: UInt64?)
        /// As many wait for this NAS, or for all, as may.
        case queueFull
        /// Its time was over while it waited.
        case overdue
        /// It does not fit into a packet.
        case tooLong
        /// The client ends, or whoever asked went away.
        case stopped
    }

    /// For a metric's label.
    package var label: String {
        switch self {
        case .acknowledged: "acknowledged"
        case .refused: "refused"
        case .timedOut(_, let bad): bad > 0 ? "bad_authenticator" : "timed_out"
        case .notSent(.breakerOpen): "breaker_open"
        case .notSent(.queueFull): "queue_full"
        case .notSent(.overdue): "overdue"
        case .notSent(.tooLong): "too_long"
        case .notSent(.stopped), .abandoned: "abandoned"
        }
    }
}
