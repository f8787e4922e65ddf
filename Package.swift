// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// The same strict settings for every Swift target: see docs/ARCHITECTURE.md, "Language".
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

func library(_ name: String, _ path: String, _ dependencies: [String]) -> Target {
    // A module's README lies beside its sources, and that of a large part of one beside those.
    let files = FileManager.default.subpaths(atPath: Context.packageDirectory + "/" + path) ?? []
    return .target(
        name: name,
        dependencies: dependencies.map { .init(stringLiteral: $0) },
        path: path,
        exclude: files.filter { $0 == "README.md" || $0.hasSuffix("/README.md") }.sorted(),
        swiftSettings: strict
    )
}

func executable(_ name: String, _ path: String, _ dependencies: [String]) -> Target {
    .executableTarget(
        name: name,
        dependencies: dependencies.map { .init(stringLiteral: $0) },
        path: path,
        swiftSettings: strict
    )
}

func tests(_ name: String, _ path: String, _ dependencies: [String], exclude: [String] = []) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies.map { .init(stringLiteral: $0) },
        path: path,
        exclude: exclude,
        swiftSettings: strict
    )
}

let shared: [Target] = [
    .systemLibrary(name: "CPostgres", path: "Shared/CLibraries/CPostgres"),
    .systemLibrary(name: "CNATS", path: "Shared/CLibraries/CNATS"),
    .systemLibrary(name: "COpenSSL", path: "Shared/CLibraries/COpenSSL"),
    .systemLibrary(name: "CTLS", path: "Shared/CLibraries/CTLS"),
    .systemLibrary(name: "CHiredis", path: "Shared/CLibraries/CHiredis"),
    .systemLibrary(name: "CMicrohttpd", path: "Shared/CLibraries/CMicrohttpd"),
    .systemLibrary(name: "CWslay", path: "Shared/CLibraries/CWslay"),
    .systemLibrary(name: "CZlib", path: "Shared/CLibraries/CZlib"),
    .systemLibrary(name: "CCrypt", path: "Shared/CLibraries/CCrypt"),
    .systemLibrary(name: "CArgon2", path: "Shared/CLibraries/CArgon2"),
    .systemLibrary(name: "CCurl", path: "Shared/CLibraries/CCurl"),
    .systemLibrary(name: "CXlsxwriter", path: "Shared/CLibraries/CXlsxwriter"),
    // Its headers lie in folders that only pkg-config knows.
    .systemLibrary(name: "CPango", path: "Shared/CLibraries/CPango", pkgConfig: "pangocairo"),
    .target(name: "CPlatform", path: "Shared/CLibraries/CPlatform"),

    library("WireFormat", "Shared/WireFormat", []),
    library("Domain", "Shared/Domain", []),
    library("Ledger", "Shared/Ledger", ["Crypto", "Domain"]),
    library("Billing", "Shared/Billing", ["Domain", "Ledger", "Observability"]),
    library("Events", "Shared/Events", ["Billing", "Domain", "Ledger", "WireFormat"]),
    library("Notices", "Shared/Notices", ["Domain", "WireFormat"]),
    library("Concurrency", "Shared/Concurrency", ["CPlatform"]),
    library("Configuration", "Shared/Configuration", []),
    library("Observability", "Shared/Observability", ["Concurrency", "WireFormat"]),
    library(
        "Lifecycle",
        "Shared/Lifecycle",
        ["CPlatform", "Concurrency", "Configuration", "Observability", "WireFormat"]
    ),

    library("Crypto", "Shared/Crypto", ["COpenSSL", "WireFormat"]),
    library("WebhookSigning", "Shared/WebhookSigning", ["Crypto", "WireFormat"]),
    library("Passwords", "Shared/Passwords", ["CCrypt", "CArgon2", "Concurrency"]),
    library("RADIUS", "Shared/RADIUS", ["WireFormat", "Crypto"]),
    library("Sockets", "Shared/Sockets", ["CPlatform", "Concurrency", "Observability"]),
    library("Postgres", "Shared/Postgres", ["CPostgres", "CPlatform", "Concurrency", "Observability"]),
    library("NATS", "Shared/NATS", ["CNATS", "Concurrency", "Observability"]),
    library("Redis", "Shared/Redis", ["CHiredis", "Concurrency", "Observability"]),

    library("Compression", "Shared/Compression", ["CZlib"]),
    library("GraphQL", "Shared/GraphQL", ["WireFormat"]),
    library(
        "HTTPServer",
        "Shared/HTTPServer",
        [
            "CMicrohttpd", "CPlatform", "CWslay", "Compression", "Concurrency", "Crypto", "Observability",
            "WireFormat",
        ]
    ),

    library("HTTPClient", "Shared/HTTPClient", ["CCurl", "Concurrency"]),
    library("AWSSigning", "Shared/AWSSigning", ["Crypto", "Domain", "WireFormat"]),
    library(
        "ObjectStorage",
        "Shared/ObjectStorage",
        ["AWSSigning", "Concurrency", "Crypto", "Domain", "HTTPClient", "Observability", "WireFormat"]
    ),
    library(
        "Carriers",
        "Shared/Carriers",
        ["AWSSigning", "Concurrency", "Crypto", "Domain", "HTTPClient", "Notices", "WireFormat"]
    ),

    library(
        "Mail",
        "Shared/Mail",
        ["Concurrency", "Crypto", "Domain", "HTTPClient", "Notices", "WireFormat"]
    ),

    library("Documents", "Shared/Documents", ["CPango", "CXlsxwriter", "Concurrency"]),
    library("RateLimits", "Shared/RateLimits", ["Redis"]),
    library("Balances", "Shared/Balances", ["Domain", "Events", "Ledger", "Redis"]),
    library("Profiles", "Shared/Profiles", ["Domain", "RADIUS"]),
    library(
        "CoA",
        "Shared/CoA",
        ["Concurrency", "Crypto", "Domain", "Observability", "Profiles", "RADIUS", "Sockets"]
    ),
    library("TLS", "Shared/TLS", ["CTLS"]),
    library(
        "RouterOS",
        "Shared/RouterOS",
        ["Concurrency", "Crypto", "Domain", "Observability", "Profiles", "RADIUS", "TLS"]
    ),
    library("Admission", "Shared/Admission", ["Domain", "Redis", "WireFormat"]),
    library("Devices", "Shared/Devices", ["Concurrency", "Domain", "Lifecycle", "Observability", "Persistence"]),
    library(
        "Identity",
        "Shared/Identity",
        ["Concurrency", "Crypto", "Domain", "Passwords", "Persistence", "Postgres", "Redis", "WireFormat"]
    ),
    library(
        "Persistence",
        "Shared/Persistence",
        ["Billing", "Domain", "Events", "Ledger", "Notices", "Postgres", "Crypto", "Concurrency", "WireFormat"]
    ),
    library(
        "Messaging",
        "Shared/Messaging",
        ["Billing", "Domain", "Events", "Ledger", "NATS", "Concurrency", "Observability", "WireFormat"]
    ),
    library(
        "SharedTesting",
        "Shared/Testing",
        [
            "Compression", "Domain", "Events", "Persistence", "Postgres", "NATS", "Concurrency", "Observability",
            "CPlatform",
        ]
    ),
]

