import Domain
import Events

/// Explanations as records.
struct ExplainOutput {
    let names: [UUID128: String]

    func record(_ rule: ExplainedRule) -> OutputRecord {
        var record = OutputRecord()
        record.add("rule", .text(rule.name))
        record.add("outcome", .text(rule.outcome.rawValue))
        record.add("value", .text(rule.value))
        record.add("from", .text(rule.sources.map(text).joined(separator: "; ")))
        record.add("sources", .list(rule.sources.map { .record(self.record($0)) }), detail: true)
        return record
    }

    func record(_ attribute: ExplainedAttribute) -> OutputRecord {
        var record = OutputRecord()
        record.add("attribute", .text(attribute.name))
        record.add("value", .text(attribute.value))
        record.add("from", .text(text(attribute.source)))
        record.add("source", .record(self.record(attribute.source)), detail: true)
        return record
    }

    /// The whole explanation as one object.
    func record(_ explanation: LoginExplanation, server: String) -> OutputRecord {
        var record = OutputRecord()
        record.add("outcome", .text(explanation.outcome))
        record.add("reason", .text(explanation.reason))
        record.add("at", .text(explanation.at.description))
        record.add("decisionVersion", .integer(Int64(explanation.decisionVersion)))
        record.add("server", .text(server))
        record.add("rules", .list(explanation.rules.map { .record(self.record($0)) }))
        record.add("attributes", .list(explanation.attributes.map { .record(self.record($0)) }))
        record.add("notes", .list(explanation.notes.map(OutputValue.text)))
        return record
    }

    /// The explanation for a person.
    func write(_ explanation: LoginExplanation, server: String, to console: Console) {
        let table = TableText(columns: console.columns)
        console.write(Self.headline(explanation, server))
        console.write("\n" + table.table(of: explanation.rules.map(record)))
        if !explanation.attributes.isEmpty {
            console.write("\n" + table.table(of: explanation.attributes.map(record)))
        }
        if !explanation.notes.isEmpty { console.write("\n") }
        for note in explanation.notes { console.write("note: \(note.displayable)\n") }
    }

    static func headline(_ explanation: LoginExplanation, _ server: String) -> String {
        var text = explanation.outcome
        if !explanation.reason.isEmpty {
            text += explanation.outcome == "accept" ? ", confined for \(explanation.reason)" : " \(explanation.reason)"
        }
        return
            "\(text), as \(server) decides at \(explanation.at) by its rules of version \(explanation.decisionVersion)\n"
    }

    /// `plan "Home 50" 0192… v12 download`.
    private func text(_ source: ValueSource) -> String {
        var parts = [source.kind]
        if let id = source.id {
            if let name = names[id] { parts.append("\"\(name)\"") }
            parts.append(id.description)
        }
        if source.version != 0 { parts.append("v\(source.version)") }
        if !source.name.isEmpty { parts.append(source.name) }
        return parts.joined(separator: " ")
    }

    private func record(_ source: ValueSource) -> OutputRecord {
        var record = OutputRecord()
        record.add("kind", .text(source.kind))
        record.add("id", .optional(source.id?.description))
        record.add("label", .optional(source.id.flatMap { names[$0] }))
        record.add("version", source.version == 0 ? .null : .integer(source.version))
        record.add("name", .text(source.name))
        return record
    }
}
