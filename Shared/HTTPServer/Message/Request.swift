package import Concurrency
package import Observability

/// A request whose head is checked. Its body is read while the handler runs.
package struct Request: Sendable {
    package let method: HTTPMethod
    package let target: RequestTarget
    package let headers: RequestHeaders
    /// Who asks: the peer, or whom a trusted proxy names.
    package let client: IPAddress
    /// Whether the client speaks TLS, with us or with a trusted proxy.
    package let isSecure: Bool
    /// From `traceparent`, or the first of a new trace.
    package let trace: TraceContext
    /// The client's `X-Request-Id` where it is a token of 64 octets at most, else the trace's id. The answer carries
    /// it.
    package let id: String
    package let body: RequestBody
    /// What the route's pattern took from the path; empty before routing.
    package internal(set) var parameters = PathParameters()
    /// The last first: what a layer adds copies nothing of what others left.
    private var notes: Note?
    let expectsContinue: Bool
    let isVersion11: Bool
    let control: RequestControl

    /// A request made at hand, for handlers under test. `target` is in origin form.
    package init(
        _ method: HTTPMethod,
        _ target: String,
        headers: RequestHeaders = RequestHeaders(),
        body: [UInt8] = [],
        client: IPAddress = IPAddress(high: 0, low: 0xffff_7f00_0001)
    ) throws(HeadFault) {
        self.method = method
        self.target = try RequestTarget(Array(target.utf8), method: method)
        self.headers = headers
        self.client = client
        isSecure = false
        trace = headers["traceparent"].flatMap { TraceContext(traceparent: $0) } ?? .root()
        id = Self.id(headers, trace)
        self.body = RequestBody(BodyChannel(octets: body))
        expectsContinue = false
        isVersion11 = true
        control = RequestControl()
    }

    init(head: RequestHead, client: IPAddress, isSecure: Bool, body: BodyChannel, control: RequestControl) {
        method = head.method
        target = head.target
        headers = head.headers
        self.client = client
        self.isSecure = isSecure
        trace = head.headers["traceparent"].flatMap { TraceContext(traceparent: $0) }?.child() ?? .root()
        id = Self.id(head.headers, trace)
        self.body = RequestBody(body)
        expectsContinue = head.expectsContinue
        isVersion11 = head.isVersion11
        self.control = control
    }

    /// What a client calls its request must not make lines of logs or headers of its own.
    private static func id(_ headers: RequestHeaders, _ trace: TraceContext) -> String {
        guard let text = headers["x-request-id"], text.utf8.count <= 64, Token.isToken(text.utf8) else {
            return trace.traceID
        }
        return text
    }

    /// The pattern of the route that it was given to; `none` before routing, and where there is none.
    package var route: String { control.route }

    /// The target's query.
    package var query: Query { target.query }

    /// What a layer left for the handler.
    package subscript<Value: RequestValue>(_ type: Value.Type) -> Value? {
        get {
            let wanted = ObjectIdentifier(type)
            var next = notes
            while let note = next {
                if note.type == wanted { return note.value as? Value }
                next = note.earlier
            }
            return nil
        }
        set { notes = Note(type: ObjectIdentifier(type), value: newValue, earlier: notes) }
    }

    private final class Note: Sendable {
        let type: ObjectIdentifier
        /// Nil where it was taken away.
        let value: (any Sendable)?
        let earlier: Note?

        init(type: ObjectIdentifier, value: (any Sendable)?, earlier: Note?) {
            self.type = type
            self.value = value
            self.earlier = earlier
        }
    }

    /// The whole body. Its route's limit holds, and `limit` where that is less.
    package func body(limit: Int) async throws(RequestBodyError) -> [UInt8] { try await body.collect(upTo: limit) }

    /// The whole body, which must be JSON by its type: `application/json` or one that ends with `+json`. Throws a
    /// `Problem` (415) where it is not, else `RequestBodyError`.
    package func jsonBody(limit: Int = .max) async throws -> [UInt8] {
        let type = (headers["content-type"]?.split(separator: ";").first?.trimmed ?? "").lowercased()
        guard type == "application/json" || type.hasPrefix("application/") && type.hasSuffix("+json") else {
            throw Problem(415, code: "unsupported_media_type", detail: "The body must be application/json.")
        }
        return try await body.collect(upTo: limit)
    }

    /// When the handler is cancelled and the client answered 503.
    package var deadline: Deadline { control.deadline }
}

/// A value that layers attach to requests, one of each type.
package protocol RequestValue: Sendable {}
