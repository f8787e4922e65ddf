package import Domain
package import WireFormat

/// What `nexora explain` asks a running radius-server: one login explained, or many decided again. A question over core
/// NATS, answered by one server of the queue group with an ``ExplainAnswer``.
package struct ExplainQuery: Hashable, Sendable {
    /// Where it is asked.
    package static let subject = "query.radius.explain"
    /// Octets that a question has at most.
    package static let longest = 256 << 10
    /// Logins that a question has at most.
    package static let mostLogins = 200

    package enum Kind: Hashable, Sendable, CaseIterable {
        /// Each rule, value and source of one login.
        case explain
        /// Only what is answered, to each of many, without the change and with it.
        case replay
    }

    package var kind: Kind
    package var tenantID: TenantID
    package var logins: [LoginQuestion]
    /// Looked at as if it stood in the directory; never written anywhere.
    package var change: ProposedChange?

    package init(_ kind: Kind, tenantID: TenantID, logins: [LoginQuestion], change: ProposedChange? = nil) {
        self.kind = kind
        self.tenantID = tenantID
        self.logins = logins
        self.change = change
    }
}

/// A login as far as a decision needs it. No password: it counts as right unless `recorded` says otherwise.
package struct LoginQuestion: Hashable, Sendable {
    package var username: String
    /// Its id, name or address; empty takes one of the tenant's.
    package var nas: String
    package var callingStationID: String
    package var nasPort: UInt32?
    /// A stable word such as `mschapv2`; empty is PAP.
    package var method: String
    /// Nil is now.
    package var at: Timestamp?
    /// What was answered then: `accept`, or the reason of a reject. It says what the credential was worth.
    package var recorded: String?

    package init(
        username: String,
        nas: String = "",
        callingStationID: String = "",
        nasPort: UInt32? = nil,
        method: String = "",
        at: Timestamp? = nil,
        recorded: String? = nil
    ) {
        self.username = username
        self.nas = nas
        self.callingStationID = callingStationID
        self.nasPort = nasPort
        self.method = method
        self.at = at
        self.recorded = recorded
    }
}

/// What a plan or the tenant's policy would be: `key=value`, the keys as `nexora plan set` and the tenant's settings have
/// them.
package struct ProposedChange: Hashable, Sendable {
    package var planID: PlanID?
    package var plan: [String]
    package var policy: [String]

    package init(planID: PlanID? = nil, plan: [String] = [], policy: [String] = []) {
        self.planID = planID
        self.plan = plan
        self.policy = policy
    }
}

// MARK: - JSON

extension ExplainQuery {
    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("kind", kind)
        writer.member("tenantId", tenantID)
        writer.members("logins", logins) { $1.encode(into: &$0) }
        if let change {
            writer.key("change")
            change.encode(into: &writer)
        }
        writer.endObject()
        return writer.bytes
    }

    package init(json: [UInt8]) throws(JSONError) {
        var reader = JSONReader(json)
        var (kind, tenant): (Kind?, TenantID?)
        var logins: [LoginQuestion] = []
        var change: ProposedChange?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "kind": kind = try reader.choice(key)
            case "tenantId": tenant = try reader.identifier(key)
            case "logins":
                try reader.readArray { reader throws(JSONError) in logins.append(try LoginQuestion(from: &reader)) }
            case "change": change = try ProposedChange(from: &reader)
            default: try reader.skipValue()
            }
        }
        try reader.expectEnd()
        self.init(
            try required(kind, "kind"),
            tenantID: try required(tenant, "tenantId"),
            logins: logins,
            change: change
        )
    }
}

extension ExplainQuery.Kind: ProtoEnum {
    var protoName: StaticString {
        switch self {
        case .explain: "KIND_EXPLAIN"
        case .replay: "KIND_REPLAY"
        }
    }

    var protoNumber: UInt64 {
        switch self {
        case .explain: 1
        case .replay: 2
        }
    }
}

extension LoginQuestion {
    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("username", username)
        writer.member("nas", nas)
        writer.member("callingStationId", callingStationID)
        writer.member("nasPort", present: nasPort)
        writer.member("method", method)
        writer.member("at", present: at)
        writer.member("recorded", present: recorded)
        writer.endObject()
    }

    init(from reader: inout JSONReader) throws(JSONError) {
        var read = LoginQuestion(username: "")
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "username": read.username = try reader.text() ?? ""
            case "nas": read.nas = try reader.text() ?? ""
            case "callingStationId": read.callingStationID = try reader.text() ?? ""
            case "nasPort": read.nasPort = try reader.unsigned32(key)
            case "method": read.method = try reader.text() ?? ""
            case "at": read.at = try reader.timestamp(key)
            case "recorded": read.recorded = try reader.text()
            default: try reader.skipValue()
            }
        }
        self = read
    }
}

extension ProposedChange {
    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("planId", present: planID)
        writer.members("plan", plan) { $0.value($1) }
        writer.members("policy", policy) { $0.value($1) }
        writer.endObject()
    }

    init(from reader: inout JSONReader) throws(JSONError) {
        var read = ProposedChange()
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "planId": read.planID = try reader.identifier(key)
            case "plan": read.plan = try reader.texts()
            case "policy": read.policy = try reader.texts()
            default: try reader.skipValue()
            }
        }
        self = read
    }
}

extension JSONWriter {
    mutating func members<Element>(
        _ key: StaticString,
        _ elements: [Element],
        _ write: (inout JSONWriter, Element) -> Void
    ) {
        guard !elements.isEmpty else { return }
        self.key(key)
        beginArray()
        for element in elements { write(&self, element) }
        endArray()
    }
}

extension JSONReader {
    mutating func texts() throws(JSONError) -> [String] {
        guard try !readNull() else { return [] }
        var texts: [String] = []
        try readArray { reader throws(JSONError) in texts.append(try reader.readString()) }
        return texts
    }
}
