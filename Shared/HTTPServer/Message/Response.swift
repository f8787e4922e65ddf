/// The answer to a request.
package struct Response: Sendable {
    package var status: HTTPStatus
    package var headers: ResponseHeaders
    package var body: ResponseBody
    /// Whether a body of text may be sent compressed. Not where it mixes a secret with what a client chose.
    package var isCompressible = true

    /// An answer with that body; `contentType` becomes its field.
    package init(_ status: HTTPStatus, contentType: HeaderValue? = nil, body: ResponseBody = .none) {
        self.status = status
        self.body = body
        headers = ResponseHeaders()
        headers["content-type"] = contentType
    }

    /// JSON that is written already.
    package static func json(_ octets: [UInt8], status: HTTPStatus = .ok) -> Response {
        Response(status, contentType: "application/json", body: .octets(octets))
    }

    /// Octets of any type.
    package static func bytes(_ octets: [UInt8], contentType: HeaderValue, status: HTTPStatus = .ok) -> Response {
        Response(status, contentType: contentType, body: .octets(octets))
    }

    /// UTF-8 text.
    package static func text(_ text: String, status: HTTPStatus = .ok) -> Response {
        Response(status, contentType: "text/plain; charset=utf-8", body: .octets(Array(text.utf8)))
    }

    /// A stream of which the length is not known: `write` puts it piece by piece and waits for slow clients. It runs
    /// in the handler's task, without the handler's deadline, and its return ends the body; its error breaks the body
    /// off, so that the client does not take it for the whole. The task is cancelled when the client is gone.
    package static func stream(
        _ status: HTTPStatus = .ok,
        contentType: HeaderValue,
        _ write: @escaping @Sendable (ResponseWriter) async throws -> Void
    ) -> Response {
        Response(status, contentType: contentType, body: .stream(write))
    }
}

/// What follows the head of an answer. A HEAD request gets the head alone, whatever the body is.
package enum ResponseBody: Sendable {
    case none
    case octets([UInt8])
    /// Octets that stay in memory and are sent from there.
    case asset(Asset)
    case stream(@Sendable (ResponseWriter) async throws -> Void)
    /// Server-sent events; see `Response.events`.
    case events(EventStreamSetup)
    /// No body: the connection becomes a WebSocket; see `Response.webSocket`.
    case webSocket(WebSocketSetup)

    /// Whether it goes on for as long as there is something to tell.
    var lasts: Bool {
        switch self {
        case .none, .octets, .asset: false
        case .stream, .events, .webSocket: true
        }
    }
}
