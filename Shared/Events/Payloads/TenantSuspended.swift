package import Domain
package import WireFormat

/// The tenant is served no longer: nexora.tenancy.v1.TenantSuspended on `tenancy.suspended.<tenant>`, one for each tenant that
/// this happened to.
package struct TenantSuspended: EventPayload, Hashable {
    package static let type = "nexora.tenancy.v1.TenantSuspended"
    package static let subject = "tenancy.suspended"

    /// The tenant that the suspension was put on: this one, or one above it.
    package var sourceID: TenantID
    package var reason: SuspensionReason
    package var note: String

    package init(sourceID: TenantID, reason: SuspensionReason, note: String) {
        self.sourceID = sourceID
        self.reason = reason
        self.note = note
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("sourceId", sourceID)
        writer.member("reason", reason.rawValue)
        writer.member("note", note)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var sourceID: TenantID?
        var reason: String?
        var note = ""
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "sourceId": sourceID = try reader.identifier(key)
            case "reason": reason = try reader.text()
            case "note": note = try reader.text() ?? ""
            default: try reader.skipValue()
            }
        }
        guard let known = SuspensionReason(rawValue: try required(reason, "reason")) else {
            throw .invalidMember("reason")
        }
        self.init(sourceID: try required(sourceID, "sourceId"), reason: known, note: note)
    }
}

/// The tenant is served again: nexora.tenancy.v1.TenantResumed on `tenancy.resumed.<tenant>`.
package struct TenantResumed: EventPayload, Hashable {
    package static let type = "nexora.tenancy.v1.TenantResumed"
    package static let subject = "tenancy.resumed"

    /// The tenant whose suspension ended: this one, or one above it.
    package var sourceID: TenantID
    /// Who ended it.
    package var actorID: UUID128

    package init(sourceID: TenantID, actorID: UUID128) {
        self.sourceID = sourceID
        self.actorID = actorID
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("sourceId", sourceID)
        writer.member("actorId", actorID.description)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var sourceID: TenantID?
        var actorID: UUID128?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "sourceId": sourceID = try reader.identifier(key)
            case "actorId": actorID = try reader.uuid(key)
            default: try reader.skipValue()
            }
        }
        self.init(sourceID: try required(sourceID, "sourceId"), actorID: try required(actorID, "actorId"))
    }
}
