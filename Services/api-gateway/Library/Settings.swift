package import Configuration
import Domain
import HTTPServer
import Identity
import Lifecycle

/// The settings of api-gateway; its README documents every key.
package struct Settings: Sendable {
    var databaseURL: Secret<String>
    var databaseConnections: Int
    var natsURL: Secret<String>
    var redisURL: Secret<String>
    var keyringPath: String
    var passwordThreads: Int
    var issuer: String
    var tokenLifetimes: TokenLifetimes
    var passwordLength: Int
    var http: HTTPSettings
    var policy: GatewayPolicy
    var live: LiveSettings
    var webPath: String
    var cachedRows: Int
    var storage: StorageSettings

    struct HTTPSettings: Sendable {
        var address: String
        var port: UInt16
        var certificatePath: String
        var keyPath: String
        var trustedProxies: [String]
        var connectionsPerAddress: Int
        var bodyOctets: Int
    }

    /// Reads every key. The caller finishes the reader.
    package init(_ config: ConfigReader) {
        databaseURL = config.databaseURL(
            "The database; its login must be able to become nexora_gateway, and should nexora_operator."
        )
        databaseConnections = config.int(
            "database.connections",
            default: 8,
            in: 2...200,
            doc: "Connections to the database that requests share."
        )
        natsURL = config.natsURL()
        redisURL = config.redisURL(
            "Redis with limits and denied tokens, or its sentinels as redis+sentinel://HOST,HOST/NAME."
        )
        keyringPath = config.string(
            "keyring.path",
            default: "./.run/keyring",
            doc: "The keyring that seals secrets and signing keys; made by nexora key init."
        )
        passwordThreads = config.int(
            "passwords.threads",
            default: 2,
            in: 1...8,
            doc: "Threads that digest passwords; a flood of logins takes no more."
        )
        passwordLength = config.int(
            "passwords.minimum_length",
            default: 12,
            in: 8...64,
            doc: "Characters that a new password has at least."
        )
        issuer = config.string(
            "tokens.issuer",
            default: "nexora",
            doc: "Who issues access tokens, and for whom: the same in every gateway of an installation."
        )
        tokenLifetimes = TokenLifetimes()
        http = HTTPSettings(config)
        policy = GatewayPolicy(config)
        live = LiveSettings(config)
        cachedRows = config.int(
            "cache.rows",
            default: 20_000,
            in: 0...1_000_000,
            doc: "Customers, plans and bandwidth profiles kept in memory, about 1 kB each; 0 keeps none."
        )
        storage = StorageSettings(config)
        webPath = config.string("web.path", default: "./Services/web", doc: "The folder of the pages.")
    }
}

extension Settings.HTTPSettings {
    fileprivate init(_ config: ConfigReader) {
        address = config.string(
            "http.address",
            default: "127.0.0.1",
            doc: "The numeric address of the API and the pages."
        )
        port = config.port("http.port", default: 8_080, doc: "Its port; 0 takes a free one.")
        certificatePath = config.string(
            "http.tls.certificate",
            default: "",
            doc: "A file with the PEM certificate chain; empty: plain HTTP, behind a proxy."
        )
        keyPath = config.string("http.tls.key", default: "", doc: "A file with the PEM key of the certificate.")
        trustedProxies = config.list(
            "http.trusted_proxies",
            default: [],
            doc: "Prefixes of the proxies whose X-Forwarded-For is believed."
        )
        connectionsPerAddress = config.int(
            "http.connections_per_address",
            default: 256,
            in: 0...100_000,
            doc: "Open connections from one address; 0 is any number."
        )
        bodyOctets = config.int(
            "http.body_octets",
            default: 1 << 20,
            in: 1_024...(64 << 20),
            doc: "Octets of a body at most; imports may have more."
        )
    }

