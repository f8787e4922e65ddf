extension IDTag {
    package enum LifecycleRun {}
}

package typealias LifecycleRunID = ID<IDTag.LifecycleRun>

/// What becomes of a service (LCY-01).
package enum LifecycleKind: String, Hashable, Sendable, CaseIterable {
    case activate, suspend, resume, upgrade, downgrade, terminate

    /// What is done, in this order. What does not apply to a service is skipped, with its reason (LCY-10).
    package var steps: [LifecycleStepName] {
        switch self {
        case .activate: [.eligibility, .credentials, .address, .subscription, .service, .router]
        case .suspend: [.eligibility, .subscription, .service, .router, .sessions]
        case .resume, .upgrade, .downgrade: [.eligibility, .subscription, .service, .router]
        // Whoever is thrown out before he is refused comes back at once.
        case .terminate: [.eligibility, .subscription, .service, .credentials, .router, .sessions]
        }
    }

    /// The step after which there is no way back: money moved, or a contract ended. What comes behind it is tried until it is done.
    package var pivot: LifecycleStepName? {
        switch self {
        case .activate, .upgrade, .downgrade, .terminate: .subscription
        case .suspend, .resume: nil
        }
    }
}

package enum LifecycleStepName: String, Hashable, Sendable, CaseIterable {
    /// Whether all of it may be done at all; changes nothing.
    case eligibility
    /// The network password: there is one, or none any more.
    case credentials
    /// The fixed address that was asked for.
    case address
    /// The contract: begun, paused, resumed, changed or ended.
    case subscription
    /// The service's own status or plan.
    case service
    /// The router on which it lives is as the directory says.
    case router
    /// Nobody is online with it any more.
    case sessions

    /// Whether there is anything to take back.
    package var hasEffect: Bool {
        switch self {
        // Who was thrown out logs in again by himself.
        // The router follows the service's row, whatever becomes of it.
        case .eligibility, .router, .sessions: false
        case .credentials, .address, .subscription, .service: true
        }
    }
}

/// Why a step was skipped, refused or left something open, or why a run did not complete: a stable word.
package struct LifecycleReason: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
    package let rawValue: String

    /// `rawValue` is of a to z and underscores.
    package init(rawValue: String) { self.rawValue = rawValue }
    package init(stringLiteral word: StringLiteralType) { rawValue = word }

    /// The run took longer than it may.
    package static let deadline = LifecycleReason(rawValue: "deadline")
    /// It was tried as often as it may.
    package static let attempts = LifecycleReason(rawValue: "attempts")
    /// The run had passed the point of no return.
    package static let final = LifecycleReason(rawValue: "final")
}

/// One step of a run (table lifecycle_steps).
package struct LifecycleStep: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        case pending
        /// Begun, and looked at again: something else has to happen first, or it could not be done for now.
        case running
        case done
        /// Nothing was to be done; its reason says why.
        case skipped
        /// Refused. Nothing of it stays.
        case failed
        case compensated
        /// It was done and stays done though its run failed; its reason says why.
        case notCompensated = "not_compensated"
    }

    package let name: LifecycleStepName
    package var state = State.pending
    /// How often it could not be done, or not be undone, for now.
    package var attempts = 0
    package var reason: LifecycleReason?
    package var startedAt: Timestamp?
    package var endedAt: Timestamp?

    package init(_ name: LifecycleStepName) { self.name = name }
}

/// A change of a service's standing, with what of it is done (table lifecycle_runs).
package struct LifecycleRun: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        case running
        case rollingBack = "rolling_back"
        case completed
        /// Everything that was done was undone.
        case rolledBack = "rolled_back"
        /// Something that was done stays; the steps say what.
        case failed

        package var isFinal: Bool { self == .completed || self == .rolledBack || self == .failed }
    }

    package let tenantID: TenantID
    package let id: LifecycleRunID
    package let serviceID: ServiceID
    package let customerID: CustomerID
    package let kind: LifecycleKind
    package let parameters: LifecycleParameters
    /// What whoever asked follows.
    package let operationID: UUID128
    package let correlationID: String?
    package let requestedBy: UUID128
    package let requestedAt: Timestamp
    package var state = State.running
    package var reason: LifecycleReason?
    package var startedAt: Timestamp?
    package var deadline: Timestamp?
    package var endedAt: Timestamp?
    /// When it is looked at again; nil once it has ended.
    package var nextAt: Timestamp?
    package var steps: [LifecycleStep]

    /// One that was just asked for.
    package init(
        tenantID: TenantID,
        id: LifecycleRunID,
        serviceID: ServiceID,
        customerID: CustomerID,
        kind: LifecycleKind,
        parameters: LifecycleParameters = LifecycleParameters(),
        operationID: UUID128,
        correlationID: String? = nil,
        requestedBy: UUID128,
        requestedAt: Timestamp
    ) {
        self.tenantID = tenantID
        self.id = id
        self.serviceID = serviceID
        self.customerID = customerID
        self.kind = kind
        self.parameters = parameters
        self.operationID = operationID
        self.correlationID = correlationID
        self.requestedBy = requestedBy
        self.requestedAt = requestedAt
        nextAt = requestedAt
        steps = kind.steps.map { LifecycleStep($0) }
    }
}

/// What was asked for besides the kind.
package struct LifecycleParameters: Hashable, Sendable {
    /// What the last mile is. Fibre to the home needs a terminal that somebody provisions.
    package enum Access: String, Hashable, Sendable, CaseIterable {
        case ethernet, wireless, dsl, ftth

        /// Whether everything that it needs can be provisioned here.
        package var isSupported: Bool { self != .ftth }
    }

    /// Of an activation.
    package var access: Access?
    /// The fixed address of an activated service; nil leaves the service's as it is.
    package var staticIPv4: IPAddress?
    /// Of an upgrade or downgrade.
    package var planID: PlanID?
    /// A change of plan or an end takes effect at the period's end instead of now.
    package var isLater = false

    package init() {}
}
