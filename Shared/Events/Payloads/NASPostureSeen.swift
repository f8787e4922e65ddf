package import Domain
package import WireFormat

/// What a NAS's packets carried so far today, to one server since it started: nexora.radius.v1.NASPostureSeen on
/// `radius.posture.<tenant>`. The numbers only grow within a day and a run of the server, so the largest is the newest,
/// whatever the order in which they are read.
package struct NASPostureSeen: EventPayload, Hashable {
    package static let type = "nexora.radius.v1.NASPostureSeen"
    package static let subject = "radius.posture"

    package var nasID: NASID
    /// The day in UTC, such as `2026-11-21`.
    package var day: String
    /// The server's start that counted.
    package var runID: UUID128
    package var posture: NASPosture
    package var firstSeenAt: Timestamp
    package var lastSeenAt: Timestamp
    /// Where its last packet came from.
    package var sourceAddress: String
    /// The shared secret's length in octets.
    package var secretOctets: UInt32

    package init(
        nasID: NASID,
        day: String,
        runID: UUID128,
        posture: NASPosture,
        firstSeenAt: Timestamp,
        lastSeenAt: Timestamp,
        sourceAddress: String,
        secretOctets: UInt32
    ) {
        self.nasID = nasID
        self.day = day
        self.runID = runID
        self.posture = posture
        self.firstSeenAt = firstSeenAt
        self.lastSeenAt = lastSeenAt
        self.sourceAddress = sourceAddress
        self.secretOctets = secretOctets
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("nasId", nasID)
        writer.member("day", day)
        writer.key("runId")
        writer.value(runID)
        writer.member("logins", posture.logins)
        writer.member("signed", posture.signed)
        writer.member("proxied", posture.proxied)
        writer.member("proxiedUnsigned", posture.proxiedUnsigned)
        writer.member("pap", posture.pap)
        writer.member("chap", posture.chap)
        writer.member("mschap", posture.mschap)
        writer.member("eap", posture.eap)
        writer.member("refusedUnsigned", posture.refusedUnsigned)
        writer.member("refusedProxied", posture.refusedProxied)
        writer.member("reports", posture.reports)
        writer.member("timestamped", posture.timestamped)
        writer.member("firstSeenAt", firstSeenAt)
        writer.member("lastSeenAt", lastSeenAt)
        writer.member("sourceAddress", sourceAddress)
        writer.member("secretOctets", secretOctets)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var nasID: NASID?
        var runID: UUID128?
        var (first, last): (Timestamp?, Timestamp?)
        var (day, source, octets) = ("", "", UInt32(0))
        var posture = NASPosture()
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "nasId": nasID = try reader.identifier(key)
            case "day": day = try reader.text() ?? ""
            case "runId": runID = try reader.uuid(key)
            case "firstSeenAt": first = try reader.timestamp(key)
            case "lastSeenAt": last = try reader.timestamp(key)
            case "sourceAddress": source = try reader.text() ?? ""
            case "secretOctets": octets = try reader.unsigned32(key) ?? 0
            default: try posture.read(key, from: &reader)
            }
        }
        guard CivilDate(day) != nil else { throw .invalidMember("day") }
        self.init(
            nasID: try required(nasID, "nasId"),
            day: day,
            runID: try required(runID, "runId"),
            posture: posture,
            firstSeenAt: try required(first, "firstSeenAt"),
            lastSeenAt: try required(last, "lastSeenAt"),
            sourceAddress: source,
            secretOctets: octets
        )
    }
}

extension NASPosture {
    /// Consumes the value of a member; one that is none of its own is passed over.
    fileprivate mutating func read(_ key: JSONKey, from reader: inout JSONReader) throws(JSONError) {
        switch key {
        case "logins": logins = try reader.unsigned64() ?? 0
        case "signed": signed = try reader.unsigned64() ?? 0
        case "proxied": proxied = try reader.unsigned64() ?? 0
        case "proxiedUnsigned": proxiedUnsigned = try reader.unsigned64() ?? 0
        case "pap": pap = try reader.unsigned64() ?? 0
        case "chap": chap = try reader.unsigned64() ?? 0
        case "mschap": mschap = try reader.unsigned64() ?? 0
        case "eap": eap = try reader.unsigned64() ?? 0
        case "refusedUnsigned": refusedUnsigned = try reader.unsigned64() ?? 0
        case "refusedProxied": refusedProxied = try reader.unsigned64() ?? 0
        case "reports": reports = try reader.unsigned64() ?? 0
        case "timestamped": timestamped = try reader.unsigned64() ?? 0
        default: try reader.skipValue()
        }
    }
}
