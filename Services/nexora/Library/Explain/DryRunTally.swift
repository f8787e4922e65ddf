import Domain
import Events

/// Counts what a change makes of recorded logins. Its size does not grow with their number.
struct DryRunTally: Sendable, Equatable {
    struct Change: Sendable, Equatable {
        let from: String
        let to: String
        var logins = 0
        /// User names and times of some.
        var examples: [String] = []
    }

    private static let mostExamples = 3
    private static let mostDifferences = 100

    private(set) var total = 0
    private(set) var same = 0
    private(set) var changes: [String: Change] = [:]
    /// Logins that would be answered otherwise by now, without the change: `then -> now`.
    private(set) var drift: [String: Change] = [:]
    private(set) var differences: [String: ReplayVerdicts.Difference] = [:]
    private(set) var notes: Set<String> = []
    private(set) var first: Timestamp?
    private(set) var last: Timestamp?

    mutating func add(_ decisions: [RecordedDecision], _ verdicts: ReplayVerdicts) {
        for (decision, verdict) in zip(decisions, verdicts.verdicts) {
            total += 1
            first = min(first ?? decision.time, decision.time)
            last = max(last ?? decision.time, decision.time)
            if verdict.now == verdict.changed { same += 1 }
            Self.count(decision, verdict.now, verdict.changed, in: &changes)
            Self.count(decision, decision.words, verdict.now, in: &drift)
        }
        for difference in verdicts.differences {
            let key = difference.vendor + difference.lines.joined(separator: "\n")
            if var known = differences[key] {
                known.logins += difference.logins
                differences[key] = known
            } else if differences.count < Self.mostDifferences {
                differences[key] = difference
            }
        }
        notes.formUnion(verdicts.notes)
    }

    /// The most frequent first.
    static func sorted(_ changes: [String: Change]) -> [Change] {
        changes.values.sorted { ($1.logins, $0.from, $0.to) < ($0.logins, $1.from, $1.to) }
    }

    var sortedDifferences: [ReplayVerdicts.Difference] {
        differences.values.sorted { ($1.logins, $0.vendor) < ($0.logins, $1.vendor) }
    }

    private static func count(
        _ decision: RecordedDecision,
        _ from: String,
        _ to: String,
        in changes: inout [String: Change]
    ) {
        guard from != to else { return }
        var change = changes["\(from) -> \(to)"] ?? Change(from: from, to: to)
        change.logins += 1
        if change.examples.count < mostExamples {
            let name = decision.decided.username
            if !change.examples.contains(where: { $0.hasPrefix(name + " ") }) {
                change.examples.append("\(name) \(decision.time)")
            }
        }
        changes["\(from) -> \(to)"] = change
    }
}
