/// Why a tenant is suspended.
package enum SuspensionReason: String, Hashable, Sendable, CaseIterable {
    case manual, licence, payment, deletion
}

/// One reason why a tenant is not served. It holds for the tenant it was put on and all below it.
package struct TenantSuspension: Hashable, Sendable {
    package let tenantID: TenantID
    /// The tenant that it was put on: this one, or one above it.
    package let sourceID: TenantID
    package let reason: SuspensionReason
    package let note: String
    package let actorID: UUID128
    package let suspendedAt: Timestamp

    package init(
        tenantID: TenantID,
        sourceID: TenantID,
        reason: SuspensionReason,
        note: String,
        actorID: UUID128,
        suspendedAt: Timestamp
    ) {
        self.tenantID = tenantID
        self.sourceID = sourceID
        self.reason = reason
        self.note = note
        self.actorID = actorID
        self.suspendedAt = suspendedAt
    }
}

/// Whether a tenant is served: sign-in, the gateway and RADIUS (TEN-16).
package struct TenantStanding: Hashable, Sendable {
    /// The flag that every daemon goes by.
    package let isActive: Bool
    /// Why not; empty when it was only switched off.
    package let suspensions: [TenantSuspension]

    package init(isActive: Bool, suspensions: [TenantSuspension]) {
        self.isActive = isActive
        self.suspensions = suspensions
    }
}

/// A tenant's end, asked for and not yet come (F-20).
package struct TenantDeletion: Hashable, Sendable {
    package let tenantID: TenantID
    package let requestedAt: Timestamp
    /// From then on it can be purged, which nothing undoes.
    package let dueAt: Timestamp
    package let note: String
    package let actorID: UUID128

    package init(tenantID: TenantID, requestedAt: Timestamp, dueAt: Timestamp, note: String, actorID: UUID128) {
        self.tenantID = tenantID
        self.requestedAt = requestedAt
        self.dueAt = dueAt
        self.note = note
        self.actorID = actorID
    }
}

/// A tenant as a business partner (TEN-14, TEN-18).
package struct Partner: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case wholesale, retail
    }

    package var tenantID: TenantID
    package var kind: Kind
    package var contact: String
    /// The commission in hundredths of a percent: 1250 is 12.5 %.
    package var commissionBasisPoints: Int

    package init(tenantID: TenantID, kind: Kind, contact: String, commissionBasisPoints: Int) {
        self.tenantID = tenantID
        self.kind = kind
        self.contact = contact
        self.commissionBasisPoints = commissionBasisPoints
    }
}

extension Partner: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.optional("contact", contact, maximum: 200)
        checks.number("commission_basis_points", commissionBasisPoints, in: 0...10_000)
    }
}
