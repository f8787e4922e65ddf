import Domain
import HTTPClient
import HTTPServer
import ObjectStorage
import ObjectStoreSimulator
import Observability
import Persistence
import Postgres
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// A gateway with an object store, whose exports are carried out when a test says so.
struct ExportWorld: Sendable {
    let world: GatewayWorld
    let store: ObjectStore
    let parts: Parts
    let gateway: Gateway
    let carrier: ExportCarrier
    let storage: ObjectStorage
    let client: HTTPClient::HTTPClient

    /// Runs one for the length of `body`. `partOctets`: small ones make a small file go in parts, which the store then refuses to put
    /// together.
    static func run(
        partOctets: Int = 8 << 20,
        _ configure: @escaping @Sendable (inout ExportPolicy) -> Void = { _ in },
        _ body: @escaping @Sendable (ExportWorld) async throws -> Void
    ) async throws {
        let store = ObjectStore(bucket: "exports", accessKey: "AKID", secretKey: "secret")
        var served = HTTPServerConfiguration()
        served.limits.body = 64 << 20
        let server = try HTTPServer(
            served,
            metrics: HTTPServerMetrics(MetricsRegistry()),
            logger: Logger(service: "store", level: .fatal, sink: MemoryLogSink()),
            respond: { await store.respond(to: $0) }
        )
        try await withThrowingTaskGroup { group in
            group.addTask { try await server.run() }
            group.addTask {
                try await eventually { server.port != nil }
                defer { server.drain(within: .seconds(10)) }
                var configuration = try ObjectStorageConfiguration(
                    url: "http://127.0.0.1:\(server.port ?? 0)",
                    bucket: "exports",
                    region: "us-east-1",
                    accessKey: "AKID",
                    secretKey: "secret"
                )
                configuration.partOctets = partOctets
                configuration.attempts = 2
                configuration.encrypts = true
                var policy = ExportPolicy()
                policy.rowsBetweenChecks = 1
                configure(&policy)
                let world = try await GatewayWorld()
                let made = try ExportWorld(world, store, configuration, policy)
                try await body(made)
                await made.client.shutdown()
                try await world.close()
            }
            while try await group.next() != nil {}
        }
    }

    private init(
        _ world: GatewayWorld,
        _ store: ObjectStore,
        _ configuration: ObjectStorageConfiguration,
        _ policy: ExportPolicy
    ) throws {
        self.world = world
        self.store = store
        client = try HTTPClient::HTTPClient()
        storage = ObjectStorage(configuration, client: client, metrics: ObjectStorageMetrics(MetricsRegistry()))
        var parts = world.parts
        parts.storage = storage
        parts.policy.exports = policy
        self.parts = parts
        carrier = ExportCarrier(parts, storage, ExportMetrics(MetricsRegistry()))
        let naming = TenantNaming(
            domain: "",
            accounts: parts.accounts,
            database: parts.database,
            time: parts.time
        )
        gateway = try Gateway(
            ExportRoutes(parts).routes,
            parts: parts,
            naming: naming,
            metrics: GatewayMetrics(MetricsRegistry())
        )
    }

    /// Sends a request to the gateway that has the store.
    func send(
        _ method: HTTPMethod,
        _ target: String,
        as person: GatewayWorld.Person,
        _ json: String? = nil
    ) async throws -> Answer {
        try await send(method, target, ("authorization", "Bearer \(person.token)"), json)
    }

    func send(
        _ method: HTTPMethod,
        _ target: String,
        _ proof: (HeaderName, String),
        _ json: String? = nil
    ) async throws -> Answer {
        let request = try Request(
            method,
            target,
            headers: RequestHeaders([proof] + (json == nil ? [] : [("content-type", "application/json")])),
            body: Array((json ?? "").utf8)
        )
        let response = await gateway.respond(to: request)
        var octets: [UInt8] = []
        if case .octets(let body) = response.body { octets = body }
        var headers: [String: String] = [:]
        for name: HeaderName in ["location", "content-type"] { headers[name.text] = response.headers[name]?.text }
        return Answer(status: response.status.code, headers: headers, body: octets)
    }

    /// Asks for an export and gives its id.
    func order(_ body: String, as person: GatewayWorld.Person) async throws -> String {
        let answer = try await send(.post, "/api/v1/exports", as: person, body)
        try #require(answer.status == 202, "\(answer.status) \(answer.text)")
        let id = try #require(answer["data.id"]?.text)
        #expect(answer.headers["location"] == "/api/v1/exports/\(id)")
        #expect(answer["data.state"]?.text == "pending")
        return id
    }

    /// What is told of one.
    func told(_ id: String, as person: GatewayWorld.Person) async throws -> Answer {
        let answer = try await send(.get, "/api/v1/exports/\(id)", as: person)
        try #require(answer.status == 200, "\(answer.status) \(answer.text)")
        return answer
    }

    /// The events that tell of exports, as `TYPE REASON`.
    func events() async throws -> [String] {
        try await world.superuser.query(
            """
            SELECT subject || coalesce(' ' || (data::jsonb ->> 'reason'), '') FROM outbox WHERE subject LIKE 'export.%'
            ORDER BY id
            """
        ).compactMap { $0[0].text }
    }

    /// Entries of the audit trail about exports, as `ACTION OUTCOME`.
    func trail() async throws -> [String] {
        try await world.superuser.query(
            "SELECT action || ' ' || outcome FROM audit_logs WHERE resource_type = 'export' ORDER BY number"
        ).compactMap { $0[0].text }
    }

    func sql(_ text: String) async throws { try await world.superuser.script(text) }
}
