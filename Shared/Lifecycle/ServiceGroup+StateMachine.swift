/// Who is to be stopped when: the rules of `ServiceGroup` without tasks and clocks.
struct ServiceGroupStateMachine {
    /// What the group has to do next.
    enum Action: Equatable {
        /// Shutdown begins: count the deadline from here.
        case startDeadline
        /// Ask this service to end.
        case shutDown(Int)
        /// Cancel every task that is left.
        case cancelAll
    }

    private enum Phase {
        /// Everything serves.
        case running
        /// Services end one by one from the last; this one was asked.
        case draining(Int)
        /// The deadline passed; the rest was cancelled.
        case cancelling
    }

    private let names: [String]
    private var isAlive: [Bool]
    private var phase = Phase.running

    /// The first thing that went wrong.
    private(set) var failure: ServiceFailure?

    init(names: [String]) {
        self.names = names
        isAlive = names.map { _ in true }
    }

    /// Whether every service has returned.
    var isFinished: Bool { !isAlive.contains(true) }

    var isRunning: Bool { if case .running = phase { true } else { false } }

    mutating func shutdownRequested() -> [Action] {
        guard isRunning else { return [] }
        return [.startDeadline] + shutDownNext()
    }

    mutating func serviceEnded(_ index: Int, error: (any Error)?) -> [Action] {
        isAlive[index] = false
        switch phase {
        case .running:
            note(error.map { .failed(name: names[index], error: $0) } ?? .endedEarly(name: names[index]))
            return [.startDeadline] + shutDownNext()
        case .draining(let current):
            if let error { note(.failed(name: names[index], error: error)) }
            return index == current ? shutDownNext() : []
        case .cancelling:
            // What a cancelled service throws says nothing new.
            return []
        }
    }

    mutating func deadlinePassed() -> [Action] {
        guard case .draining = phase, !isFinished else { return [] }
        phase = .cancelling
        note(.drainDeadline(names: names.indices.filter { isAlive[$0] }.map { names[$0] }))
        return [.cancelAll]
    }

    private mutating func note(_ failure: ServiceFailure) {
        if self.failure == nil { self.failure = failure }
    }

    /// Later services use earlier ones, so the last that is alive goes first.
    private mutating func shutDownNext() -> [Action] {
        let next = isAlive.lastIndex(of: true)
        phase = .draining(next ?? -1)
        return next.map { [.shutDown($0)] } ?? []
    }
}
