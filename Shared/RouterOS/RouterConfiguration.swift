package import Concurrency
package import TLS

/// How a router is reached and who we are there. Its description shows neither name nor password.
package struct RouterConfiguration: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    package enum Security: Hashable, Sendable {
        /// The service `api`: everything can be read on the way, the password too where the router is 6.43 or newer.
        case plain
        /// The service `api-ssl`.
        case tls(TLSTrust)
    }

    package enum Login: String, Hashable, Sendable, CaseIterable {
        /// Name and password; a router older than 6.43 answers with a challenge, which is then answered.
        case automatic
        /// For routers older than 6.43: the password never leaves, only its MD5 with the router's challenge.
        case challenge
    }

    /// A name or a numeric address.
    package var host: String
    package var port: UInt16
    package var security: Security
    package var login: Login
    package var user: String
    package var password: String
    /// Addresses of this machine and its links are spoken to as well: not where somebody else says where the router is.
    package var reachesLocal = true
    package var pool: RouterPoolSettings

    /// Port 0 is the service's own: 8728, with TLS 8729. With TLS the certificate is verified by the system's authorities
    /// unless `security` says otherwise.
    package init(
        host: String,
        port: UInt16 = 0,
        security: Security = .tls(.authorities(file: nil)),
        login: Login = .automatic,
        user: String,
        password: String,
        pool: RouterPoolSettings = .init()
    ) {
        self.host = host
        self.port = port != 0 ? port : security == .plain ? 8728 : 8729
        self.security = security
        self.login = login
        self.user = user
        self.password = password
        self.pool = pool
    }

    package var description: String { "\(host) port \(port)" }
    package var customMirror: Mirror { Mirror(self, children: ["host": host, "port": port]) }
}

/// How many connections to one router, and how patient.
package struct RouterPoolSettings: Hashable, Sendable {
    /// At most so many connections.
    package var connections = 2
    /// Commands under way on one of them.
    package var commandsPerConnection = 8
    /// Commands that wait for a connection; one more fails with `busy`.
    package var waiting = 1_000
    /// Until a connection stands, from its name's address to TLS.
    package var connectLimit: Duration = .seconds(5)
    /// Until the router let us in.
    package var loginLimit: Duration = .seconds(10)
    /// For a command whose caller says nothing else.
    package var commandLimit: Duration = .seconds(10)
    /// How long the router may take to confirm that a command was cancelled, before the connection counts as dead.
    package var cancelLimit: Duration = .seconds(5)
    /// A connection that nobody used for so long is closed.
    package var idleLimit: Duration = .seconds(60)
    /// A connection on which nothing came for so long is asked whether it still is one.
    package var silenceLimit: Duration = .seconds(20)
    /// Waits between attempts to connect: the first, and the longest; each is twice the one before, less up to half by chance.
    package var firstPause: Duration = .milliseconds(250)
    package var longestPause: Duration = .seconds(30)
    package var breaker = CircuitBreaker.Settings()
    /// Rows and octets of one answer.
    package var rows = 200_000
    package var octets = 64 << 20
    package var sentences = SentenceDecoder.Limits()

    package init() {}
}