    func configuration() throws -> HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration()
        configuration.address = address
        configuration.port = port
        if !certificatePath.isEmpty {
            configuration.tls = try TLSMaterial(certificateFile: certificatePath, keyFile: keyPath)
        }
        configuration.proxies = TrustedProxies(
            try trustedProxies.map { text in
                guard let prefix = NetworkPrefix(text) else { throw SettingsError(key: "http.trusted_proxies", text) }
                return prefix
            }
        )
        configuration.limits.connectionsPerAddress = connectionsPerAddress
        configuration.limits.body = bodyOctets
        return configuration
    }
}

/// A value that only shows to be wrong when it is used.
struct SettingsError: Error, CustomStringConvertible {
    let description: String

    init(key: String, _ value: String) { description = "\(key): \(value) cannot be used" }
}

extension GatewayPolicy {
    fileprivate init(_ config: ConfigReader) {
        self.init()
        domain = config.string(
            "tenants.domain",
            default: "",
            doc: "The domain below which a host name's first label is a tenant's subdomain; empty: hosts name nobody."
        )
        origins = config.list(
            "cors.origins",
            default: [],
            doc: "Origins whose pages may call the API; * is every one."
        )
        idempotencyAge = config.duration(
            "idempotency.keep",
            default: .seconds(30 * 86_400),
            in: .seconds(3_600)...Duration.seconds(366 * 86_400),
            doc: "How long the answer to a request under an Idempotency-Key is kept."
        )
        radiusServer = config.string(
            "radius.server",
            default: "192.0.2.1",
            doc: "The address of radius-server as NASes reach it, for the configuration that they are given."
        )
        authPort = config.int("radius.auth.port", default: 1_812, in: 1...65_535, doc: "Its port for authentication.")
        accountingPort = config.int("radius.acct.port", default: 1_813, in: 1...65_535, doc: "Its port for accounting.")
        limits = RequestLimits(config)
        exports = ExportPolicy(config)
    }
}

extension RequestLimits {
    fileprivate init(_ config: ConfigReader) {
        self.init()
        perAddress = config.int(
            "limits.address",
            default: 1_000,
            in: 0...100_000_000,
            doc: "Requests a minute from one address; 0 is any number."
        )
        perClient = config.int(
            "limits.client",
            default: 100,
            in: 0...100_000_000,
            doc: "Requests a minute of one user or key, or of one address where nobody has signed in."
        )
        perTenant = config.int(
            "limits.tenant",
            default: 1_000,
            in: 0...100_000_000,
            doc: "Requests a minute of one tenant."
        )
        burst = config.int(
            "limits.burst",
            default: 300,
            in: 0...100_000_000,
            doc: "Requests of one tenant at once."
        )
        burstPerSecond = config.int(
            "limits.burst_per_second",
            default: 100,
            in: 1...100_000_000,
            doc: "How many of those come back a second."
        )
        raise = config.int(
            "limits.raise",
            default: 10,
            in: 1...1_000,
            doc: "How many times the limits of clients, tenants and bursts an operator may give one tenant."
        )
        logins = config.int(
            "limits.logins",
            default: 5,
            in: 0...100_000_000,
            doc: "Logins, codes and links a minute from one address."
        )
        payments = config.int(
            "limits.payments",
            default: 10,
            in: 0...100_000_000,
            doc: "Payments and refunds a minute of one user; 0 is any number."
        )
        callbacks = config.int(
            "limits.callbacks",
            default: 60_000,
            in: 0...100_000_000,
            doc: "Requests a minute by which a provider tells of one account's messages; 0 is any number."
        )
        suspicious = config.int(
            "limits.suspicious",
            default: 100,
            in: 0...100_000_000,
            doc: "Refused requests a minute before an address is shut out; 0 shuts nobody out."
        )
        blockFor = config.duration(
            "limits.block",
            default: .seconds(300),
            in: .seconds(1)...Duration.seconds(86_400),
            doc: "How long an address is shut out."
        )
    }
}
