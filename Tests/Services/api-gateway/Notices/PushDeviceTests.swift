import Crypto
import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@testable import APIGateway

/// One's own devices: tokens go in, are sealed, and come out nowhere.
@Suite(.proves("NTF-01")) struct PushDeviceTests {
    private static let path = "/api/v1/me/push-devices"

    private func body(_ token: String) -> String { "{\"token\":\"\(token)\",\"platform\":\"ios\"}" }

    @Test func `a device is registered as often as one says it, and goes with whoever holds it`() async throws {
        let world = try await GatewayWorld.shared()
        let (ann, bob) = (try await world.person(.tenantAdmin), try await world.person(.tenantAdmin))
        let token = "token-\(world.parts.ids.uuid())"
        let first = try await world.must(200, "POST", Self.path, as: ann, body(token))
        let id = try #require(first["data.id"]?.text)
        #expect(try await world.must(200, "POST", Self.path, as: ann, body(token))["data.id"]?.text == id)
        let listed = try await world.must(200, "GET", Self.path, as: ann)
        #expect(listed.rows.map { $0["id"]?.text } == [id] && !listed.text.contains(token))
        #expect(try await world.send("DELETE", "\(Self.path)/\(id)", as: bob).status == 404)
        let row = try #require(
            try await world.superuser.query(
                "SELECT digest, sealed_token FROM push_tokens WHERE tenant_id = $1 AND id::text = $2",
                [.id(ann.user.tenantID), .text(id)]
            ).first
        )
        let (digest, sealed) = (try #require(row[0].bytes), try #require(row[1].bytes))
        let secrets = world.parts.notices.secrets
        #expect(try secrets.open(pushToken: sealed, digest: digest, tenant: ann.user.tenantID) == token)
        #expect(throws: KeyringError.self) {
            try secrets.open(pushToken: sealed, digest: Digest.sha256([1]), tenant: ann.user.tenantID)
        }
        // It was handed on, and its new holder says so.
        #expect(try await world.must(200, "POST", Self.path, as: bob, body(token))["data.id"]?.text == id)
        #expect(try await world.must(200, "GET", Self.path, as: ann).rows.isEmpty)
        #expect(try await world.send("DELETE", "\(Self.path)/\(id)", as: bob).status == 204)
        #expect(try await world.send("DELETE", "\(Self.path)/\(id)", as: bob).status == 404)
        for wrong in [body(""), body(String(repeating: "x", count: 4_097)), "{\"token\":\"x\",\"platform\":\"fax\"}"] {
            #expect(try await world.send("POST", Self.path, as: ann, wrong).status == 400)
        }
    }

    @Test func `of more devices than one may have the one that was seen longest ago is forgotten`() async throws {
        let world = try await GatewayWorld.shared()
        let ann = try await world.person(.tenantAdmin)
        var ids: [String] = []
        for number in 0...PushTokens.most {
            let answer = try await world.must(200, "POST", Self.path, as: ann, body("many-\(number)-\(ann.user.id)"))
            ids.append(try #require(answer["data.id"]?.text))
        }
        let left = try await world.must(200, "GET", Self.path, as: ann).rows.compactMap { $0["id"]?.text }
        #expect(left.count == PushTokens.most && Set(left) == Set(ids.dropFirst()))
    }
}
