/// Which module may know which: arrows run one way. docs/ARCHITECTURE.md shows the same as a picture.
enum ImportMatrix {
    /// What each shared module may import of this package.
    static let shared: [String: Set<String>] = [
        "Domain": [],
        "WireFormat": [],
        "Configuration": [],
        "Ledger": ["Crypto", "Domain"],
        "Billing": ["Domain", "Ledger", "Observability"],
        "Events": ["Billing", "Domain", "Ledger", "WireFormat"],
        "Notices": ["Domain", "WireFormat"],
        "Concurrency": ["CPlatform"],
        "Observability": ["Concurrency", "WireFormat"],
        "Lifecycle": ["CPlatform", "Concurrency", "Configuration", "Observability", "WireFormat"],
        "Crypto": ["COpenSSL", "WireFormat"],
        "WebhookSigning": ["Crypto", "WireFormat"],
        "Passwords": ["CArgon2", "CCrypt", "Concurrency"],
        "RADIUS": ["Crypto", "WireFormat"],
        "Profiles": ["Domain", "RADIUS"],
        "CoA": ["Concurrency", "Crypto", "Domain", "Observability", "Profiles", "RADIUS", "Sockets"],
        "Devices": ["Concurrency", "Domain", "Lifecycle", "Observability", "Persistence"],
        "TLS": ["CTLS"],
        "RouterOS": ["Concurrency", "Crypto", "Domain", "Observability", "Profiles", "RADIUS", "TLS"],
        "Sockets": ["CPlatform", "Concurrency", "Observability"],
        "Postgres": ["CPlatform", "CPostgres", "Concurrency", "Observability"],
        "NATS": ["CNATS", "Concurrency", "Observability"],
        "Redis": ["CHiredis", "Concurrency", "Observability"],
        "Compression": ["CZlib"],
        "GraphQL": ["WireFormat"],
        "HTTPServer": [
            "CMicrohttpd", "CPlatform", "CWslay", "Compression", "Concurrency", "Crypto", "Observability", "WireFormat",
        ],
        "HTTPClient": ["CCurl", "Concurrency"],
        "Documents": ["CPango", "CXlsxwriter", "Concurrency"],
        "Mail": ["Concurrency", "Crypto", "Domain", "HTTPClient", "Notices", "WireFormat"],
        "AWSSigning": ["Crypto", "Domain", "WireFormat"],
        "ObjectStorage": [
            "AWSSigning", "Concurrency", "Crypto", "Domain", "HTTPClient", "Observability", "WireFormat",
        ],
        "Carriers": ["AWSSigning", "Concurrency", "Crypto", "Domain", "HTTPClient", "Notices", "WireFormat"],
        "Admission": ["Domain", "Redis", "WireFormat"],
        "RateLimits": ["Concurrency", "Redis"],
        "Balances": ["Domain", "Events", "Ledger", "Redis"],
        "Identity": [
            "Concurrency", "Crypto", "Domain", "Passwords", "Persistence", "Postgres", "Redis", "WireFormat",
        ],
        "Persistence": [
            "Billing", "Concurrency", "Crypto", "Domain", "Events", "Ledger", "Notices", "Postgres", "WireFormat",
        ],
        "Messaging": ["Billing", "Concurrency", "Domain", "Events", "Ledger", "NATS", "Observability", "WireFormat"],
    ]

    /// One C library per adapter. CPlatform is ours: what Glibc's own module hides.
    static let adapterOfCLibrary = [
        "CPostgres": "Shared/Postgres/", "CNATS": "Shared/NATS/", "COpenSSL": "Shared/Crypto/",
        "CHiredis": "Shared/Redis/", "CMicrohttpd": "Shared/HTTPServer/", "CWslay": "Shared/HTTPServer/",
        "CZlib": "Shared/Compression/", "CCrypt": "Shared/Passwords/", "CArgon2": "Shared/Passwords/",
        "CCurl": "Shared/HTTPClient/", "CXlsxwriter": "Shared/Documents/", "CPango": "Shared/Documents/",
        "CTLS": "Shared/TLS/",
    ]

    /// What a service names only where it is put together, in its Application.swift.
    static let adapters: Set = ["Postgres", "NATS", "Redis"]

    /// Modules of the toolchain that anything may import. Foundation is not among them: it doubles a daemon's memory.
    static let system: Set = ["Glibc", "Synchronization", "FoundationEssentials", "Swift"]

    static let testingModule = "SharedTesting"

    /// What stands in for the world around the daemons. It speaks their protocols and reads their tables, and knows nothing
    /// of their rules: a mistake in those must not be its own.
    static let simulators = "Tests/Simulators/"
    static let simulator: Set = [
        "CPlatform", "Concurrency", "Crypto", "HTTPServer", "Observability", "Postgres", "RADIUS", "Sockets", "TLS",
        "WireFormat",
    ]

    /// Measures the modules themselves.
    static let benchmarks = "Tests/Benchmarks/"

    /// What a module may import; nil where the matrix does not know it.
    static func allowed(_ entry: Manifest.Entry) -> Set<String>? {
        let all = Set(shared.keys)
        switch entry.kind {
        case "executable": return Set(Manifest.shared.libraries.map(\.name)).subtracting(all)
        case _ where entry.name == testingModule: return all.union(["CPlatform"])
        case _ where entry.path.hasPrefix("Services/"): return all.union(["CPlatform"])
        case _ where entry.path.hasPrefix(simulators): return simulator
        case _ where entry.path.hasPrefix(benchmarks): return all
        default: return shared[entry.name]
        }
    }
}
