import CoA
import Domain
import Persistence

/// Where orders are kept, as the enforcer sees it.
protocol EnforcementKeeping: Sendable {
    /// Whether this process is the one that carries orders out; to be asked again and again.
    func lead() async throws(StorageFault) -> Bool
    /// Stores new orders once; returns those that are to be carried out.
    func store(_ orders: [EnforcementOrder]) async throws(StorageFault) -> [EnforcementOrder]
    /// Orders whose time has come.
    func due(at now: Timestamp, limit: Int, isRecovering: Bool) async throws(StorageFault) -> [EnforcementRef]
    /// Orders that wait and whose session ended.
    func over(limit: Int) async throws(StorageFault) -> [EnforcementRef]
    /// What is needed to carry them out; those that have ended are left out.
    func targets(_ refs: [EnforcementRef], lessonsSince: Timestamp) async throws(StorageFault) -> [EnforcementTarget]
    /// Stores what orders have become; returns those that ended.
    func write(_ outcomes: [EnforcementOutcome], at now: Timestamp) async throws(StorageFault) -> [EnforcementOrder]
    func figures() async throws(StorageFault) -> (waiting: Int, oldest: Timestamp?)
    func forget(before time: Timestamp, lessonsBefore: Timestamp, limit: Int) async throws(StorageFault) -> Int
}

extension EnforcementStore: EnforcementKeeping {}

/// Where what live sessions have is kept, with what decides about it.
protocol TermsKeeping: Sendable {
    /// Those that are live and of a service.
    func live(_ sessions: [SessionRef], at now: Timestamp) async throws(StorageFault) -> [LiveSession]
    func live(of services: [ServiceRef], at now: Timestamp) async throws(StorageFault) -> [LiveSession]
    func live(on nas: NASRef, after last: SessionID?, limit: Int, at now: Timestamp) async throws(StorageFault)
        -> [LiveSession]
    /// The database's clock.
    func clock() async throws(StorageFault) -> Timestamp
    /// Where sessions are live in those tenants.
    func liveNASes(of tenants: [TenantID]) async throws(StorageFault) -> [NASRef]
    /// Where sessions are live in all tenants, and how many.
    func liveCounts() async throws(StorageFault) -> [NASRef: Int]
    func services(ofCustomers customers: [(TenantID, UUID128)]) async throws(StorageFault) -> [ServiceRef]
    func services(ofPlans plans: [(TenantID, UUID128)]) async throws(StorageFault) -> [ServiceRef]
    func plans(_ ids: Set<PlanID>) async throws(StorageFault) -> StoredPlans
    func store(_ terms: [SessionTermsRow], at now: Timestamp) async throws(StorageFault)
    func forgetTerms(before time: Timestamp) async throws(StorageFault) -> Int
}

extension EnforcementStore: TermsKeeping {}

/// What talks to NASes.
protocol ControlSending: Sendable {
    /// Sends a request and waits for what becomes of it.
    func send(_ order: ControlOrder) async -> ControlOutcome
}

extension ControlClient: ControlSending {}
