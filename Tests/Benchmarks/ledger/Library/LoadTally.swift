/// What a run did.
struct LoadTally: Sendable {
    var transfers = 0
    /// Attempts that were undone because somebody else was quicker.
    var retries = 0
    var nanoseconds: UInt64 = 0
    /// How long each commit took, in nanoseconds.
    var commits: [UInt64] = []
    /// Whether all entries sum to zero and nothing is missing.
    var isBalanced = true

    static func + (left: LoadTally, right: LoadTally) -> LoadTally {
        LoadTally(
            transfers: left.transfers + right.transfers,
            retries: left.retries + right.retries,
            nanoseconds: max(left.nanoseconds, right.nanoseconds),
            commits: left.commits + right.commits,
            isBalanced: left.isBalanced && right.isBalanced
        )
    }

    var json: String {
        let sorted = commits.sorted()
        func at(_ share: Double) -> UInt64 {
            sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))] / 1_000
        }
        let seconds = Double(nanoseconds) / 1e9
        return """
            {"per_second": \(Int(Double(transfers) / seconds)), "transfers": \(transfers), "seconds": \(seconds), \
            "retries": \(retries), "lost": \(isBalanced ? 0 : 1), "latency_us": {"p50": \(at(0.5)), "p95": \(at(0.95)), \
            "p99": \(at(0.99)), "p999": \(at(0.999))}}
            """
    }
}
