internal import Concurrency

/// What every request of a client has in common.
package struct HTTPClientConfiguration: Sendable {
    /// Requests under way at once; one more fails with `busy`.
    package var maximumRequests = 256
    /// Connections to one host; requests beyond wait for one, within their deadline.
    package var connectionsPerHost = 16
    /// Until a connection stands.
    package var connectLimit: Duration = .seconds(5)
    /// A file with the PEM certificates that are believed; nil: the system's.
    package var authorities: String?
    package var userAgent = "nexora"
    /// Which addresses may be connected to; nil: all of them. It is asked of what a name led to, just before the connection begins, so
    /// that no name can lead elsewhere in between. It belongs to the client and not to a request: a connection may serve the next
    /// request to its host, which must be under the same rule. Called on the client's thread: it must not wait.
    package var reaches: (@Sendable (ClientAddress) -> Bool)?

    package init() {}
}

/// An address that is about to be connected to: 4 octets, or 16.
package struct ClientAddress: Sendable, Hashable {
    /// In the order of the network.
    package let octets: [UInt8]

    package init(octets: [UInt8]) { self.octets = octets }
}

/// An HTTP client: libcurl on one thread of its own, requests as async functions.
///
/// It speaks http and https and nothing else, follows no redirect, knows no proxy and keeps no cookie. Every request has a deadline
/// and every answer a limit. Any number of tasks may use it at once.
package final class HTTPClient: Sendable {
    private let multi: MultiHandle
    private let mailbox: ClientMailbox
    private let thread: PlatformThread

    /// Starts its thread, named `name`. Throws where the system has none to give.
    package init(_ configuration: HTTPClientConfiguration = .init(), name: String = "http-client") throws {
        let multi = try MultiHandle(configuration)
        let mailbox = ClientMailbox(maximum: configuration.maximumRequests)
        self.multi = multi
        self.mailbox = mailbox
        thread = try PlatformThread.start(name: name) { ClientLoop(multi, mailbox, configuration).run() }
    }

    deinit { stop() }

    /// How many requests are under way.
    package var requestsUnderWay: Int { mailbox.count }

    /// Sends a request and returns the answer, whatever its status. A cancelled task ends the request at once: the server may have
    /// acted on it.
    package func send(_ request: ClientRequest) async throws(HTTPClientError) -> ClientResponse {
        try request.check()
        guard case .stream(let stream) = request.body else { return try await exchange(request, nil).get() }
        let (id, feed) = (mailbox.nextID(), UploadFeed(length: stream.length))
        let result = await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await feed.fill(from: stream) { self.tell(.resume(id)) } }
            let result = await exchange(request, feed, id)
            // The answer may come before the body was wanted to its end.
            group.cancelAll()
            return result
        }
        return try result.get()
    }

    /// Ends what is under way with `closed`, and returns once the thread is gone.
    package func shutdown() async {
        stop()
        await thread.joined()
    }

    private func stop() {
        mailbox.stop()
        multi.wake()
    }

    private func tell(_ command: ClientMailbox.Command) {
        mailbox.post(command)
        multi.wake()
    }

    private func exchange(
        _ request: ClientRequest,
        _ feed: UploadFeed?,
        _ known: UInt64? = nil
    ) async -> Result<ClientResponse, HTTPClientError> {
        let id = known ?? mailbox.nextID()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ticket = Ticket(id: id, request, feed, continuation)
                do throws(HTTPClientError) {
                    try mailbox.start(ticket)
                    multi.wake()
                } catch {
                    ticket.answer(.failure(error))
                }
            }
        } onCancel: {
            tell(.cancel(id))
        }
    }
}
