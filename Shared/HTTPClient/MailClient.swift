internal import Concurrency
internal import Synchronization

/// What every mail of a client has in common.
package struct MailClientConfiguration: Sendable {
    /// Messages at once; each has a thread of its own for as long as it takes.
    package var lanes = 32
    /// Of them to one server, so that a slow one leaves room for others.
    package var lanesPerServer = 16
    /// Messages that are taken and have not ended; one more fails with `busy`.
    package var maximumRequests = 1_024
    /// Until a connection stands.
    package var connectLimit: Duration = .seconds(10)
    /// Connections that nobody used for so long are not used again.
    package var idleLimit: Duration = .seconds(60)
    /// A file with the PEM certificates that are believed; nil: the system's.
    package var authorities: String?
    /// Asked about each address before a connection to it, but for servers that may be anywhere; nil: all are reached.
    package var reaches: (@Sendable (ClientAddress) -> Bool)?

    package init() {}
}

/// Hands mails to servers by SMTP: libcurl, a few threads, and connections that are kept. For any number of tasks and servers at once.
///
/// Threads, and not the one loop of `HTTPClient`: libcurl waits for the answer to a message's end without returning, so that one server
/// that thinks for seconds would hold every other one's mail (decision 27).
package final class MailClient: Sendable {
    private struct State {
        var lanes: MailLanes
        var tickets: [UInt64: MailTicket] = [:]
        var lastID: UInt64 = 0
        var isStopping = false
    }

    private let configuration: MailClientConfiguration
    private let state: Mutex<State>
    private let workers: [MailLane]

    /// Starts its threads, named `name` with a number. Throws where the system has none to give.
    package init(_ configuration: MailClientConfiguration = .init(), name: String = "mail") throws {
        self.configuration = configuration
        state = Mutex(State(lanes: MailLanes(lanes: configuration.lanes, perServer: configuration.lanesPerServer)))
        let workers = (0..<configuration.lanes).map { _ in MailLane() }
        self.workers = workers
        do {
            for (index, lane) in workers.enumerated() {
                _ = try PlatformThread.start(name: "\(name)-\(index)") { lane.run(configuration) }
            }
        } catch {
            for lane in workers { lane.stop() }
            throw error
        }
    }

    deinit { for lane in workers { lane.stop() } }

    /// How many messages are under way or wait for it.
    package var requestsUnderWay: Int { state.withLock { $0.tickets.count } }

    /// Hands over one message and says how far it came. Returns within about two seconds of the request's deadline, and of the task's
    /// cancellation. Where a kept connection turns out to be gone before the message was said, another one is made.
    package func send(_ request: MailRequest) async -> MailReport {
        do throws(HTTPClientError) {
            try request.check()
            return await exchange(try admit(request))
        } catch {
            return MailReport(.connecting, reply: nil, failure: error)
        }
    }

    /// Refuses what comes and ends what is under way, within about two seconds. The threads end behind it: they take leave of servers, and
    /// one that does not answer is not waited for.
    package func shutdown() {
        let tickets = state.withLock { state in
            state.isStopping = true
            return Array(state.tickets.values)
        }
        for ticket in tickets { giveUp(ticket, HTTPClientError(.closed, "the client was shut down")) }
        for lane in workers { lane.stop() }
    }

    // MARK: - Private

    private func admit(_ request: MailRequest) throws(HTTPClientError) -> MailTicket {
        try state.withLock { state throws(HTTPClientError) in
            guard !state.isStopping else { throw HTTPClientError(.closed, "the client was shut down") }
            guard state.tickets.count < configuration.maximumRequests else {
                throw HTTPClientError(.busy, "\(configuration.maximumRequests) mails are under way")
            }
            state.lastID += 1
            let ticket = MailTicket(state.lastID, request)
            state.tickets[ticket.id] = ticket
            state.lanes.add(ticket.id, request.server)
            return ticket
        }
    }

    private func exchange(_ ticket: MailTicket) async -> MailReport {
        await withTaskGroup(of: Void.self) { group in
            // A lane looks at its own message's deadline; this one is for those that wait for a lane.
            group.addTask { [self] in
                do { try await pause(for: ticket.request.deadline.remaining) } catch { return }
                giveUp(ticket, HTTPClientError(.timeout, "the deadline passed"))
            }
            let report = await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    ticket.wait(continuation)
                    assign()
                }
            } onCancel: {
                giveUp(ticket, HTTPClientError(.cancelled, "cancelled"))
            }
            group.cancelAll()
            return report
        }
    }

    /// Answers a message that has not begun; one that has is told to its lane.
    private func giveUp(_ ticket: MailTicket, _ failure: HTTPClientError) {
        ticket.abandon(failure)
        let isWaiting = state.withLock { state in
            guard state.lanes.remove(ticket.id, ticket.request.server) else { return false }
            state.tickets[ticket.id] = nil
            return true
        }
        if isWaiting { ticket.answer(MailReport(.connecting, reply: nil, failure: failure)) }
    }

    private func assign() {
        let begun = state.withLock { state in
            state.lanes.assign().compactMap { next in state.tickets[next.id].map { (next.lane, $0) } }
        }
        for (lane, ticket) in begun {
            workers[lane].take(ticket) { [self] report in
                state.withLock { state in
                    state.lanes.release(lane)
                    state.tickets[ticket.id] = nil
                }
                ticket.answer(report)
                assign()
            }
        }
    }
}

