import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@testable import APIGateway

/// What providers tell is kept as it came, and nobody learns whether it is believed.
@Suite(.proves("NTF-02")) struct NoticeCallbackTests {
    private func account(_ world: GatewayWorld) async throws -> UUID128 {
        let row = try await world.superuser.query(
            """
            INSERT INTO notice_providers (tenant_id, channel, kind, name) VALUES ($1, 'sms', 'twilio', uuid_v7()::text) RETURNING id
            """,
            [.id(world.one)]
        ).first
        let id = try #require(row?["id"].uuid)
        return UUID128(high: id.high, low: id.low)
    }

    private func kept(_ world: GatewayWorld, _ account: UUID128) async throws -> [PGRow] {
        try await world.superuser.query(
            """
            SELECT host, target, headers ->> 'x-twilio-signature' AS signature, body, (SELECT count(*) FROM jsonb_object_keys(headers)) AS fields
            FROM notice_callbacks WHERE provider_id = $1 ORDER BY id
            """,
            [.uuid(high: account.high, low: account.low)]
        ).map { $0 }
    }

    @Test func `a request is kept octet by octet, with what may prove it and nothing else`() async throws {
        let world = try await GatewayWorld.shared()
        let account = try await account(world)
        let target = "/api/v1/notices/callbacks/\(account)?b=%20x&a=1&a=2"
        let answer = try await world.send(
            "POST",
            target,
            "MessageSid=SM1&Body=a%2Bb",
            headers: [
                "Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": "abc=", "Cookie": "secret=1",
            ]
        )
        #expect(answer.status == 200 && answer.text.isEmpty && answer.headers["content-type"] == "text/plain")
        let row = try #require(try await kept(world, account).first)
        #expect(row["host"].text?.isEmpty == false && row["target"].text == target && row["signature"].text == "abc=")
        #expect(row["body"].bytes == Array("MessageSid=SM1&Body=a%2Bb".utf8) && row["fields"].int == 2)
        // Vonage and Kannel tell by GET.
        #expect(try await world.send("GET", "/api/v1/notices/callbacks/\(account)?token=x&status=1").status == 200)
        #expect(try await kept(world, account).count == 2)
    }

    @Test func `an account that nobody has gets the same answer, and nothing is kept`() async throws {
        let world = try await GatewayWorld.shared()
        let nobody = world.parts.ids.uuid()
        let answer = try await world.send("POST", "/api/v1/notices/callbacks/\(nobody)", "x=1")
        #expect(answer.status == 200 && answer.text.isEmpty)
        #expect(try await kept(world, nobody).isEmpty)
    }

    @Test func `what waits of one account has an end, and another's is taken`() async throws {
        let world = try await GatewayWorld.shared()
        let (full, other) = (try await account(world), try await account(world))
        try await world.superuser.query(
            """
            INSERT INTO notice_callbacks (tenant_id, provider_id, host, target, body)
            SELECT $1, $2, 'h', '/x', '' FROM generate_series(1, $3)
            """,
            [.id(world.one), .uuid(high: full.high, low: full.low), .int4(Int32(NoticeCallbackInbox.most))]
        )
        let refused = try await world.send("POST", "/api/v1/notices/callbacks/\(full)", "x=1")
        #expect(refused.status == 503 && refused.headers["retry-after"] != nil)
        #expect(try await world.send("POST", "/api/v1/notices/callbacks/\(other)", "x=1").status == 200)
        try await world.superuser.query(
            "DELETE FROM notice_callbacks WHERE provider_id = $1",
            [.uuid(high: full.high, low: full.low)]
        )
    }
}
