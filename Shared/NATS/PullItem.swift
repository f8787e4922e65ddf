/// What a reader takes out of a pull loop.
enum PullItem: Sendable {
    case message(NATSMessage)
    case gap(TailGap)
}

/// Finds or makes the consumer that a pull loop reads, and looks at each message first. Used by the loop's thread only.
protocol PullSource: AnyObject {
    /// Makes sure that the consumer exists and returns its name. Called at the start, after each reconnect and when
    /// the server lost the consumer.
    func prepare(_ report: (TailGap) -> Void) throws(NATSError) -> String
    /// What to do with a message.
    func judge(_ message: NATSMessage, _ report: (TailGap) -> Void) -> PullVerdict
    /// The loop ended.
    func finish()
}

/// What to do with a message that a pull brought.
enum PullVerdict {
    case deliver
    case skip
    /// Something is missing before it: prepare again.
    case restart
}