let services: [Target] = [
    library(
        "RadiusServer",
        "Services/radius-server/Library",
        [
            "Admission", "CPlatform", "Concurrency", "Configuration", "Crypto", "Domain", "Events", "Lifecycle",
            "Messaging", "NATS",
            "Observability",
            "Persistence", "Postgres", "Profiles", "RADIUS", "Redis", "Sockets", "WireFormat",
        ]
    ),
    executable("radius-server", "Services/radius-server/Executable", ["RadiusServer"]),
    library(
        "AccountingConsumer",
        "Services/accounting-consumer/Library",
        [
            "Admission", "Concurrency", "Configuration", "Domain", "Events", "Lifecycle", "Messaging", "NATS",
            "Observability",
            "Persistence", "Postgres", "Redis", "WireFormat",
        ]
    ),
    executable("accounting-consumer", "Services/accounting-consumer/Executable", ["AccountingConsumer"]),
    library(
        "BillingWorker",
        "Services/billing-worker/Library",
        [
            "Balances", "Billing", "Concurrency", "Configuration", "Crypto", "Domain", "Events", "Ledger", "Lifecycle",
            "Messaging", "NATS", "Observability", "Persistence", "Postgres", "Profiles", "Redis", "WireFormat",
        ]
    ),
    executable("billing-worker", "Services/billing-worker/Executable", ["BillingWorker"]),
    library(
        "Provisioner",
        "Services/provisioner/Library",
        [
            "Billing", "CoA", "Concurrency", "Configuration", "Crypto", "Devices", "Domain", "Events", "Lifecycle",
            "Messaging", "NATS",
            "Observability", "Persistence", "Postgres", "Profiles", "RouterOS", "Sockets", "TLS",
        ]
    ),
    executable("provisioner", "Services/provisioner/Executable", ["Provisioner"]),
    library(
        "Notifier",
        "Services/notifier/Library",
        [
            "Carriers", "Concurrency", "Configuration", "Crypto", "Domain", "Events", "HTTPClient", "Lifecycle", "Mail",
            "Messaging", "NATS", "Notices", "Observability", "Persistence", "Postgres", "Profiles", "WebhookSigning",
            "WireFormat",
        ]
    ),
    executable("notifier", "Services/notifier/Executable", ["Notifier"]),
    library(
        "APIGateway",
        "Services/api-gateway/Library",
        [
            "Admission", "Balances", "Billing", "Concurrency", "Configuration", "Crypto", "Documents", "Domain",
            "Events", "GraphQL", "HTTPClient", "HTTPServer", "Identity", "Ledger", "Lifecycle", "Messaging", "NATS",
            "Notices", "ObjectStorage", "Observability", "Passwords", "Persistence", "Postgres", "Profiles",
            "RateLimits", "Redis",
            "WebhookSigning",
            "WireFormat",
        ]
    ),
    executable("api-gateway", "Services/api-gateway/Executable", ["APIGateway"]),
    library(
        "NexoraCommand",
        "Services/nexora/Library",
        [
            "Billing", "Concurrency", "Configuration", "Crypto", "Devices", "Domain", "Events", "Identity", "Ledger",
            "Lifecycle",
            "Messaging", "NATS", "Notices", "Observability", "Persistence", "Postgres", "Profiles", "RADIUS", "Redis",
            "WebhookSigning",
            "WireFormat",
        ]
    ),
    executable("nexora", "Services/nexora/Executable", ["NexoraCommand"]),
]

