package import Configuration
import RADIUS

/// How accounting is acknowledged.
enum Acknowledge: String, CaseIterable, Sendable {
    /// Once the record is on this server's disk.
    case journal
    /// Once the replicated stream has it as well.
    case replicated
}

/// radius-server's configuration.
package struct Settings: Sendable {
    let servers: ServerSettings
    let packets: PacketSettings
    let eap: EAPSettings
    let storage: StorageSettings
    let admission: AdmissionSettings

    package init(_ config: ConfigReader) {
        servers = ServerSettings(config)
        packets = PacketSettings(config)
        eap = EAPSettings(config)
        storage = StorageSettings(config)
        admission = AdmissionSettings(config)
    }
}

/// Postgres, NATS and the keyring.
struct ServerSettings: Sendable {
    let databaseURL: Secret<String>
    let databaseRole: String
    let natsURL: Secret<String>
    let replicas: Int
    let keyringPath: String
    let dictionaryPath: String?
    let name: String

    init(_ config: ConfigReader) {
        databaseURL = config.url(
            "database.url",
            alias: "DATABASE_URL",
            schemes: ["postgresql", "postgres"],
            doc: "Postgres, with its login."
        )
        databaseRole = config.string(
            "database.role",
            default: "nexora_pipeline",
            doc: "The role taken after connecting."
        )
        natsURL = config.url(
            "nats.url",
            alias: "NATS_URL",
            schemes: ["nats", "tls"],
            doc: "NATS servers, separated by commas."
        )
        replicas = config.int(
            "streams.replicas",
            default: 1,
            in: 1...5,
            doc: "Copies of each stream: 1 alone, 3 or 5 in a cluster."
        )
        keyringPath = config.string(
            "keyring.path",
            default: "/etc/nexora/keyring",
            doc: "The file of keys that open sealed secrets."
        )
        dictionaryPath = config.optionalString(
            "dictionary.path",
            doc: "A dictionary in FreeRADIUS' format; without it the installed one, else the server's own."
        )
        name = config.string("radius.name", default: "radius-1", doc: "This server's name in its events.")
    }
}

/// The two ports.
struct PacketSettings: Sendable {
    let address: String
    let authPort: UInt16
    let acctPort: UInt16
    let threads: Int
    let receiveBuffer: Int
    let duplicates: Int
    let rejectDelay: Duration
    let feedRate: Int
    let limits: GuardSettings

    init(_ config: ConfigReader) {
        address = config.string("radius.address", default: "0.0.0.0", doc: "The numeric address of both RADIUS ports.")
        authPort = config.port(
            "radius.auth.port",
            default: 1812,
            doc: "UDP port of authentication; 0 takes a free one."
        )
        acctPort = config.port("radius.acct.port", default: 1813, doc: "UDP port of accounting; 0 takes a free one.")
        threads = config.int(
            "radius.threads",
            default: 1,
            in: 1...64,
            doc: "Receiver threads of each port; a source stays on one."
        )
        receiveBuffer = config.bytes(
            "radius.receive_buffer",
            default: 4 << 20,
            in: 64 << 10...256 << 20,
            doc: "Receive buffer of each socket; the kernel's net.core.rmem_max limits it without CAP_NET_ADMIN."
        )
        duplicates = config.int(
            "radius.duplicates",
            default: 65_536,
            in: 1_024...4_194_304,
            doc: "Answers that each thread keeps to recognise retransmissions."
        )
        rejectDelay = config.duration(
            "reject.delay",
            default: .seconds(1),
            in: .zero ... .seconds(8),
            doc: "Refused logins are answered this much later, and up to half of it more at random."
        )
        feedRate = config.int(
            "radius.feed_rate",
            default: 200,
            in: 0...100_000,
            doc: "Decisions a second that each thread shows in the event stream; 0 shows none."
        )
        limits = GuardSettings(config)
    }
}

/// Which EAP methods come first.
enum EAPMethods: String, CaseIterable, Sendable {
    case mschapv2First = "mschapv2,md5"
    case md5First = "md5,mschapv2"
    case mschapv2Only = "mschapv2"
    case md5Only = "md5"

