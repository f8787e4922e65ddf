/// How often each message failed for its own sake since this process began, by its place in the stream.
///
/// The server's delivery count would not do: it also counts the deliveries that an outage or a killed process wasted. A
/// restart forgets the ledger, so that a message has its attempts again under a newer version of this daemon.
struct FailureLedger {
    /// The failure at which a message is buried.
    static let limit = 5

    /// Messages remembered at most; beyond it the oldest of them (the smallest sequence) begins again at zero.
    let capacity: Int
    private var failures: [UInt64: Int] = [:]

    init(capacity: Int = 10_000) {
        self.capacity = capacity
    }

    /// Counts one more failure and returns how many there are now.
    mutating func failed(_ sequence: UInt64) -> Int {
        let count = (failures[sequence] ?? 0) + 1
        if count == 1, failures.count >= capacity, let oldest = failures.keys.min() { failures[oldest] = nil }
        failures[sequence] = count
        return count
    }

    /// Forgets a message that was committed or buried.
    mutating func settled(_ sequence: UInt64) {
        guard !failures.isEmpty else { return }
        failures[sequence] = nil
    }
}