/// What stands in for the world around the daemons; no daemon links them.
let simulators: [Target] = [
    library(
        "NASSimulator",
        "Tests/Simulators/nas-simulator/Library",
        ["CPlatform", "Concurrency", "Crypto", "Postgres", "RADIUS", "Sockets", "WireFormat"]
    ),
    executable("nas-simulator", "Tests/Simulators/nas-simulator/Executable", ["NASSimulator"]),
    library(
        "ObjectStoreSimulator",
        "Tests/Simulators/object-store/Library",
        ["Concurrency", "Crypto", "HTTPServer", "Observability", "WireFormat"]
    ),
    executable("object-store", "Tests/Simulators/object-store/Executable", ["ObjectStoreSimulator"]),
    library(
        "NoticeProvidersSimulator",
        "Tests/Simulators/notice-providers/Library",
        ["Concurrency", "Crypto", "HTTPServer", "Observability", "WireFormat"]
    ),
    executable(
        "notice-providers",
        "Tests/Simulators/notice-providers/Executable",
        ["NoticeProvidersSimulator"]
    ),
    library(
        "RouterOSEmulator",
        "Tests/Simulators/routeros-emulator/Library",
        ["Concurrency", "Crypto", "TLS"]
    ),
    executable("routeros-emulator", "Tests/Simulators/routeros-emulator/Executable", ["RouterOSEmulator"]),
    library(
        "SMTPServerSimulator",
        "Tests/Simulators/smtp-server/Library",
        ["Concurrency", "CPlatform", "TLS", "WireFormat"]
    ),
    executable("smtp-server", "Tests/Simulators/smtp-server/Executable", ["SMTPServerSimulator"]),
]

/// What measures, where the load generator in C cannot.
let benchmarks: [Target] = [
    library(
        "AdmissionLoad",
        "Tests/Benchmarks/admission/Library",
        ["Admission", "Concurrency", "Domain", "Redis"]
    ),
    executable("admission-load", "Tests/Benchmarks/admission/Executable", ["AdmissionLoad"]),
    library(
        "LedgerLoad",
        "Tests/Benchmarks/ledger/Library",
        ["Billing", "Concurrency", "Domain", "Ledger", "Messaging", "NATS", "Observability", "Persistence", "Postgres"]
    ),
    executable("ledger-load", "Tests/Benchmarks/ledger/Executable", ["LedgerLoad"]),
]

