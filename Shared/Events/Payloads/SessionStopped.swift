package import Domain
package import WireFormat

/// A session is over: nexora.session.v1.SessionStopped on `session.stopped.<tenant>`. Comes again with ``amended`` when the
/// NAS's own Stop arrives after we concluded the end ourselves; only ``SessionEnd/stop`` is final.
package struct SessionStopped: EventPayload, Hashable {
    package static let type = "nexora.session.v1.SessionStopped"
    package static let subject = "session.stopped"

    package var session: SessionIdentity
    package var startedAt: Timestamp
    package var endedAt: Timestamp
    package var closedBy: SessionEnd
    /// Acct-Terminate-Cause (RFC 2866 §5.10).
    package var terminateCause: UInt32?
    package var sessionSeconds: Int64
    /// Octets from the subscriber over the whole session.
    package var inputOctets: Int64
    /// Octets to the subscriber over the whole session.
    package var outputOctets: Int64
    package var amended: Bool

    package init(
        session: SessionIdentity,
        startedAt: Timestamp,
        endedAt: Timestamp,
        closedBy: SessionEnd,
        terminateCause: UInt32?,
        sessionSeconds: Int64,
        inputOctets: Int64,
        outputOctets: Int64,
        amended: Bool
    ) {
        self.session = session
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.closedBy = closedBy
        self.terminateCause = terminateCause
        self.sessionSeconds = sessionSeconds
        self.inputOctets = inputOctets
        self.outputOctets = outputOctets
        self.amended = amended
    }

    /// Nil for a row that is open.
    package init?(_ row: SessionState, amended: Bool) {
        guard let endedAt = row.endedAt, let closedBy = row.closedBy else { return nil }
        self.init(
            session: SessionIdentity(row),
            startedAt: row.startedAt,
            endedAt: endedAt,
            closedBy: closedBy,
            terminateCause: row.terminateCause,
            sessionSeconds: row.sessionSeconds,
            inputOctets: row.inputOctets,
            outputOctets: row.outputOctets,
            amended: amended
        )
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        session.encode(into: &writer)
        writer.member("startedAt", startedAt)
        writer.member("endedAt", endedAt)
        writer.member("closedBy", closedBy)
        writer.member("terminateCause", present: terminateCause)
        writer.member("sessionSeconds", sessionSeconds)
        writer.member("inputOctets", inputOctets)
        writer.member("outputOctets", outputOctets)
        writer.member("amended", amended)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var session = SessionIdentity.Partial()
        var startedAt: Timestamp?
        var endedAt: Timestamp?
        var closedBy: SessionEnd?
        var terminateCause: UInt32?
        var (seconds, input, output): (Int64, Int64, Int64) = (0, 0, 0)
        var amended = false
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "startedAt": startedAt = try reader.timestamp(key)
            case "endedAt": endedAt = try reader.timestamp(key)
            case "closedBy": closedBy = try reader.choice(key)
            case "terminateCause": terminateCause = try reader.unsigned32(key)
            case "sessionSeconds": seconds = try reader.count(key) ?? 0
            case "inputOctets": input = try reader.count(key) ?? 0
            case "outputOctets": output = try reader.count(key) ?? 0
            case "amended": amended = try reader.flag() ?? false
            default: try session.read(key, from: &reader)
            }
        }
        self.init(
            session: try session.complete(),
            startedAt: try required(startedAt, "startedAt"),
            endedAt: try required(endedAt, "endedAt"),
            closedBy: try required(closedBy, "closedBy"),
            terminateCause: terminateCause,
            sessionSeconds: seconds,
            inputOctets: input,
            outputOctets: output,
            amended: amended
        )
    }
}

extension SessionEnd: ProtoEnum {
    var protoName: StaticString {
        switch self {
        case .stop: "SESSION_END_STOP"
        case .reaper: "SESSION_END_REAPER"
        case .nasReboot: "SESSION_END_NAS_REBOOT"
        case .replaced: "SESSION_END_REPLACED"
        }
    }

    var protoNumber: UInt64 {
        switch self {
        case .stop: 1
        case .reaper: 2
        case .nasReboot: 3
        case .replaced: 4
        }
    }
}
