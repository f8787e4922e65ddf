/// How many messages a pull consumer has asked for and not received, so that several requests are always under way
/// and what is buffered stays bounded.
struct PullWindow {
    /// Messages per request.
    let batch: Int
    /// Requests under way at a time when nothing is buffered.
    let requests: Int
    private(set) var requested = 0

    init(batch: Int, requests: Int) {
        precondition(batch > 0 && requests > 0)
        self.batch = batch
        self.requests = requests
    }

    /// How many requests to send now, given what lies in the buffer. They count as sent.
    mutating func requestsToSend(buffered: Int) -> Int {
        let room = batch * requests - requested - buffered
        // One whole batch of room before asking: small requests would cost a round trip each.
        let count = max(0, room / batch)
        requested += count * batch
        return count
    }

    /// A message came.
    mutating func received() { requested = max(0, requested - 1) }

    /// The server ended a request that still had that many messages open; nil: it did not say how many.
    mutating func ended(open: Int?) { requested = max(0, requested - (open ?? batch)) }

    /// Nothing is under way any more.
    mutating func reset() { requested = 0 }
}
