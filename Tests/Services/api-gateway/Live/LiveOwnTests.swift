import Domain
import Events
import FoundationEssentials
import HTTPServer
import Identity
import Lifecycle
import Observability
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// What somebody is told about himself, and that nobody else is.
@Suite(.proves("WS-01", "WS-06")) struct LiveOwnTests {
    private static let home = LiveSample.tenant(2)
    /// Whom ``Principal/sample(_:_:customer:grants:)`` makes.
    private static let me: UInt64 = 500

    private func json(_ kind: String, _ tenant: TenantID, user: UInt64?, actor: UInt64? = nil) -> [UInt8] {
        json(kind, tenant, user: user.map { UserID(LiveSample.id($0)) }, actor: actor.map { UserID(LiveSample.id($0)) })
    }

    private func json(_ kind: String, _ tenant: TenantID, user: UserID?, actor: UserID?) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for (name, value) in [("type", "nexora." + kind), ("tenantid", tenant.description), ("time", LiveSample.time)] {
            writer.key(string: name)
            writer.value(value)
        }
        writer.key("data")
        writer.beginObject()
        writer.key("sourceAddress")
        writer.value("192.0.2.7")
        for (name, id) in [("userId", user), ("actorId", actor)] {
            guard let id else { continue }
            writer.key(string: name)
            writer.value(id.description)
        }
        writer.endObject()
        writer.endObject()
        return writer.finish()
    }

    private func event(_ kind: String, _ tenant: TenantID, user: UInt64?, actor: UInt64? = nil) throws -> LiveEvent {
        try LiveEvent(
            sequence: 1,
            subject: "\(kind).\(tenant)",
            json: json(kind, tenant, user: user, actor: actor)
        )
    }

    @Test func `one's own account is what an event says with its userId, in one's own tenant`() throws {
        let tree = LiveScope.tree(LiveBench.parents)
        for role in Role.allCases {
            let scope = try #require(LiveAudience.oneself.scope(of: .sample(role, Self.home)))
            #expect(scope.mask == .revealed)
            for kind in ["identity.login_succeeded", "identity.logged_out", "identity.api_key_revoked"] {
                #expect(scope.covers(try event(kind, Self.home, user: Self.me), in: tree), "\(role) \(kind)")
                // What he did to somebody else, and what nobody's name stands on.
                #expect(!scope.covers(try event(kind, Self.home, user: 501, actor: Self.me), in: tree), "\(role)")
                #expect(!scope.covers(try event(kind, Self.home, user: nil, actor: Self.me), in: tree), "\(role)")
                #expect(!scope.covers(try event(kind, LiveSample.tenant(3), user: Self.me), in: tree), "\(role)")
            }
            // A domain that was not decided about, though its event says userId.
            #expect(!scope.covers(try event("session.started", Self.home, user: Self.me), in: tree), "\(role)")
            #expect(!scope.covers(try event("unheard.of", Self.home, user: Self.me), in: tree), "\(role)")
        }
    }

    @Test func `every event of the domain identity says whose account it is about`() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Shared/Events/Golden")
        var count = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path()) {
            let json = Array(try Data(contentsOf: folder.appending(path: name)))
            guard String(decoding: json, as: UTF8.self).contains("\"type\":\"nexora.identity.") else { continue }
            let tenant = LiveSample.tenant(1)
            let event = try LiveEvent(sequence: 1, subject: "identity.golden.\(tenant)", json: json)
            // A login with a name that nobody has is nobody's.
            let expected = name == "LoginFailed.minimal.json" ? nil : UserID(LiveSample.id(0x1f))
            #expect(event.about.user == expected, "\(name)")
            count += 1
        }
        #expect(count > 20)
    }

    @Test func `of any stream everybody is told what is about himself alone, from any place, unmasked`() async throws {
        var random = SeededRandom()
        let stream = MemoryStream()
        let kinds = ["identity.login_succeeded", "identity.login_failed", "identity.user_changed", "session.started"]
        var mine: [UInt64: [UInt64]] = [:]
        for sequence: UInt64 in 1...400 {
            let user = [Self.me, 501, 502].randomElement(using: &random)
            let tenant = LiveSample.tenant(UInt64.random(in: 2...3, using: &random))
            let kind = kinds.randomElement(using: &random) ?? ""
            stream.add(kind, tenant, json(kind, tenant, user: user, actor: 501))
            if let user, tenant == Self.home, kind.hasPrefix("identity.") { mine[user, default: []].append(sequence) }
        }
        let own = mine
        let bench = LiveBench(stream, events: 200)
        let cases = (0..<100).map { _ in
            (
                [Role.viewer, .customer, .superAdmin, .technician].randomElement(using: &random) ?? .viewer,
                [Self.me, 501, 502].randomElement(using: &random) ?? Self.me,
                UInt64.random(in: 0...400, using: &random)
            )
        }
        try await bench.running {
            try await eventually { bench.feed.end?.sequence == 400 }
            for (role, user, place) in cases {
                let principal = Principal(
                    actor: Actor(
                        userID: UserID(LiveSample.id(user)),
                        tenantID: Self.home,
                        role: role,
                        customerID: nil,
                        permissions: role.permissions
                    ),
                    proof: .apiKey(APIKeyID(LiveSample.id(600)))
                )
                let expected = (own[user] ?? []).filter { $0 > place }
                try await bench.watching(principal, LiveFilter(), .after(place), for: .oneself) { output, _, _ in
                    try await eventually { !output.live.isEmpty }
                    #expect(output.sequences == expected, "\(role) \(user) behind \(place)")
                    #expect(output.texts.allSatisfy { $0.contains("192.0.2.7") })
                    #expect(output.notices.first == .ready(sequence: place, mask: .revealed))
                }
            }
        }
    }

    @Test func `who may watch nobody else is told about himself, and who may no longer sign in no more`() async throws {
        let stream = MemoryStream()
        let bench = LiveBench(stream)
        let viewer = Principal.sample(.customer, Self.home, customer: 10)
        try #require(!viewer.permissions.contains(.tailRead))
        try await bench.running {
            let refused = NotingOutput()
            await bench.tail(refused, LiveRequest(LiveFilter(), .now)).run(bench.feed.newID(), as: viewer)
            #expect(refused.notices == [.end(.forbidden)])
            let output = NotingOutput()
            let tail = bench.tail(output, LiveRequest(LiveFilter(), .now), for: .oneself, renewal: .zero) { .refused }
            await tail.run(bench.feed.newID(), as: viewer)
            #expect(output.notices.last == .end(.unauthenticated))
        }
    }

    @Test func `who reads his own past takes no turn from who watches`() throws {
        var settings = LiveSettings()
        settings.histories = 4
        let routes = LiveRoutes(
            MemoryStream(),
            dependencies: LiveDependencies(
                standing: { _ in .unknown },
                tenants: { LiveBench.parents },
                record: { _, _, _ in },
                allowsOrigin: { _, _ in true },
                now: { .epoch }
            ),
            settings: settings,
            registry: MetricsRegistry(),
            health: Health(version: "test").component("live"),
            logger: Logger(service: "test", level: .fatal, sink: MemoryLogSink())
        )
        let request = try Request(.get, "/ws/me")
        func histories(_ audience: LiveAudience) -> LiveHistories {
            routes.makeTail(audience, NotingOutput(), LiveRequest(nil, nil), request).histories
        }
        let (me, noc) = (Principal.sample(.customer, Self.home), Principal.sample(.nocEngineer, LiveSample.tenant(3)))
        let turn = try #require(histories(.oneself).turn(for: me))
        #expect(histories(.oneself).turn(for: noc) == nil)
        for _ in 0..<2 { #expect(histories(.watchers).turn(for: noc) != nil) }
        turn.end()
        #expect(histories(.oneself).turn(for: noc) != nil)
    }

    @Test(.proves("WS-08"))
    func `what somebody does to his account he hears, on each device, and his neighbour does not`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let customer = CustomerID(try await world.customer(as: try await world.person(.tenantAdmin)))
        let user = try await world.user(.customer, "own-\(world.parts.ids.uuid())", customer: customer)
        let (here, there) = (try await world.signIn(user), try await world.signIn(user))
        let neighbour = try await world.person(.customer, customer: customer)
        let known = Set(try await world.outbox(of: world.one).map(\.id))
        var sockets: [RawSocket] = []
        for person in [here, neighbour] {
            let socket = try RawSocket(port: world.client.port)
            try #require(try await socket.open(as: person, "/ws/me") == 101)
            try socket.say("{\"type\":\"subscribe\",\"filter\":{}}")
            while try await !socket.hear().contains("\"ready\"") {}
            sockets.append(socket)
        }
        // Another device comes, he takes another name, and a device goes.
        let before = try await sessions(world, here)
        _ = try await world.signIn(user)
        let added = try #require(try await sessions(world, here).subtracting(before).first)
        _ = try await world.must(200, "PATCH", "/api/v1/auth/me", as: here, "{\"name\":\"Another\"}")
        _ = try await world.must(204, "DELETE", "/api/v1/auth/sessions/\(added)", as: there)
        let rows = try await world.outbox(of: world.one).filter { row in
            !known.contains(row.id) && row.subject.hasPrefix("identity.")
                && String(decoding: row.data, as: UTF8.self).contains(user.id.description)
        }
        for kind in ["identity.login_succeeded", "identity.user_changed", "identity.logged_out"] {
            #expect(rows.contains { $0.subject == kind }, "\(kind): \(rows.map(\.subject))")
        }
        world.publish(rows)
        var heard: [String] = []
        while heard.count < rows.count {
            let text = try await sockets[0].hear()
            heard += rows.map(\.subject).filter { text.hasPrefix("{\"event\":\"\($0)\"") }.prefix(1)
        }
        #expect(heard == rows.map(\.subject))
        // The neighbour hears of himself next: nothing came before that.
        let his = json("identity.login_failed", world.one, user: neighbour.user.id, actor: nil)
        world.events.add("identity.login_failed", world.one, his)
        while true {
            let text = try await sockets[1].hear()
            #expect(!text.contains(user.id.description))
            if text.contains("identity.login_failed") { break }
        }
        for socket in sockets { try await socket.leave(.orderly) }
    }

    /// The ids of somebody's sessions.
    private func sessions(_ world: GatewayWorld, _ person: GatewayWorld.Person) async throws -> Set<String> {
        let list = try await world.must(200, "GET", "/api/v1/auth/sessions", as: person)
        return Set((0..<10).compactMap { list["data.\($0).id"]?.text })
    }

    @Test(.proves("WS-08")) func `both kinds of sockets are counted together, and each needs its handshake`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let noc = try await world.person(.nocEngineer)
        #expect(try await world.send("GET", "/ws/me", as: noc).status == 426)
        #expect(try await world.send("GET", "/ws/me").status == 401)
        var sockets: [RawSocket] = []
        for number in 0..<6 {
            let socket = try RawSocket(port: world.client.port)
            let status = try await socket.open(as: noc, number.isMultiple(of: 2) ? "/ws/me" : "/ws/realtime")
            #expect(status == (number < 5 ? 101 : 429), "\(number)")
            sockets.append(socket)
        }
        for socket in sockets { try await socket.leave(.orderly) }
    }
}
