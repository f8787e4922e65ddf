/// Where a server listens and what it allows. The defaults suit a gateway that stands behind a proxy or alone.
package struct HTTPServerConfiguration: Sendable {
    /// A numeric address; port 0 takes a free one.
    package var address = "127.0.0.1"
    package var port: UInt16 = 0
    /// TLS 1.2 and 1.3 by GnuTLS with this certificate chain and key; nil: plain HTTP.
    package var tls: TLSMaterial?
    package var proxies = TrustedProxies()
    package var limits = HTTPLimits()

    package init() {}
}

/// What one client, one request and all of them together may take.
package struct HTTPLimits: Sendable {
    /// Open connections, WebSockets among them. What is beyond waits in the kernel's backlog. Fewer where the process
    /// may not open so many files; its soft limit is raised as far as needed and allowed.
    package var connections = 10_000
    /// Open connections from one address; trusted proxies are exempt. 0: any number.
    package var connectionsPerAddress = 256
    /// Requests that handlers work on at once; what is beyond is answered 503.
    package var requests = 4_096
    /// Octets of a request's head, the request line included (431), and of its target (414).
    package var head = 16_384
    package var target = 8_192
    /// Octets of a body (413), where its route says nothing else.
    package var body = 1 << 20
    /// From the connection, or from the request line on a used one, to the end of the head.
    package var headTime = Duration.seconds(10)
    /// From the end of the head to the end of the body.
    package var bodyTime = Duration.seconds(60)
    /// From the end of the head to the handler's answer (503), where its route says nothing else.
    package var handlerTime = Duration.seconds(30)
    /// Without a request on a used connection; also the longest that a client may leave an answer untaken.
    package var idleTime = Duration.seconds(75)
    /// Octets that wait for a client that reads slower than a stream is written; then the writer waits, or skips.
    package var streamBuffer = 262_144
    /// Between two events of a silent event stream a comment shows that the connection lives.
    package var heartbeat = Duration.seconds(15)
    /// Bodies of text of at least so many octets are sent compressed to who accepts it. `Int.max`: never.
    package var compressFrom = 1_024
    package var webSocket = WebSocketLimits()

    package init() {}
}

/// What one WebSocket may take.
package struct WebSocketLimits: Sendable {
    /// Octets of one message from the client, all of its fragments together (1009).
    package var message = 65_536
    /// Messages that wait for the handler; then the socket is not read.
    package var inbox = 16
    /// Octets that wait for the client; then what is sent is dropped and counted.
    package var outbox = 262_144
    /// Silence after which the client is pinged, and how long it has to answer before it counts as gone.
    package var pingAfter = Duration.seconds(30)
    package var pongWithin = Duration.seconds(20)
    /// How long a closing handshake may take.
    package var closeWithin = Duration.seconds(5)

    package init() {}
}