let suites: [Target] = [
    tests("WireFormatTests", "Tests/Shared/WireFormat", ["WireFormat", "SharedTesting"]),
    tests("DomainTests", "Tests/Shared/Domain", ["Domain", "SharedTesting"]),
    tests(
        "EventsTests",
        "Tests/Shared/Events",
        ["Billing", "Events", "Domain", "Ledger", "WireFormat", "SharedTesting"],
        exclude: ["Golden", "GoldenCommands"]
    ),
    tests("ConcurrencyTests", "Tests/Shared/Concurrency", ["Concurrency", "SharedTesting"]),
    tests("ConfigurationTests", "Tests/Shared/Configuration", ["Configuration", "SharedTesting"]),
    tests("ObservabilityTests", "Tests/Shared/Observability", ["Observability", "Concurrency", "SharedTesting"]),
    tests(
        "LifecycleTests",
        "Tests/Shared/Lifecycle",
        ["Lifecycle", "Configuration", "Observability", "Concurrency", "SharedTesting"]
    ),
    tests("CryptoTests", "Tests/Shared/Crypto", ["Crypto", "SharedTesting", "WireFormat"]),
    tests("WebhookSigningTests", "Tests/Shared/WebhookSigning", ["WebhookSigning", "Crypto", "SharedTesting"]),
    tests("PasswordsTests", "Tests/Shared/Passwords", ["Passwords", "SharedTesting"]),
    tests("RADIUSTests", "Tests/Shared/RADIUS", ["RADIUS", "Crypto", "WireFormat", "SharedTesting"]),
    tests("ProfilesTests", "Tests/Shared/Profiles", ["Profiles", "RADIUS", "Domain", "SharedTesting"]),
    tests(
        "CoATests",
        "Tests/Shared/CoA",
        [
            "CoA", "Concurrency", "Crypto", "Domain", "Observability", "RADIUS", "SharedTesting", "Sockets",
            "WireFormat",
        ]
    ),
    tests(
        "DevicesTests",
        "Tests/Shared/Devices",
        ["Devices", "Concurrency", "Domain", "Lifecycle", "Observability", "Persistence", "SharedTesting"]
    ),
    tests(
        "RouterOSTests",
        "Tests/Shared/RouterOS",
        ["RouterOS", "RouterOSEmulator", "Concurrency", "Domain", "Observability", "SharedTesting", "TLS"]
    ),
    tests("LedgerTests", "Tests/Shared/Ledger", ["Ledger", "Crypto", "Domain", "SharedTesting"]),
    tests("NoticesTests", "Tests/Shared/Notices", ["Notices", "Domain", "SharedTesting"], exclude: ["Golden"]),
    tests("BillingTests", "Tests/Shared/Billing", ["Billing", "Domain", "Ledger", "SharedTesting"]),
    tests("SocketsTests", "Tests/Shared/Sockets", ["Sockets", "CPlatform", "SharedTesting"]),
    tests("CompressionTests", "Tests/Shared/Compression", ["Compression", "SharedTesting"]),
    tests("DocumentsTests", "Tests/Shared/Documents", ["Documents", "Concurrency", "SharedTesting"]),
    tests("GraphQLTests", "Tests/Shared/GraphQL", ["GraphQL", "SharedTesting", "WireFormat"]),
    tests(
        "HTTPServerTests",
        "Tests/Shared/HTTPServer",
        ["HTTPServer", "Compression", "Concurrency", "Observability", "SharedTesting", "WireFormat"]
    ),
    tests(
        "HTTPClientTests",
        "Tests/Shared/HTTPClient",
        ["HTTPClient", "HTTPServer", "Concurrency", "Observability", "SharedTesting"]
    ),
    tests(
        "ObjectStorageTests",
        "Tests/Shared/ObjectStorage",
        [
            "ObjectStorage", "ObjectStoreSimulator", "AWSSigning", "Crypto", "HTTPClient", "HTTPServer",
            "Observability", "SharedTesting", "WireFormat",
        ]
    ),
    tests(
        "CarriersTests",
        "Tests/Shared/Carriers",
        [
            "Carriers", "NoticeProvidersSimulator", "Concurrency", "Crypto", "Domain", "HTTPClient", "HTTPServer",
            "Notices", "Observability", "SharedTesting", "WireFormat",
        ]
    ),
    tests(
        "MailTests",
        "Tests/Shared/Mail",
        [
            "Mail", "SMTPServerSimulator", "Concurrency", "Crypto", "Domain", "HTTPClient", "Notices", "SharedTesting",
            "WireFormat",
        ]
    ),
    tests("PostgresTests", "Tests/Integration/Postgres", ["Postgres", "Concurrency", "SharedTesting"]),
    tests("NATSTests", "Tests/Integration/NATS", ["NATS", "Concurrency", "Observability", "SharedTesting"]),
    tests(
        "AdmissionTests",
        "Tests/Integration/Admission",
        ["Admission", "Concurrency", "Domain", "Redis", "SharedTesting"]
    ),
    tests("RedisTests", "Tests/Integration/Redis", ["Redis", "SharedTesting"]),
    tests(
        "IdentityTests",
        "Tests/Integration/Identity",
        [
            "Identity", "Crypto", "Domain", "Events", "Passwords", "Persistence", "Postgres", "Redis", "SharedTesting",
            "WireFormat",
        ]
    ),
    tests(
        "PersistenceTests",
        "Tests/Integration/Persistence",
        [
            "Billing", "Persistence", "Postgres", "Domain", "Events", "Ledger", "Crypto", "Concurrency",
            "SharedTesting",
            "WireFormat",
        ]
    ),
    tests(
        "MessagingTests",
        "Tests/Integration/Messaging",
        [
            "Billing", "Messaging", "NATS", "Domain", "Events", "Ledger", "Concurrency", "Observability",
            "SharedTesting", "WireFormat",
        ]
    ),
    tests(
        "RadiusServerTests",
        "Tests/Services/radius-server",
        [
            "Admission", "RadiusServer", "Persistence", "Postgres", "Profiles", "Redis", "RADIUS", "Crypto", "Domain",
            "Events", "Concurrency",
            "Observability", "Sockets",
            "WireFormat", "SharedTesting",
        ]
    ),
    tests(
        "AccountingConsumerTests",
        "Tests/Services/accounting-consumer",
        [
            "AccountingConsumer", "Admission", "Domain", "Events", "Postgres", "NATS", "Messaging", "Persistence",
            "Concurrency", "Observability", "Redis", "SharedTesting", "WireFormat",
        ]
    ),
    tests(
        "BillingWorkerTests",
        "Tests/Services/billing-worker",
        [
            "Balances", "Billing", "BillingWorker", "Concurrency", "Crypto", "Domain", "Events", "Ledger", "Lifecycle",
            "Messaging",
            "NATS", "Observability", "Persistence", "Postgres", "Redis", "SharedTesting", "WireFormat",
        ]
    ),
    tests(
        "ProvisionerTests",
        "Tests/Services/provisioner",
        [
            "Billing", "CoA", "Concurrency", "Crypto", "Domain", "Events", "Lifecycle", "Messaging", "NATS",
            "Observability",
            "Persistence", "Postgres", "Provisioner", "RADIUS", "RouterOS", "RouterOSEmulator", "SharedTesting",
            "Sockets", "WireFormat",
        ]
    ),
    tests(
        "NotifierTests",
        "Tests/Services/notifier",
        [
            "Billing", "Concurrency", "Crypto", "Domain", "Events", "Lifecycle", "Messaging", "Notices", "Notifier",
            "Observability", "Persistence", "Profiles", "SharedTesting", "WebhookSigning", "WireFormat",
        ]
    ),
    tests(
        "APIGatewayTests",
        "Tests/Services/api-gateway",
        [
            "APIGateway", "Admission", "Billing", "Concurrency", "Crypto", "Documents", "Domain", "Events", "GraphQL",
            "HTTPClient", "HTTPServer",
            "Identity", "Ledger", "Lifecycle", "Messaging", "NATS", "Notices", "ObjectStorage", "ObjectStoreSimulator",
            "Observability",
            "Passwords", "Persistence", "Postgres", "RateLimits", "Redis", "SharedTesting", "WebhookSigning",
            "WireFormat",
        ]
    ),
    tests(
        "NexoraCommandTests",
        "Tests/Services/nexora",
        [
            "NexoraCommand", "Billing", "Domain", "Events", "Identity", "Ledger", "Persistence", "Profiles", "Postgres",
            "NATS", "Crypto",
            "Concurrency",
            "Observability", "RADIUS", "SharedTesting", "WireFormat",
        ]
    ),
    tests(
        "NASSimulatorTests",
        "Tests/Simulators/nas-simulator/Tests",
        ["NASSimulator", "Domain", "RADIUS", "Crypto", "WireFormat", "SharedTesting"]
    ),
    tests("ArchitectureTests", "Tests/Architecture", ["SharedTesting"]),
]

/// NEXORA_TEST_SUITES=RADIUSTests,DomainTests leaves the other suites out, for an edit-build-test loop of seconds.
let wanted = Context.environment["NEXORA_TEST_SUITES"].map { Set($0.split(separator: ",").map(String.init)) }

let everything = shared + services + simulators + benchmarks + suites
let targets = everything.filter { !$0.isTest || wanted?.contains($0.name) ?? true }

let package = Package(name: "nexora", targets: targets)
