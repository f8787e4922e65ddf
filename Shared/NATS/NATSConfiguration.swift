/// How to reach NATS.
package struct NATSConfiguration: Sendable {
    /// One or more `nats://user:password@host:port` or `tls://...` addresses, separated by commas.
    package var url: String
    /// The name that the server's connection list shows.
    package var name: String
    /// Pause between two attempts at one server; a quarter of it is added at random.
    package var reconnectWait: Duration
    /// How long a connection attempt may take.
    package var connectTimeout: Duration
    /// How long an administrative request may wait for its answer.
    package var requestTimeout: Duration
    /// A silent connection is given up after twice this.
    package var pingInterval: Duration

    package init(
        url: String,
        name: String,
        reconnectWait: Duration = .milliseconds(200),
        connectTimeout: Duration = .seconds(2),
        requestTimeout: Duration = .seconds(5),
        pingInterval: Duration = .seconds(5)
    ) {
        self.url = url
        self.name = name
        self.reconnectWait = reconnectWait
        self.connectTimeout = connectTimeout
        self.requestTimeout = requestTimeout
        self.pingInterval = pingInterval
    }
}
