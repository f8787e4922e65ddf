package import Domain
package import WireFormat

/// A tenant's end was asked for, taken back, or came: nexora.tenancy.v1.TenantDeletionChanged on `tenancy.deletion.<tenant>`,
/// when it came on the subject of the tenant that was above it.
package struct TenantDeletionChanged: EventPayload, Hashable {
    package static let type = "nexora.tenancy.v1.TenantDeletionChanged"
    package static let subject = "tenancy.deletion"

    package enum Phase: Hashable, Sendable, CaseIterable {
        case requested, cancelled
        /// Nothing undoes it.
        case purged
    }

    package var phase: Phase
    /// Whose end.
    package var tenantID: TenantID
    /// When it can be carried out; set while it is asked for.
    package var dueAt: Timestamp?

    package init(phase: Phase, tenantID: TenantID, dueAt: Timestamp?) {
        self.phase = phase
        self.tenantID = tenantID
        self.dueAt = dueAt
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("phase", phase)
        writer.member("tenantId", tenantID)
        writer.member("dueAt", present: dueAt)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var phase: Phase?
        var tenantID: TenantID?
        var dueAt: Timestamp?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "phase": phase = try reader.choice(key)
            case "tenantId": tenantID = try reader.identifier(key)
            case "dueAt": dueAt = try reader.timestamp(key)
            default: try reader.skipValue()
            }
        }
        self.init(phase: try required(phase, "phase"), tenantID: try required(tenantID, "tenantId"), dueAt: dueAt)
    }
}

extension TenantDeletionChanged.Phase: ProtoEnum {
    var protoName: StaticString {
        switch self {
        case .requested: "PHASE_REQUESTED"
        case .cancelled: "PHASE_CANCELLED"
        case .purged: "PHASE_PURGED"
        }
    }

    var protoNumber: UInt64 {
        switch self {
        case .requested: 1
        case .cancelled: 2
        case .purged: 3
        }
    }
}
