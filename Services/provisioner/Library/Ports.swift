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

/// What talks to NASes.
protocol ControlSending: Sendable {
    /// Sends a request and waits for what becomes of it.
    func send(_ order: ControlOrder) async -> ControlOutcome
}

extension ControlClient: ControlSending {}
