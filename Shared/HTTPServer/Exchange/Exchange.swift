import CMicrohttpd
import Concurrency
import Glibc
import Synchronization

/// One request and its answer, between libmicrohttpd's thread and the task of its handler.
///
/// libmicrohttpd calls again and again: with the head, with pieces of the body, at the end. Where an answer or a reader
/// is missing the connection is suspended ("parked"), and whoever brings what is missing resumes it, exactly once. No
/// lock is held while libmicrohttpd is called: it takes its own.
@safe final class Exchange: Sendable {
    /// Octets of a body that nobody wants which are read all the same, so that the client sees its answer: closing with
    /// unread octets resets the connection.
    static let drainLimit = 1 << 20
    /// Bodies up to here flow before their handler asks.
    static let smallBody = BodyChannel.window

    enum Phase: Sendable {
        /// The head is not read yet.
        case head
        /// The head is read, the body waits until somebody wants it.
        case beforeBody
        case body
        /// All is read.
        case complete
    }

    enum Outcome: Sendable {
        case response(PreparedResponse)
        /// Close without an answer.
        case abort
    }

    struct State {
        var phase = Phase.head
        var isParked = false
        var outcome: Outcome?
        var isQueued = false
        var isOver = false
        var discarded = 0
        var request: Request?
        var body: BodyChannel?
        /// Whoever waits for the connection to become a WebSocket.
        var upgrade: CheckedContinuation<UpgradedSocket?, Never>?
        /// An answer that lasts, for the task that sends it.
        var lasting: (response: Response, request: Request)?
    }

    let core: ServerCore
    let connection: Connection
    let start = SystemClock.monotonicNanoseconds()
    // SAFETY: libmicrohttpd's, used on its thread; elsewhere only to resume it while it is parked.
    nonisolated(unsafe) let handle: OpaquePointer
    private let target: [UInt8]
    private let targetAddress: UInt
    let state = Mutex(State())
    /// The handler's task. It has a lock of its own: cancelling runs whatever the task wants run then.
    private let task = Mutex(RunningTask())

    @safe private struct RunningTask {
        // SAFETY: set and cleared by the task itself, so it is here only while it runs.
        nonisolated(unsafe) var current: UnsafeCurrentTask?
    }

    /// For the connection that just got the line of a request with that target.
    @unsafe init(core: ServerCore, connection: Connection, handle: OpaquePointer, target: UnsafePointer<CChar>) {
        self.core = core
        self.connection = connection
        unsafe self.handle = handle
        targetAddress = UInt(bitPattern: target)
        let count = unsafe strlen(target)
        self.target = unsafe Array(UnsafeRawBufferPointer(start: target, count: count))
    }

    // MARK: - Calls on libmicrohttpd's thread. False closes the connection.

    /// Nothing of the body is at hand: the head was read, or all of the body.
    @unsafe func proceed(method: UnsafePointer<CChar>) -> Bool {
        switch state.withLock({ $0.phase }) {
        case .head: return unsafe begin(method)
        case .beforeBody: return beforeBody()
        case .body:
            let body = state.withLock { state in
                state.phase = .complete
                return state.body
            }
            body?.complete()
            connection.enter(.ours)
            return settle()
        case .complete: return settle()
        }
    }

    /// A piece of the body. Sets how much of it is left for later.
    @unsafe func receive(_ octets: UnsafeBufferPointer<UInt8>, left: UnsafeMutablePointer<Int>) -> Bool {
        let (body, isAborted) = state.withLock { ($0.body, $0.isAborted) }
        guard let body, !isAborted else { return false }
        if state.withLock({ $0.outcome != nil }) {
            let discarded = state.withLock { state in
                state.discarded += octets.count
                return state.discarded
            }
            guard discarded <= Self.drainLimit else { return false }
        }
        guard unsafe body.take(octets) else {
            park()
            return true
        }
        unsafe left.pointee = 0
        return true
    }

    @unsafe private func begin(_ method: UnsafePointer<CChar>) -> Bool {
        let start = UInt(bitPattern: method)
        let size = unsafe cmhd_head_size(handle)
        do throws(HeadFault) {
            guard target.count <= core.limits.target else { throw .targetTooLong }
            guard size <= core.limits.head else { throw .headTooLarge }
            guard targetAddress > start, targetAddress < start + UInt(size) else { throw .requestLine }
            // The head lies in libmicrohttpd's buffer as one piece from the method on.
            let octets = unsafe Array(UnsafeRawBufferPointer(start: method, count: size))
            let head = try RequestHead(cut: octets, target: target, at: Int(targetAddress - start))
            return accept(head)
        } catch {
            core.metrics.refused(error == .headTooLarge ? .headTooLarge : .head)
            return refuse(Problem(error))
        }
    }

    private func accept(_ head: RequestHead) -> Bool {
        let flows = !head.expectsContinue && (head.contentLength.map { $0 <= Self.smallBody } ?? false)
        let body = BodyChannel(declared: head.contentLength, limit: core.limits.body, isDemanded: flows) {
            [weak self] in
            self?.resumeIfReady()
        }
        let control = RequestControl(start: start)
        control.allow(handler: core.limits.handlerTime, body: core.limits.bodyTime)
        let origin = core.proxies.origin(peer: connection.peer, isTLS: core.isTLS, headers: head.headers)
        let request = Request(head: head, client: origin.client, isSecure: origin.isTLS, body: body, control: control)
        state.withLock { state in
            state.request = request
            state.body = body
            state.phase = head.hasBody ? .beforeBody : .complete
        }
        guard core.beginWork() else { return refuseForNow(request) }
        guard core.queue.offer(self) else {
            core.endWork()
            return refuseForNow(request)
        }
        guard head.hasBody else {
            connection.enter(.ours)
            return true
        }
        connection.enter(.body)
        return beforeBody()
    }

