extension IDTag {
    package enum RouterOperation {}
}

package typealias RouterOperationID = ID<IDTag.RouterOperation>

/// What is to be done on a router. Each says what shall be so, not what changes: done twice it changes nothing. The raw values are
/// stored and told.
package enum RouterOperationKind: String, Hashable, Sendable, CaseIterable {
    /// The service's secret and queue are as the service is now; that may mean that there are none.
    case syncService = "sync_service"
    /// The secret of a name goes: the service has another name or another router since, or is gone.
    case removeService = "remove_service"
    /// The service's session ends; the subscriber dials again under what holds now.
    case disconnectService = "disconnect_service"
    /// A plan's profile is as the plan is now.
    case syncProfile = "sync_profile"
}

/// Where an operation stands. The raw values are stored and told.
package enum RouterOperationState: String, Hashable, Sendable, CaseIterable {
    /// It waits: for its turn, for its router, or for another attempt.
    case pending
    /// It is with the router.
    case running
    case done
    case failed
    /// A later one does its work too, or there is nothing left to do.
    case superseded

    /// Nothing changes any more.
    package var isFinal: Bool {
        switch self {
        case .pending, .running: false
        case .done, .failed, .superseded: true
        }
    }
}

/// Something to be done on a router, and where that stands (table router_operations). What happens to it: see
/// `RouterOperation+Lifecycle`.
package struct RouterOperation: Hashable, Sendable {
    package let tenantID: TenantID
    package let id: RouterOperationID
    /// The order in which its router is told.
    package let number: Int64
    package let deviceID: DeviceID
    package let kind: RouterOperationKind
    /// There for every kind but `syncProfile`.
    package let serviceID: ServiceID?
    /// There for `syncProfile`.
    package let planID: PlanID?
    /// Whose secret goes; there for `removeService` until it is done.
    package internal(set) var username: String?
    package let correlationID: String?
    package let operationID: UUID128?
    package let requestedAt: Timestamp

    package internal(set) var state = RouterOperationState.pending
    /// How often the router refused it.
    package internal(set) var attempts = 0
    /// Why it waits, or how it ended: a stable word.
    package internal(set) var reason: String?
    /// The router's own words.
    package internal(set) var detail: String?
    package internal(set) var startedAt: Timestamp?
    package internal(set) var endedAt: Timestamp?
    /// When it may be tried; nil once it has ended.
    package internal(set) var nextAt: Timestamp?

    /// A new one, to be done at once.
    package init(
        tenantID: TenantID,
        id: RouterOperationID,
        number: Int64,
        deviceID: DeviceID,
        kind: RouterOperationKind,
        serviceID: ServiceID? = nil,
        planID: PlanID? = nil,
        username: String? = nil,
        correlationID: String? = nil,
        operationID: UUID128? = nil,
        requestedAt: Timestamp
    ) {
        self.tenantID = tenantID
        self.id = id
        self.number = number
        self.deviceID = deviceID
        self.kind = kind
        self.serviceID = serviceID
        self.planID = planID
        self.username = username
        self.correlationID = correlationID
        self.operationID = operationID
        self.requestedAt = requestedAt
        nextAt = requestedAt
    }

    /// Where a stored one stands, as it was read back.
    package struct Standing: Hashable, Sendable {
        package var state: RouterOperationState
        package var attempts: Int
        package var reason: String?
        package var detail: String?
        package var startedAt: Timestamp?
        package var endedAt: Timestamp?
        package var nextAt: Timestamp?

        package init(
            state: RouterOperationState,
            attempts: Int,
            reason: String?,
            detail: String?,
            startedAt: Timestamp?,
            endedAt: Timestamp?,
            nextAt: Timestamp?
        ) {
            self.state = state
            self.attempts = attempts
            self.reason = reason
            self.detail = detail
            self.startedAt = startedAt
            self.endedAt = endedAt
            self.nextAt = nextAt
        }
    }

    /// The same operation where it stands.
    package func standing(_ standing: Standing) -> RouterOperation {
        var operation = self
        operation.state = standing.state
        operation.attempts = standing.attempts
        operation.reason = standing.reason
        operation.detail = standing.detail
        operation.startedAt = standing.startedAt
        operation.endedAt = standing.endedAt
        operation.nextAt = standing.nextAt
        return operation
    }
}
