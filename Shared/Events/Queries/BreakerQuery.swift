package import Domain
package import WireFormat

/// What is asked of the provisioner that carries orders out, about the breakers of NASes: a question over core NATS, answered
/// by the one that leads with a ``BreakerAnswer``. Those that do not lead stay silent, so each process hears every question.
///
/// Whoever asks has made sure that the NASes are his to ask about.
package struct BreakerQuery: Hashable, Sendable {
    /// Octets that a question has at most.
    package static let longest = 64 << 10
    /// NASes that a question has at most.
    package static let mostNASes = 200

    package enum Action: Hashable, Sendable, CaseIterable {
        /// How they stand.
        case look
        /// They are closed, and what waited for them is sent now.
        case reset
        /// Their brakes let go (``NASBreaker/Brake``), and those of their tenants with them; what was held back is done now.
        case release

        /// Where it is asked.
        package var subject: String {
            switch self {
            case .look: "query.provisioner.breakers"
            case .reset: "query.provisioner.breaker_reset"
            case .release: "query.provisioner.brake_release"
            }
        }
    }

    /// A NAS, as its row is found.
    package struct Subject: Hashable, Sendable {
        package var tenantID: TenantID
        package var nasID: NASID

        package init(tenantID: TenantID, nasID: NASID) {
            self.tenantID = tenantID
            self.nasID = nasID
        }
    }

    package var nases: [Subject]
    /// A breaker that stands before NASes of several tenants is reset too; without it, it is left as it is. It belongs to
    /// whoever runs the installation, no tenant may touch it.
    package var includesShared: Bool

    package init(_ nases: [Subject], includesShared: Bool = false) {
        self.nases = nases
        self.includesShared = includesShared
    }
}

/// What the leading provisioner says to a ``BreakerQuery``.
package enum BreakerAnswer: Hashable, Sendable {
    /// Those NASes that are there, in the order in which they were asked about.
    case breakers([NASBreaker])
    case refusal(QueryRefusal)
}

/// How the breaker before a NAS stands.
package struct NASBreaker: Hashable, Sendable {
    package var nasID: NASID
    /// Where requests go; nil where the NAS's row is a range of addresses, each with a breaker of its own.
    package var endpoint: String?
    /// `closed`, `open` or `half_open`.
    package var state: String
    /// Timeouts in a row.
    package var failures: Int
    /// How often it opened since the process began to lead.
    package var openings: Int
    /// When an open one lets a request go again.
    package var until: Timestamp?
    /// Another tenant's NAS has the same endpoint, and so the same breaker. What waits is not told then: it may be the other's.
    package var isShared: Bool
    /// Requests under way, and requests that wait for them; nil for one that is shared.
    package var outstanding: Int?
    package var waiting: Int?
    /// It was closed by this question.
    package var wasReset: Bool
    /// How the brake stands before the NAS's sessions; nil from a provisioner of before.
    package var brake: Brake?

    /// Sessions that are not ended since too many were to end at once.
    package struct Brake: Hashable, Sendable {
        /// Since when the NAS's limit, or its tenant's, holds them back; nil where nothing does.
        package var holdsSince: Timestamp?
        /// How many of the NAS's.
        package var held: Int
        /// Until when somebody let them go.
        package var releasedUntil: Timestamp?

        package init(holdsSince: Timestamp? = nil, held: Int = 0, releasedUntil: Timestamp? = nil) {
            self.holdsSince = holdsSince
            self.held = held
            self.releasedUntil = releasedUntil
        }

        /// `idle`, `holding` or `released`.
        package var state: String { holdsSince != nil ? "holding" : releasedUntil != nil ? "released" : "idle" }
    }

    package init(
        nasID: NASID,
        endpoint: String?,
        state: String = "closed",
        failures: Int = 0,
        openings: Int = 0,
        until: Timestamp? = nil,
        isShared: Bool = false,
        outstanding: Int? = nil,
        waiting: Int? = nil,
        wasReset: Bool = false,
        brake: Brake? = nil
    ) {
        self.nasID = nasID
        self.endpoint = endpoint
        self.state = state
        self.failures = failures
        self.openings = openings
        self.until = until
        self.isShared = isShared
        self.outstanding = outstanding
        self.waiting = waiting
        self.wasReset = wasReset
        self.brake = brake
    }
}

