internal import Synchronization

/// A request and whoever waits for its answer.
final class Ticket: Sendable {
    let id: UInt64
    let request: ClientRequest
    /// The pieces of a streamed body.
    let feed: UploadFeed?
    private let continuation: Mutex<CheckedContinuation<Result<ClientResponse, HTTPClientError>, Never>?>

    init(
        id: UInt64,
        _ request: ClientRequest,
        _ feed: UploadFeed?,
        _ continuation: CheckedContinuation<Result<ClientResponse, HTTPClientError>, Never>
    ) {
        self.id = id
        self.request = request
        self.feed = feed
        self.continuation = Mutex(continuation)
    }

    /// Answers once; what comes later is too late.
    func answer(_ result: Result<ClientResponse, HTTPClientError>) {
        feed?.close()
        continuation.withLock { $0.take() }?.resume(returning: result)
    }
}

/// What tasks ask of the client's thread, in order.
final class ClientMailbox: Sendable {
    enum Command: Sendable {
        case start(Ticket)
        case cancel(UInt64)
        /// A streamed body goes on.
        case resume(UInt64)
    }

    struct Batch {
        let commands: [Command]
        let isStopping: Bool
    }

    private struct State {
        var commands: [Command] = []
        /// Requests that were taken and not answered.
        var underWay = 0
        var lastID: UInt64 = 0
        var isStopping = false
    }

    private let state = Mutex(State())
    private let maximum: Int

    init(maximum: Int) { self.maximum = maximum }

    /// How many requests are under way.
    var count: Int { state.withLock { $0.underWay } }

    func nextID() -> UInt64 {
        state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
    }

    /// Throws where no more are taken. Called in the task of the request.
    func start(_ ticket: Ticket) throws(HTTPClientError) {
        try state.withLock { state throws(HTTPClientError) in
            guard !state.isStopping else {
                throw HTTPClientError(.closed, "the client was shut down", mayHaveArrived: false)
            }
            // A cancellation that came before has no command, but its flag is set by now.
            guard !Task.isCancelled else {
                throw HTTPClientError(.cancelled, "cancelled before it began", mayHaveArrived: false)
            }
            guard state.underWay < maximum else { throw HTTPClientError(.busy, "\(maximum) requests are under way") }
            state.underWay += 1
            state.commands.append(.start(ticket))
        }
    }

    func post(_ command: Command) { state.withLock { $0.commands.append(command) } }

    func ended() { state.withLock { $0.underWay -= 1 } }

    func stop() { state.withLock { $0.isStopping = true } }

    /// Everything that was asked since.
    func take() -> Batch {
        state.withLock { state in
            defer { state.commands = [] }
            return Batch(commands: state.commands, isStopping: state.isStopping)
        }
    }
}