/// A message and whoever waits for its end.
final class MailTicket: Sendable {
    private struct State {
        var continuation: CheckedContinuation<MailReport, Never>?
        var report: MailReport?
        var abandoned: HTTPClientError?
    }

    let id: UInt64
    let request: MailRequest
    private let state = Mutex(State())

    init(_ id: UInt64, _ request: MailRequest) {
        self.id = id
        self.request = request
    }

    /// Why nobody wants it any more; nil while somebody does.
    var abandoned: HTTPClientError? { state.withLock { $0.abandoned } }
    func abandon(_ failure: HTTPClientError) { state.withLock { $0.abandoned = $0.abandoned ?? failure } }

    func wait(_ continuation: CheckedContinuation<MailReport, Never>) {
        let report = state.withLock { state in
            if state.report == nil { state.continuation = continuation }
            return state.report
        }
        if let report { continuation.resume(returning: report) }
    }

    /// Answers once; what comes later is too late.
    func answer(_ report: MailReport) {
        let continuation = state.withLock { state -> CheckedContinuation<MailReport, Never>? in
            guard state.report == nil else { return nil }
            state.report = report
            return state.continuation.take()
        }
        continuation?.resume(returning: report)
    }
}

/// One thread of a mail client, and its connections.
final class MailLane: Sendable {
    private struct Job {
        let ticket: MailTicket
        let ended: @Sendable (MailReport) -> Void
    }

    private struct State {
        var job: Job?
        var isStopping = false
    }

    private let state = Monitor(State())

    func take(_ ticket: MailTicket, ended: @escaping @Sendable (MailReport) -> Void) {
        state.withLock(waking: .all) { $0.job = Job(ticket: ticket, ended: ended) }
    }

    /// Ends the thread, once what it was given has ended.
    func stop() { state.withLock(waking: .all) { $0.isStopping = true } }

    /// The thread.
    func run(_ configuration: MailClientConfiguration) {
        let transfers: MailTransfers
        do throws(HTTPClientError) {
            transfers = try MailTransfers(configuration)
        } catch {
            while let job = next() { job.ended(MailReport(.connecting, reply: nil, failure: error)) }
            return
        }
        while let job = next() { job.ended(transfers.send(job.ticket)) }
    }

    private func next() -> Job? {
        let job = state.wait(for: { $0.job != nil || $0.isStopping }) { $0.job.take() }
        return job ?? nil
    }
}