    var kinds: [EAPMethodKind] {
        switch self {
        case .mschapv2First: [.mschapv2, .md5]
        case .md5First: [.md5, .mschapv2]
        case .mschapv2Only: [.mschapv2]
        case .md5Only: [.md5]
        }
    }
}

/// EAP conversations.
struct EAPSettings: Sendable {
    let methods: EAPMethods
    let sessions: Int
    let timeout: Duration

    init(_ config: ConfigReader) {
        methods = config.choice(
            "eap.methods",
            default: EAPMethods.mschapv2First,
            doc: "EAP methods on offer, in the order in which they are proposed."
        )
        sessions = config.int(
            "eap.sessions",
            default: 16_384,
            in: 64...1_048_576,
            doc: "EAP conversations kept at once, by all threads together."
        )
        timeout = config.duration(
            "eap.timeout",
            default: .seconds(30),
            in: .seconds(5) ... .seconds(300),
            doc: "An EAP conversation that hears nothing for so long is forgotten."
        )
    }
}

/// What lies on this server's disk.
struct StorageSettings: Sendable {
    let journalPath: String
    let segmentOctets: Int
    let retention: Duration
    let snapshotPath: String
    let acknowledge: Acknowledge

    init(_ config: ConfigReader) {
        journalPath = config.string(
            "journal.path",
            default: "/var/lib/nexora/journal",
            doc: "Folder of the accounting journal."
        )
        segmentOctets = config.bytes(
            "journal.segment_bytes",
            default: 16 << 20,
            in: 1 << 20...1 << 30,
            doc: "Size of one segment file."
        )
        retention = config.duration(
            "journal.retention",
            default: .seconds(300),
            in: .seconds(1) ... .seconds(86_400),
            doc: "How long a segment is kept after JetStream acknowledged it; JetStream flushes every 2 minutes."
        )
        snapshotPath = config.string(
            "snapshot.path",
            default: "/var/lib/nexora/directory.snapshot",
            doc: "Encrypted file that serves a start without Postgres."
        )
        acknowledge = config.choice(
            "accounting.acknowledge",
            default: Acknowledge.journal,
            doc: "journal: answer once on this disk; replicated: once the stream's replicas have it too."
        )
    }
}

/// Sessions and addresses in Redis.
struct AdmissionSettings: Sendable {
    let redisURL: Secret<String>?
    let deadline: Duration
    let replicas: Int
    let patience: Duration
    let lease: Duration
    let capacity: Int

    init(redisURL: Secret<String>? = nil, deadline: Duration = .milliseconds(300)) {
        self.redisURL = redisURL
        self.deadline = deadline
        replicas = 0
        patience = .zero
        lease = .seconds(900)
        capacity = 4_096
    }

    init(_ config: ConfigReader) {
        redisURL = config.optionalSecret(
            "redis.url",
            alias: "REDIS_URL",
            doc:
                "Redis, or its sentinels as redis+sentinel://HOST,HOST/NAME; without it no session limit, device binding or "
                + "pool is kept."
        )
        deadline = config.duration(
            "redis.deadline",
            default: .milliseconds(300),
            in: .milliseconds(10) ... .seconds(5),
            doc: "An answer of Redis that takes longer is given up: this server's own view decides."
        )
        replicas = config.int(
            "redis.replicas",
            default: 0,
            in: 0...5,
            doc: "Replicas that must have a grant before it is answered; 1 where Redis fails over."
        )
        patience = config.duration(
            "redis.patience",
            default: .seconds(10),
            in: .zero ... .seconds(60),
            doc: "How long logins are left to the NAS's next try after Redis failed, before this server's own view "
                + "decides: longer than a failover takes."
        )
        lease = config.duration(
            "sessions.lease",
            default: .seconds(900),
            in: .seconds(120) ... .seconds(86_400),
            doc: "A session that is not heard of for so long takes none of its service's slots any more; three interim "
                + "intervals at least."
        )
        capacity = config.int(
            "sessions.waiting",
            default: 4_096,
            in: 64...65_536,
            doc: "Logins of each thread that wait for Redis at once; more are left to the NAS's next try."
        )
    }
}
