import Concurrency

/// One connection of the pool with what is under way on it. Confined to the loop's thread.
final class PoolLine {
    /// A group that was sent, with what is still to come back.
    struct Flight {
        var request: PoolRequest
        var reply: PipelineReply
        /// Why a cancel request was sent for it.
        var interruption: PostgresError.Code?
    }

    /// A cancel request that may still reach the server.
    struct Interrupt {
        let cancellation: Cancellation?
        let limit: Deadline
    }

    let wire: Wire
    /// In the order sent, which is the order of the answers.
    private(set) var flights: [Flight] = []
    private var head = 0
    /// The ticket of the lease that holds it.
    var lease: UInt64?
    var interrupt: Interrupt?
    /// The leaseholder's groups that came while a cancel request was on its way.
    var parked: [PoolRequest] = []
    var isWaitingToWrite = false

    init(_ wire: Wire) { self.wire = wire }

    var isEmpty: Bool { head == flights.count }

    var pending: ArraySlice<Flight> { flights[head...] }

    func send(_ request: PoolRequest) throws(PostgresError) {
        let reply = try wire.send(request.statements)
        flights.append(Flight(request: request, reply: reply))
    }

    /// Reads what has arrived for the oldest flight; returns it once it is complete.
    func nextComplete() throws(PostgresError) -> Flight? {
        guard !isEmpty, try wire.read(into: &flights[head].reply) else { return nil }
        let flight = flights[head]
        head += 1
        if head == flights.count || head > 64 {
            flights.removeFirst(head)
            head = 0
        }
        return flight
    }

    /// Asks the server to cancel what the oldest flight runs.
    func interruptHead(_ reason: PostgresError.Code, then: @escaping @Sendable () -> Void) {
        flights[head].interruption = reason
        let cancellation = wire.cancellation()
        interrupt = Interrupt(cancellation: cancellation, limit: .after(.seconds(5)))
        cancellation?.send(then: then)
    }

    /// Takes everything that is under way, as nothing more will come.
    func takeAll() -> [Flight] {
        defer {
            flights = []
            head = 0
        }
        return Array(pending)
    }
}