    private func refuseForNow(_ request: Request) -> Bool {
        core.metrics.refused(core.isDraining ? .draining : .busy)
        var problem = Problem(
            .serviceUnavailable,
            code: "overloaded",
            detail: "Too many requests are being worked on."
        )
        problem.headers["retry-after"] = "1"
        return refuse(problem, request)
    }

    private func beforeBody() -> Bool {
        let (outcome, isWanted) = state.withLock { ($0.outcome, $0.body?.isWanted ?? false) }
        switch outcome {
        case .abort: return false
        case .response where !isWanted: return settle()
        default: break
        }
        if isWanted {
            state.withLock { $0.phase = .body }
        } else {
            park()
        }
        return true
    }

    /// Sends the answer where there is one, else waits for it.
    private func settle() -> Bool {
        let outcome = state.withLock { state in
            if state.outcome != nil { state.isQueued = true }
            return state.outcome
        }
        switch outcome {
        case .response(let response):
            connection.enter(.ours)
            return unsafe response.queue(on: handle)
        case .abort: return false
        case nil:
            park()
            return true
        }
    }

    /// Answers at once and closes: no handler will see this request.
    private func refuse(_ problem: Problem, _ request: Request? = nil) -> Bool {
        let answer = request.map { problem.response(to: $0) } ?? problem.response()
        guard case .octets(let octets) = answer.body, let made = PreparedResponse(octets, status: answer.status) else {
            return false
        }
        made.add(answer.headers)
        made.add("connection", "close")
        let label = request?.method ?? .get
        core.metrics.answered(route: "none", method: label, status: answer.status)
        state.withLock { state in
            state.outcome = .response(made)
            state.phase = .complete
            state.isQueued = true
        }
        connection.enter(.ours)
        return unsafe made.queue(on: handle)
    }

    private func park() {
        unsafe MHD_suspend_connection(handle)
        let goesOn = state.withLock { state in
            let isReady = state.isReady
            state.isParked = !isReady
            return isReady
        }
        if goesOn { unsafe MHD_resume_connection(handle) }
    }

    /// The request is over, whether it was answered or not: the last call for this exchange.
    func completed(_ isWhole: Bool) {
        let (request, body, upgrade, pipe) = state.withLock { state in
            state.isOver = true
            let pipe: ResponsePipe? = if case .response(let response) = state.outcome { response.pipe } else { nil }
            return (state.request, state.body, state.upgrade.take(), pipe)
        }
        if !isWhole { cancelTask() }
        body?.fail(.disconnected)
        pipe?.breakOff()
        upgrade?.resume(returning: nil)
        connection.end(idleFor: core.limits.idleTime)
        guard let request else { return }
        if pipe == nil { core.metrics.took(route: request.control.route, since: start) }
    }

    // MARK: - From anywhere

    /// Resumes the connection where it is parked and can go on.
    func resumeIfReady() {
        let resumes = state.withLock { state in
            guard state.isParked, state.isReady else { return false }
            state.isParked = false
            return true
        }
        if resumes { unsafe MHD_resume_connection(handle) }
    }

    /// Settles the outcome unless one stands already; false then.
    @discardableResult
    func finish(_ outcome: Outcome) -> Bool {
        let (isFirst, body) = state.withLock { state -> (Bool, BodyChannel?) in
            guard state.outcome == nil, !state.isOver else { return (false, nil) }
            state.outcome = outcome
            return (true, state.phase == .body || state.drains ? state.body : nil)
        }
        body?.discard()
        resumeIfReady()
        return isFirst
    }

    /// Closes the connection, whatever is going on.
    func abort() {
        let pipe = state.withLock { state in
            let pipe: ResponsePipe? = if case .response(let response) = state.outcome { response.pipe } else { nil }
            if !state.isQueued { state.outcome = .abort }
            return pipe
        }
        pipe?.breakOff()
        cancelTask()
        resumeIfReady()
    }

    /// Makes the current task the one that `cancelTask` cancels; it must call `detachTask` before it ends.
    func attachTask() {
        unsafe withUnsafeCurrentTask { current in task.withLock { unsafe $0.current = current } }
    }

    func detachTask() { task.withLock { unsafe $0.current = nil } }

    func cancelTask() { task.withLock { unsafe $0.current?.cancel() } }
}

extension Exchange.State {
    var isAborted: Bool { if case .abort = outcome { true } else { false } }

    /// Whether libmicrohttpd's next call would find something to do.
    var isReady: Bool {
        if outcome != nil { return true }
        return switch phase {
        case .head: true
        case .beforeBody: body?.isWanted ?? true
        case .body: body?.hasRoom ?? true
        case .complete: false
        }
    }

    /// Whether a body that has not begun is better read and thrown away than cut off.
    fileprivate var drains: Bool {
        guard phase == .beforeBody, let request, !request.expectsContinue, !isAborted else { return false }
        return request.body.declaredCount.map { $0 <= Exchange.drainLimit } ?? true
    }
}
