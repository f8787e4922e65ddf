import CMicrohttpd
import Concurrency
import Observability
import Synchronization

/// The side of the handler's task.
extension Exchange {
    /// Runs the handler and sends what it returns. The body of one task, or of two where the answer lasts: a task keeps the
    /// memory of its deepest call until it ends, and a handler's is seventy times that of an idle WebSocket.
    func serve() async {
        if let (response, request) = state.withLock({ $0.lasting.take() }) {
            await finish(response, for: request)
        } else if let request = state.withLock({ $0.request }) {
            core.countRequest(1)
            let response = await handle(request)
            core.endWork()
            if !response.body.lasts || !handOver(response, request) { await finish(response, for: request) }
        } else {
            core.endWork()
        }
    }

    private func handle(_ request: Request) async -> Response {
        attachTask()
        defer { detachTask() }
        var response = await TraceContext.$current.withValue(request.trace) { await core.respond(request) }
        ContentCoding.apply(to: &response, for: request, from: core.limits.compressFrom)
        return response
    }

    /// Leaves the rest to another task; false where none can be had.
    private func handOver(_ response: Response, _ request: Request) -> Bool {
        state.withLock { $0.lasting = (response, request) }
        if core.queue.offer(self) { return true }
        state.withLock { $0.lasting = nil }
        return false
    }

    private func finish(_ response: Response, for request: Request) async {
        attachTask()
        await send(response, for: request)
        detachTask()
        core.countRequest(-1)
    }

    func send(_ response: Response, for request: Request) async {
        switch response.body {
        case .none: answer(response, for: request, PreparedResponse([], status: response.status))
        case .octets(let octets): answer(response, for: request, PreparedResponse(octets, status: response.status))
        case .asset(let asset):
            let isPacked = response.headers["content-encoding"] != nil
            let octets = (isPacked ? asset.gzip : nil) ?? asset.plain
            answer(response, for: request, PreparedResponse(octets, status: response.status))
        case .stream(let write): await stream(response, for: request, write)
        case .events(let setup): await events(response, for: request, setup)
        case .webSocket(let setup): await webSocket(response, for: request, setup)
        }
    }

    /// Settles the outcome; false where there is one already, or none can be made.
    @discardableResult
    private func answer(_ response: Response, for request: Request, _ prepared: PreparedResponse?) -> Bool {
        guard let prepared else {
            finish(.abort)
            return false
        }
        prepared.add(response.headers)
        if response.headers["x-request-id"] == nil { prepared.add("x-request-id", request.id) }
        // Whoever frames chunks differently from us finds no second request behind them.
        if core.isDraining || request.body.declaredCount == nil { prepared.add("connection", "close") }
        guard finish(.response(prepared)) else { return false }
        core.metrics.answered(route: request.control.route, method: request.method, status: prepared.status)
        return true
    }

    private func stream(
        _ response: Response,
        for request: Request,
        _ write: @Sendable (ResponseWriter) async throws -> Void
    ) async {
        let pipe = ResponsePipe(capacity: core.limits.streamBuffer)
        let isHead = request.method == .head
        if isHead { pipe.finish() }
        let prepared = PreparedResponse(pipe, status: response.status, isHead: isHead)
        guard answer(response, for: request, prepared), !isHead else { return }
        let watch = watchClient {
            pipe.breakOff()
            $0.cancelTask()
        }
        do {
            try await write(ResponseWriter(pipe: pipe))
            pipe.finish()
        } catch {
            // The client must not take what it has for the whole.
            pipe.breakOff()
        }
        if let watch { core.mailbox.post(.unwatch(watch)) }
    }

    private func events(_ response: Response, for request: Request, _ setup: EventStreamSetup) async {
        let pipe = ResponsePipe(capacity: core.limits.streamBuffer)
        let isHead = request.method == .head
        if isHead { pipe.finish() }
        let prepared = PreparedResponse(pipe, status: response.status, isHead: isHead)
        guard answer(response, for: request, prepared), !isHead else { return }
        let stream = EventStream(pipe: pipe, core: core, marker: setup.marker) { [weak self] in self?.cancelTask() }
        core.add(stream)
        let watch = watchClient { _ in stream.clientGone() }
        if core.isDraining { stream.end() }
        await setup.run(stream)
        stream.end()
        core.remove(stream)
        if let watch { core.mailbox.post(.unwatch(watch)) }
    }

    /// Has the loop tell when the client goes: a suspended connection is not looked at. Nil where it is gone already.
    private func watchClient(onGone: @escaping @Sendable (Exchange) -> Void) -> ClientWatch? {
        guard let copy = core.table.duplicate(connection) else { return nil }
        let watch = ClientWatch(descriptor: copy) { [weak self] in
            if let self { onGone(self) }
        }
        core.mailbox.post(.watch(watch))
        return watch
    }

    /// The time for the handler is over: 503, and its task is told.
    func expire() {
        let problem = Problem(.serviceUnavailable, code: "deadline_exceeded", detail: "The answer took too long.")
        guard let request = state.withLock({ $0.request }) else { return }
        let response = problem.response(to: request)
        guard case .octets(let octets) = response.body else { return }
        if answer(response, for: request, PreparedResponse(octets, status: response.status)) {
            core.metrics.refused(.handlerTime)
            cancelTask()
        }
    }

    /// The time for the body is over; its connection is being closed.
    func bodyTooSlow() {
        state.withLock { $0.body }?.fail(.tooSlow)
        resumeIfReady()
    }

    var control: RequestControl? { state.withLock { $0.request?.control } }

    /// Whether the handler still owes an answer.
    var owesAnswer: Bool { state.withLock { $0.outcome == nil && $0.request != nil && !$0.isOver } }
}
