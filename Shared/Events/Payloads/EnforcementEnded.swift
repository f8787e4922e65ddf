package import Domain
package import WireFormat

/// What became of an order to change or end a live session: nexora.provisioning.v1.EnforcementEnded on
/// `provisioning.completed.<tenant>`, once for each order.
package struct EnforcementEnded: EventPayload, Hashable {
    package static let type = "nexora.provisioning.v1.EnforcementEnded"
    package static let subject = "provisioning.completed"

    package var enforcementID: EnforcementID
    /// `disconnect` or `change`.
    package var kind: String
    /// `confirmed`, `unproven`, `failed` or `superseded`.
    package var outcome: String
    /// Why it was asked for.
    package var cause: String
    /// How it ended, a stable word.
    package var reason: String
    /// Error-Cause of the NAS's refusal.
    package var errorCause: UInt32?
    package var nasID: NASID
    package var sessionID: SessionID?
    package var admissionID: AdmissionID?
    package var serviceID: ServiceID?
    /// What whoever asked follows.
    package var operationID: UUID128?
    /// How often the NAS was asked.
    package var attempts: UInt32
    /// From the request to the NAS's answer, in milliseconds.
    package var answeredAfter: Int64?
    /// From the request to the end, in milliseconds.
    package var endedAfter: Int64

    package init(
        enforcementID: EnforcementID,
        kind: String,
        outcome: String,
        cause: String,
        reason: String,
        errorCause: UInt32? = nil,
        nasID: NASID,
        sessionID: SessionID? = nil,
        admissionID: AdmissionID? = nil,
        serviceID: ServiceID? = nil,
        operationID: UUID128? = nil,
        attempts: UInt32 = 0,
        answeredAfter: Int64? = nil,
        endedAfter: Int64 = 0
    ) {
        self.enforcementID = enforcementID
        self.kind = kind
        self.outcome = outcome
        self.cause = cause
        self.reason = reason
        self.errorCause = errorCause
        self.nasID = nasID
        self.sessionID = sessionID
        self.admissionID = admissionID
        self.serviceID = serviceID
        self.operationID = operationID
        self.attempts = attempts
        self.answeredAfter = answeredAfter
        self.endedAfter = endedAfter
    }

    /// Nil for an order that is under way. Where the clocks of who asked and who carried it out disagree, no time is negative.
    package init?(_ order: EnforcementOrder) {
        guard order.state.isFinal, let endedAt = order.endedAt else { return nil }
        func after(_ time: Timestamp) -> Int64 { max(0, time.microseconds(since: order.requestedAt)) / 1_000 }
        self.init(
            enforcementID: order.id,
            kind: order.kind.rawValue,
            outcome: order.state.rawValue,
            cause: order.cause.rawValue,
            reason: order.reason?.rawValue ?? "",
            errorCause: order.errorCause,
            nasID: order.nasID,
            sessionID: order.sessionID,
            admissionID: order.admissionID,
            serviceID: order.serviceID,
            operationID: order.operationID,
            attempts: UInt32(clamping: order.attempts),
            answeredAfter: order.answeredAt.map(after),
            endedAfter: after(endedAt)
        )
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("enforcementId", enforcementID)
        writer.member("kind", kind)
        writer.member("outcome", outcome)
        writer.member("cause", cause)
        writer.member("reason", reason)
        writer.member("errorCause", present: errorCause)
        writer.member("nasId", nasID)
        writer.member("sessionId", present: sessionID)
        writer.member("admissionId", present: admissionID)
        writer.member("serviceId", present: serviceID)
        writer.member("operationId", present: operationID.map { ID<IDTag.Event>($0) })
        writer.member("attempts", attempts)
        writer.member("answeredAfter", present: answeredAfter)
        writer.member("endedAfter", endedAfter)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var enforcementID: EnforcementID?
        var nasID: NASID?
        var read = EnforcementEnded(
            enforcementID: EnforcementID(.zero),
            kind: "",
            outcome: "",
            cause: "",
            reason: "",
            nasID: NASID(.zero)
        )
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "enforcementId": enforcementID = try reader.identifier(key)
            case "kind": read.kind = try reader.text() ?? ""
            case "outcome": read.outcome = try reader.text() ?? ""
            case "cause": read.cause = try reader.text() ?? ""
            case "reason": read.reason = try reader.text() ?? ""
            case "errorCause": read.errorCause = try reader.unsigned32(key)
            case "nasId": nasID = try reader.identifier(key)
            case "sessionId": read.sessionID = try reader.identifier(key)
            case "admissionId": read.admissionID = try reader.identifier(key)
            case "serviceId": read.serviceID = try reader.identifier(key)
            case "operationId": read.operationID = try reader.uuid(key)
            case "attempts": read.attempts = try reader.unsigned32(key) ?? 0
            case "answeredAfter": read.answeredAfter = try reader.count(key)
            case "endedAfter": read.endedAfter = try reader.count(key) ?? 0
            default: try reader.skipValue()
            }
        }
        read.enforcementID = try required(enforcementID, "enforcementId")
        read.nasID = try required(nasID, "nasId")
        self = read
    }
}