// MARK: - JSON

extension BreakerQuery {
    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.members("nases", nases) { writer, subject in
            writer.beginObject()
            writer.member("tenantId", subject.tenantID)
            writer.member("nasId", subject.nasID)
            writer.endObject()
        }
        writer.member("includesShared", includesShared)
        writer.endObject()
        return writer.bytes
    }

    package init(json: [UInt8]) throws(JSONError) {
        var reader = JSONReader(json)
        var nases: [Subject] = []
        var includesShared = false
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "nases":
                try reader.readArray { reader throws(JSONError) in nases.append(try Subject(from: &reader)) }
            case "includesShared": includesShared = try reader.readBool()
            default: try reader.skipValue()
            }
        }
        try reader.expectEnd()
        self.init(nases, includesShared: includesShared)
    }
}

extension BreakerQuery.Subject {
    init(from reader: inout JSONReader) throws(JSONError) {
        var (tenant, nas): (TenantID?, NASID?)
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "tenantId": tenant = try reader.identifier(key)
            case "nasId": nas = try reader.identifier(key)
            default: try reader.skipValue()
            }
        }
        self.init(tenantID: try required(tenant, "tenantId"), nasID: try required(nas, "nasId"))
    }
}

extension BreakerAnswer {
    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        switch self {
        case .breakers(let breakers):
            writer.key("breakers")
            writer.beginArray()
            for breaker in breakers { breaker.encode(into: &writer) }
            writer.endArray()
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
        var answer: BreakerAnswer?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "breakers":
                var breakers: [NASBreaker] = []
                try reader.readArray { reader throws(JSONError) in breakers.append(try NASBreaker(from: &reader)) }
                answer = .breakers(breakers)
            case "refusal": answer = .refusal(try QueryRefusal(from: &reader))
            default: try reader.skipValue()
            }
        }
        try reader.expectEnd()
        self = try required(answer, "breakers")
    }
}

extension NASBreaker {
    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("nasId", nasID)
        writer.member("endpoint", present: endpoint)
        writer.member("state", state)
        writer.member("failures", Int64(failures))
        writer.member("openings", Int64(openings))
        writer.member("until", present: until)
        writer.member("isShared", isShared)
        writer.member("outstanding", present: outstanding.map(Int64.init))
        writer.member("waiting", present: waiting.map(Int64.init))
        writer.member("wasReset", wasReset)
        if let brake {
            writer.key("brake")
            writer.beginObject()
            writer.member("holdsSince", present: brake.holdsSince)
            writer.member("held", Int64(brake.held))
            writer.member("releasedUntil", present: brake.releasedUntil)
            writer.endObject()
        }
        writer.endObject()
    }

    init(from reader: inout JSONReader) throws(JSONError) {
        var nasID: NASID?
        var read = NASBreaker(nasID: NASID(.zero), endpoint: nil, state: "")
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "nasId": nasID = try reader.identifier(key)
            case "endpoint": read.endpoint = try reader.text()
            case "state": read.state = try reader.text() ?? ""
            case "failures": read.failures = Int(try reader.readInt64())
            case "openings": read.openings = Int(try reader.readInt64())
            case "until": read.until = try reader.timestamp(key)
            case "isShared": read.isShared = try reader.readBool()
            case "outstanding": read.outstanding = Int(try reader.readInt64())
            case "waiting": read.waiting = Int(try reader.readInt64())
            case "wasReset": read.wasReset = try reader.readBool()
            case "brake": read.brake = try Brake(from: &reader)
            default: try reader.skipValue()
            }
        }
        read.nasID = try required(nasID, "nasId")
        self = read
    }
}

extension NASBreaker.Brake {
    init(from reader: inout JSONReader) throws(JSONError) {
        self.init()
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "holdsSince": holdsSince = try reader.timestamp(key)
            case "held": held = Int(try reader.readInt64())
            case "releasedUntil": releasedUntil = try reader.timestamp(key)
            default: try reader.skipValue()
            }
        }
    }
}
