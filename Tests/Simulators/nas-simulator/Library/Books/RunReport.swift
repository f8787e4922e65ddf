import WireFormat

/// What a run proved, for people and for programs.
package struct RunReport: Sendable {
    package let script: DayScript
    package let result: PlayResult
    /// Nil where nobody looked into Postgres.
    package let discrepancies: [Comparison.Discrepancy]?

    package init(_ script: DayScript, _ result: PlayResult, _ discrepancies: [Comparison.Discrepancy]?) {
        self.script = script
        self.result = result
        self.discrepancies = discrepancies
    }

    /// Whether every answer came and was right, and the books are true.
    package var holds: Bool {
        result.unanswered.isEmpty && result.faultCount == 0 && result.counts.forged == 0
            && (discrepancies?.isEmpty ?? true)
    }

    private var seconds: Double { Double(result.ended - result.began) / 1e6 }

    /// Lines for people; of what is wrong the first twenty, each with its packets.
    package var text: String {
        let wishes = script.world.wishes
        let counts = result.counts
        var lines = [
            "seed \(wishes.seed), \(wishes.scenario.name): \(wishes.subscribers) subscribers on \(wishes.nases) NASes, "
                + "\(result.sessions.count) sessions, \(script.reports) reports, in \(tenths(seconds)) s",
            "\(counts.accepted) logins accepted, \(counts.rejected) refused, \(counts.acknowledged) records acknowledged "
                + "(\(Int(Double(counts.acknowledged) / max(seconds, 1))) a second)",
            "\(counts.retransmissions) retransmissions, \(counts.duplicates) duplicates, \(counts.repeats) repeats, "
                + "\(counts.lateAnswers) late answers, \(counts.controlRequests) CoA and Disconnect",
        ]
        lines += section("unanswered", result.unanswered, result.unanswered.count)
        lines += section("wrong answers", result.faults, result.faultCount)
        if let discrepancies {
            lines += section("discrepancies", discrepancies.prefix(20).map { shown($0) }, discrepancies.count)
        } else {
            lines.append("Postgres was not looked into")
        }
        lines.append(holds ? "everything holds" : "FAILED: replay it with --seed \(wishes.seed)")
        return lines.joined(separator: "\n") + "\n"
    }

    private func tenths(_ value: Double) -> String { String(Double(Int(value * 10)) / 10) }

    private func section(_ title: String, _ lines: [String], _ count: Int) -> [String] {
        count == 0 ? ["no \(title)"] : ["\(count) \(title):"] + lines.prefix(20).map { "  " + $0 }
    }

    private func shown(_ discrepancy: Comparison.Discrepancy) -> String {
        let packets = discrepancy.sessions.prefix(3).flatMap { number in
            ["    session \(number) of seed \(script.world.wishes.seed):"]
                + result.journal.history(of: result.sessions[number]).map { "      " + $0 }
        }
        return ([discrepancy.text] + packets).joined(separator: "\n")
    }

    // MARK: - JSON

    /// One object; of what is wrong the first two hundred.
    package var json: [UInt8] {
        var json = JSONWriter()
        let wishes = script.world.wishes
        json.beginObject()
        json.key("holds")
        json.value(holds)
        json.key("seed")
        json.value(wishes.seed)
        json.key("scenario")
        json.value(wishes.scenario.name)
        let numbers: [(String, Int)] = [
            ("subscribers", wishes.subscribers), ("nases", wishes.nases), ("sessions", result.sessions.count),
            ("reports", script.reports), ("accepted", result.counts.accepted), ("rejected", result.counts.rejected),
            ("acknowledged", result.counts.acknowledged), ("retransmissions", result.counts.retransmissions),
            ("duplicates", result.counts.duplicates), ("repeats", result.counts.repeats),
            ("lateAnswers", result.counts.lateAnswers), ("forged", result.counts.forged),
            ("controlRequests", result.counts.controlRequests), ("wrongAnswers", result.faultCount),
        ]
        for (name, number) in numbers {
            json.key(string: name)
            json.value(number)
        }
        json.key("seconds")
        json.value(seconds)
        write("unanswered", result.unanswered, &json)
        write("faults", result.faults, &json)
        json.key("discrepancies")
        if let discrepancies { write(discrepancies, &json) } else { json.null() }
        json.endObject()
        return json.bytes + [UInt8(ascii: "\n")]
    }

    private func write(_ name: String, _ lines: [String], _ json: inout JSONWriter) {
        json.key(string: name)
        json.beginArray()
        for line in lines.prefix(200) { json.value(line) }
        json.endArray()
    }

    private func write(_ discrepancies: [Comparison.Discrepancy], _ json: inout JSONWriter) {
        json.beginArray()
        for discrepancy in discrepancies.prefix(200) {
            json.beginObject()
            json.key("text")
            json.value(discrepancy.text)
            json.key("packets")
            json.beginArray()
            for number in discrepancy.sessions.prefix(5) {
                for line in result.journal.history(of: result.sessions[number]) { json.value("\(number): \(line)") }
            }
            json.endArray()
            json.endObject()
        }
        json.endArray()
    }
}
