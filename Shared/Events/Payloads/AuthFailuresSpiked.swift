package import Domain
package import WireFormat

/// Refused logins spike, of a tenant or of one NAS: nexora.radius.v1.AuthFailuresSpiked on `radius.failures.<tenant>`. Told
/// when it begins, once a minute while it lasts, and when it is over; by each server for the logins that it refused.
package struct AuthFailuresSpiked: EventPayload, Hashable {
    package static let type = "nexora.radius.v1.AuthFailuresSpiked"
    package static let subject = "radius.failures"

    package enum Phase: Hashable, Sendable, CaseIterable {
        case began, lasts, over
    }

    package var phase: Phase
    /// Nil for the tenant as a whole.
    package var nasID: NASID?
    package var nasName: String?
    /// Refused logins within the last minute.
    package var failures: UInt64
    /// More than so many a minute are a spike.
    package var threshold: UInt64
    /// Since it began.
    package var total: UInt64
    /// The most frequent reason, such as `wrong_password`.
    package var reason: String
    package var beganAt: Timestamp
    /// What an engineer can do about it.
    package var remedy: String

    package init(
        phase: Phase,
        nasID: NASID? = nil,
        nasName: String? = nil,
        failures: UInt64,
        threshold: UInt64,
        total: UInt64,
        reason: String,
        beganAt: Timestamp,
        remedy: String
    ) {
        self.phase = phase
        self.nasID = nasID
        self.nasName = nasName
        self.failures = failures
        self.threshold = threshold
        self.total = total
        self.reason = reason
        self.beganAt = beganAt
        self.remedy = remedy
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("phase", phase)
        writer.member("nasId", present: nasID)
        writer.member("nasName", present: nasName)
        writer.member("failures", failures)
        writer.member("threshold", threshold)
        writer.member("total", total)
        writer.member("reason", reason)
        writer.member("beganAt", beganAt)
        writer.member("remedy", remedy)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var phase: Phase?
        var beganAt: Timestamp?
        var read = AuthFailuresSpiked(
            phase: .began,
            failures: 0,
            threshold: 0,
            total: 0,
            reason: "",
            beganAt: .epoch,
            remedy: ""
        )
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "phase": phase = try reader.choice(key)
            case "nasId": read.nasID = try reader.identifier(key)
            case "nasName": read.nasName = try reader.text()
            case "failures": read.failures = try reader.unsigned64() ?? 0
            case "threshold": read.threshold = try reader.unsigned64() ?? 0
            case "total": read.total = try reader.unsigned64() ?? 0
            case "reason": read.reason = try reader.text() ?? ""
            case "beganAt": beganAt = try reader.timestamp(key)
            case "remedy": read.remedy = try reader.text() ?? ""
            default: try reader.skipValue()
            }
        }
        read.phase = try required(phase, "phase")
        read.beganAt = try required(beganAt, "beganAt")
        self = read
    }
}

extension AuthFailuresSpiked.Phase: ProtoEnum {
    var protoName: StaticString {
        switch self {
        case .began: "PHASE_BEGAN"
        case .lasts: "PHASE_LASTS"
        case .over: "PHASE_OVER"
        }
    }

    var protoNumber: UInt64 {
        switch self {
        case .began: 1
        case .lasts: 2
        case .over: 3
        }
    }
}
