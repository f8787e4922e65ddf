internal import Domain
package import WireFormat

extension ExplainAnswer {
    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("server", server)
        switch content {
        case .explanation(let explanation):
            writer.key("explanation")
            explanation.encode(into: &writer)
        case .verdicts(let verdicts):
            writer.key("replay")
            verdicts.encode(into: &writer)
        case .refusal(let refusal):
            writer.key("refusal")
            writer.beginObject()
            writer.member("code", refusal.code.rawValue)
            writer.member("message", refusal.message)
            writer.endObject()
        }
        writer.endObject()
        return writer.bytes
    }

    package init(json: [UInt8]) throws(JSONError) {
        var reader = JSONReader(json)
        var server = ""
        var content: Content?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "server": server = try reader.text() ?? ""
            case "explanation": content = .explanation(try LoginExplanation(from: &reader))
            case "replay": content = .verdicts(try ReplayVerdicts(from: &reader))
            case "refusal": content = .refusal(try QueryRefusal(from: &reader))
            default: try reader.skipValue()
            }
        }
        try reader.expectEnd()
        self.init(server: server, try required(content, "explanation"))
    }
}

extension QueryRefusal {
    init(from reader: inout JSONReader) throws(JSONError) {
        var (code, message) = ("", "")
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "code": code = try reader.text() ?? ""
            case "message": message = try reader.text() ?? ""
            default: try reader.skipValue()
            }
        }
        self.init(Code(rawValue: code) ?? .invalid, message)
    }
}

extension ValueSource {
    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("kind", kind)
        if let id {
            writer.key("id")
            writer.value(id)
        }
        writer.member("version", version)
        writer.member("name", name)
        writer.endObject()
    }

    init(from reader: inout JSONReader) throws(JSONError) {
        var read = ValueSource("")
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "kind": read.kind = try reader.text() ?? ""
            case "id": read.id = try reader.uuid(key)
            case "version": read.version = try reader.readInt64()
            case "name": read.name = try reader.text() ?? ""
            default: try reader.skipValue()
            }
        }
        self = read
    }
}

extension ExplainedRule {
    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("name", name)
        writer.member("value", value)
        writer.member("outcome", outcome.rawValue)
        writer.members("sources", sources) { $1.encode(into: &$0) }
        writer.endObject()
    }

    init(from reader: inout JSONReader) throws(JSONError) {
        var read = ExplainedRule("", "", .noted, [])
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "name": read.name = try reader.text() ?? ""
            case "value": read.value = try reader.text() ?? ""
            case "outcome": read.outcome = try reader.text().flatMap(Outcome.init) ?? .noted
            case "sources":
                try reader.readArray { reader throws(JSONError) in read.sources.append(try ValueSource(from: &reader)) }
            default: try reader.skipValue()
            }
        }
        self = read
    }
}

extension ExplainedAttribute {
    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("name", name)
        writer.member("value", value)
        writer.key("source")
        source.encode(into: &writer)
        writer.endObject()
    }

    init(from reader: inout JSONReader) throws(JSONError) {
        var read = ExplainedAttribute("", "", ValueSource(""))
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "name": read.name = try reader.text() ?? ""
            case "value": read.value = try reader.text() ?? ""
            case "source": read.source = try ValueSource(from: &reader)
            default: try reader.skipValue()
            }
        }
        self = read
    }
}

extension LoginExplanation {
    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("outcome", outcome)
        writer.member("reason", reason)
        writer.member("decisionVersion", decisionVersion)
        writer.member("at", at)
        writer.members("rules", rules) { $1.encode(into: &$0) }
        writer.members("attributes", attributes) { $1.encode(into: &$0) }
        writer.members("notes", notes) { $0.value($1) }
        writer.endObject()
    }

    init(from reader: inout JSONReader) throws(JSONError) {
        var read = LoginExplanation(outcome: "", decisionVersion: 0, at: Timestamp(microseconds: 0))
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "outcome": read.outcome = try reader.text() ?? ""
            case "reason": read.reason = try reader.text() ?? ""
            case "decisionVersion": read.decisionVersion = try reader.unsigned32(key) ?? 0
            case "at": read.at = try reader.timestamp(key) ?? read.at
            case "rules":
                try reader.readArray { reader throws(JSONError) in read.rules.append(try ExplainedRule(from: &reader)) }
            case "attributes":
                try reader.readArray { reader throws(JSONError) in
                    read.attributes.append(try ExplainedAttribute(from: &reader))
                }
            case "notes": read.notes = try reader.texts()
            default: try reader.skipValue()
            }
        }
        self = read
    }
}

extension ReplayVerdicts {
    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.members("verdicts", verdicts) { writer, verdict in
            writer.beginObject()
            writer.member("now", verdict.now)
            writer.member("changed", verdict.changed)
            writer.endObject()
        }
        writer.members("differences", differences) { writer, difference in
            writer.beginObject()
            writer.member("vendor", difference.vendor)
            writer.members("lines", difference.lines) { $0.value($1) }
            writer.member("logins", difference.logins)
            writer.endObject()
        }
        writer.members("notes", notes) { $0.value($1) }
        writer.endObject()
    }

    init(from reader: inout JSONReader) throws(JSONError) {
        var read = ReplayVerdicts()
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "verdicts":
                try reader.readArray { reader throws(JSONError) in read.verdicts.append(try Verdict(from: &reader)) }
            case "differences":
                try reader.readArray { reader throws(JSONError) in
                    read.differences.append(try Difference(from: &reader))
                }
            case "notes": read.notes = try reader.texts()
            default: try reader.skipValue()
            }
        }
        self = read
    }
}

extension ReplayVerdicts.Verdict {
    init(from reader: inout JSONReader) throws(JSONError) {
        var (now, changed) = ("", "")
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "now": now = try reader.text() ?? ""
            case "changed": changed = try reader.text() ?? ""
            default: try reader.skipValue()
            }
        }
        self.init(now: now, changed: changed)
    }
}

extension ReplayVerdicts.Difference {
    init(from reader: inout JSONReader) throws(JSONError) {
        var read = ReplayVerdicts.Difference(vendor: "", lines: [], logins: 0)
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "vendor": read.vendor = try reader.text() ?? ""
            case "lines": read.lines = try reader.texts()
            case "logins": read.logins = try reader.unsigned32(key) ?? 0
            default: try reader.skipValue()
            }
        }
        self = read
    }
}
