package import Domain
package import WireFormat

/// What a NAS counted of a session cannot be: nexora.session.v1.CountersImplausible on
/// `session.counters_implausible.<tenant>`. Octets are stored as reported all the same. Told of one session for each NAS and
/// suspicion in an hour, with how many more there were.
package struct CountersImplausible: EventPayload, Hashable {
    package static let type = "nexora.session.v1.CountersImplausible"
    package static let subject = "session.counters_implausible"

    package var sessionID: SessionID
    package var nasID: NASID
    package var serviceID: ServiceID?
    package var suspicion: CounterSuspicion
    /// Mean bit/s from the subscriber since the update before.
    package var inputBitsPerSecond: Int64
    /// Mean bit/s to the subscriber since the update before.
    package var outputBitsPerSecond: Int64
    /// The most that the plan ever allows from the subscriber, bit/s; nil where the plan is not known.
    package var planUploadBitsPerSecond: Int64?
    /// The most that the plan ever allows to the subscriber, bit/s.
    package var planDownloadBitsPerSecond: Int64?
    /// Sessions of the NAS that were under the same suspicion since the event before, this one among them.
    package var sessions: Int64

    package init(
        sessionID: SessionID,
        nasID: NASID,
        serviceID: ServiceID? = nil,
        suspicion: CounterSuspicion,
        inputBitsPerSecond: Int64 = 0,
        outputBitsPerSecond: Int64 = 0,
        planUploadBitsPerSecond: Int64? = nil,
        planDownloadBitsPerSecond: Int64? = nil,
        sessions: Int64 = 1
    ) {
        self.sessionID = sessionID
        self.nasID = nasID
        self.serviceID = serviceID
        self.suspicion = suspicion
        self.inputBitsPerSecond = inputBitsPerSecond
        self.outputBitsPerSecond = outputBitsPerSecond
        self.planUploadBitsPerSecond = planUploadBitsPerSecond
        self.planDownloadBitsPerSecond = planDownloadBitsPerSecond
        self.sessions = sessions
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("sessionId", sessionID)
        writer.member("nasId", nasID)
        writer.member("serviceId", present: serviceID)
        writer.member("suspicion", suspicion)
        writer.member("inputBps", inputBitsPerSecond)
        writer.member("outputBps", outputBitsPerSecond)
        writer.member("planUploadBps", present: planUploadBitsPerSecond)
        writer.member("planDownloadBps", present: planDownloadBitsPerSecond)
        writer.member("sessions", sessions)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var (sessionID, nasID): (SessionID?, NASID?)
        var suspicion: CounterSuspicion?
        var read = CountersImplausible(
            sessionID: SessionID(.zero),
            nasID: NASID(.zero),
            suspicion: .impossibleRate,
            sessions: 0
        )
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "sessionId": sessionID = try reader.identifier(key)
            case "nasId": nasID = try reader.identifier(key)
            case "serviceId": read.serviceID = try reader.identifier(key)
            case "suspicion": suspicion = try reader.choice(key)
            case "inputBps": read.inputBitsPerSecond = try reader.count(key) ?? 0
            case "outputBps": read.outputBitsPerSecond = try reader.count(key) ?? 0
            case "planUploadBps": read.planUploadBitsPerSecond = try reader.count(key)
            case "planDownloadBps": read.planDownloadBitsPerSecond = try reader.count(key)
            case "sessions": read.sessions = try reader.count(key) ?? 0
            default: try reader.skipValue()
            }
        }
        read.sessionID = try required(sessionID, "sessionId")
        read.nasID = try required(nasID, "nasId")
        read.suspicion = try required(suspicion, "suspicion")
        self = read
    }
}

extension CounterSuspicion: ProtoEnum {
    var protoName: StaticString {
        switch self {
        case .impossibleRate: "COUNTER_SUSPICION_IMPOSSIBLE_RATE"
        case .abovePlan: "COUNTER_SUSPICION_ABOVE_PLAN"
        case .swappedDirections: "COUNTER_SUSPICION_SWAPPED_DIRECTIONS"
        case .ranBackwards: "COUNTER_SUSPICION_RAN_BACKWARDS"
        }
    }

    var protoNumber: UInt64 {
        switch self {
        case .impossibleRate: 1
        case .abovePlan: 2
        case .swappedDirections: 3
        case .ranBackwards: 4
        }
    }
}
