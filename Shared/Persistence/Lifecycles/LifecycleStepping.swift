import Billing
import Domain
import Postgres

/// A step of a service's life: how it is done and how it is taken back, in the transaction of its row.
protocol LifecycleStepPerforming {
    /// Does it. What it throws undoes it; asked again, it does the same.
    func perform(_ work: inout LifecycleStepping) async throws -> LifecycleOutcome
    /// Takes back what it did, where that is still as it left it.
    func compensate(_ work: inout LifecycleStepping) async throws -> LifecycleOutcome
}

extension LifecycleStepName {
    var performer: any LifecycleStepPerforming {
        switch self {
        case .eligibility: EligibilityStep()
        case .credentials: CredentialStep()
        case .address: AddressStep()
        case .subscription: SubscriptionStep()
        case .service: ServiceStep()
        case .router: RouterStep()
        case .sessions: SessionStep()
        }
    }
}

/// One move of a run: its rows under their locks, and what its steps need.
struct LifecycleStepping {
    var locked: LockedRun
    let transaction: ScopedTransaction
    let terms: LifecycleTerms
    let now: Timestamp
    /// The step that is moved.
    private(set) var index = 0

    init(_ locked: LockedRun, _ transaction: ScopedTransaction, _ terms: LifecycleTerms, _ now: Timestamp) {
        self.locked = locked
        self.transaction = transaction
        self.terms = terms
        self.now = now
    }

    var run: LifecycleRun { locked.run }
    var step: LifecycleStep { locked.run.steps[index] }

    /// What this step left, and what it is to leave.
    var notes: StepNotes {
        get { locked.notes[index] }
        set { locked.notes[index] = newValue }
    }

    var services: ServiceRepository { ServiceRepository(transaction) }

    /// The run's service, locked. Everywhere in this program a contract is locked before its service, and the run's own row before
    /// both: whoever needs the contract too asks for ``subscription()`` first. So no two of them wait for each other.
    func service() async throws -> Service {
        guard let service = try await services.find(run.serviceID, forUpdate: true) else { throw ServiceGone() }
        return service
    }

    /// Stores a service that is locked; the version that it has by that.
    func store(_ service: Service) async throws -> Int64? {
        try await services.update(service)
        return try await services.version(of: service)
    }

    var subscriptions: SubscriptionStore {
        SubscriptionStore(transaction, ids: terms.ids, actor: run.requestedBy)
    }

    /// The service's contract, locked; nil where it has none that runs.
    func subscription() async throws -> SubscriptionRow? {
        try await subscriptions.rows(
            "WHERE s.tenant_id = $1 AND s.service_id = $2 AND s.state NOT IN ('cancelled', 'ended') FOR UPDATE OF s",
            [.id(run.tenantID), .id(run.serviceID)]
        ).first
    }

    /// Does or undoes what a move names. Throws `LifecycleRefusal` where that is refused, and what is the server's matter as it is.
    mutating func outcome(of move: LifecycleRun.Move) async throws -> LifecycleOutcome? {
        guard let position = move.position else { return nil }
        index = position
        do {
            let performer = step.name.performer
            switch move {
            case .perform: return try await performer.perform(&self)
            case .compensate: return try await performer.compensate(&self)
            case .rest: return nil
            }
        } catch {
            guard let outcome = LifecycleOutcome(refusing: error) else { throw error }
            throw LifecycleRefusal(move: move, outcome: outcome)
        }
    }
}

/// The service was removed meanwhile.
struct ServiceGone: Error {}

/// A subscription's zone is not one of this machine.
struct UnknownZone: Error {}

extension LifecycleOutcome {
    /// What an error means for a step; nil where it is the server's or the program's.
    init?(refusing error: any Error) {
        switch error {
        case is ServiceGone: self = .refused("service_gone")
        case is UnknownZone: self = .refused("unknown_zone")
        // The wallet is being asked in this moment.
        case SubscriptionRefusal.collecting: self = .failed("collecting")
        case let refusal as SubscriptionRefusal: self = .refused(LifecycleReason(rawValue: refusal.rawValue))
        case PersistenceError.alreadyExists: self = .refused("taken")
        case PersistenceError.notFound: self = .refused("not_found")
        case is PersistenceError, is ValidationError: self = .refused("invalid")
        default: return nil
        }
    }
}
