import Domain
import HTTPServer
import Identity
import Persistence
import Postgres
import SharedTesting
import Testing

@testable import APIGateway

/// Codes by SMS and e-mail as clients see them.
@Suite(.proves("IAM-09")) struct SecondFactorRouteTests {
    /// The code that is on its way to somebody, as who sends it reads it.
    private func code(_ world: GatewayWorld, of user: User) async throws -> String {
        let row = try await world.superuser.query(
            "SELECT id, sealed_code FROM login_codes WHERE user_id = $1 AND sealed_code IS NOT NULL ORDER BY id DESC LIMIT 1",
            [.id(user.id)]
        ).first
        let id: LoginCodeID = try #require(row?["id"].id())
        let sealed = try #require(row?["sealed_code"].bytes)
        return try IdentitySecrets(world.keyring).open(code: sealed, of: id, tenant: user.tenantID)
    }

    private func login(_ world: GatewayWorld, _ user: User, _ more: String = "") async throws -> Answer {
        let body = """
            {"tenant":"\(user.tenantID)","email":"\(user.email)","password":"\(GatewayWorld.password)"\(more)}
            """
        return try await world.send("POST", "/api/v1/auth/login", body)
    }

    @Test func `a code is asked for, sent, and lets in`() async throws {
        let world = try await GatewayWorld.shared()
        let ann = try await world.person(.viewer)
        let enrolment = """
            {"password":"\(GatewayWorld.password)","channel":"sms","phone":"+49 170 9000001"}
            """
        let begun = try await world.send("POST", "/api/v1/auth/mfa/codes/enrol", as: ann, enrolment)
        #expect(begun.status == 202, "\(begun.text)")
        let shown = "{\"code\":\"\(try await code(world, of: ann.user))\"}"
        let recovery = try await world.must(200, "POST", "/api/v1/auth/mfa/codes/verify", as: ann, shown)
        let codes = recovery.list("data.recovery_codes").compactMap(\.text)
        #expect(codes.count == 10)
        let factors = try await world.must(200, "GET", "/api/v1/auth/mfa", as: ann)
        #expect(factors["data.phone"]?.text == "+49•••01" && factors.text.contains("\"totp\":false"))
        // The interval between two codes is not waited for here.
        try await world.superuser.query(
            "UPDATE login_codes SET created_at = created_at - interval '1 minute' WHERE user_id = $1",
            [.id(ann.user.id)]
        )
        let asked = try await login(world, ann.user)
        #expect(asked.status == 401 && asked["error.code"]?.text == "SECOND_FACTOR_REQUIRED")
        let kinds = asked.list("second_factor.factors").compactMap { ConventionTests.member($0, "kind") }
        #expect(kinds == ["sms"])
        let pending = try #require(asked["second_factor.pending"]?.text)
        let wish = "{\"pending\":\"\(pending)\",\"channel\":\"sms\"}"
        #expect(try await world.send("POST", "/api/v1/auth/login/code", wish).status == 202)
        let again = try await world.send("POST", "/api/v1/auth/login/code", wish)
        #expect(again.status == 409 && again["error.code"]?.text == "TOO_MANY", "\(again.text)")
        let right = try await code(world, of: ann.user)
        let wrong = right == "000000" ? "000001" : "000000"
        let proof = ",\"pending\":\"\(pending)\",\"code\":"
        let refused = try await login(world, ann.user, proof + "\"\(wrong)\"")
        #expect(refused.status == 401 && refused["error.code"]?.text == "WRONG_CODE")
        #expect(try await login(world, ann.user, proof + "\"\(right)\"").status == 200)
        #expect(try await login(world, ann.user, proof + "\"\(right)\"").status == 401)
        // Neither the pending login nor a code stands in the trail.
        let trail = try await world.superuser.query(
            "SELECT count(*) FROM audit_logs WHERE audit_logs::text LIKE '%' || $1 || '%'",
            [.text(String(pending.suffix(40)))]
        ).first
        #expect(trail?[0].int == 0)
        let end = "{\"password\":\"\(GatewayWorld.password)\",\"channel\":\"sms\",\"code\":\"\(codes[0])\"}"
        #expect(try await world.send("POST", "/api/v1/auth/mfa/codes/disable", as: ann, end).status == 204)
        #expect(try await login(world, ann.user).status == 200)
    }

    @Test func `what cannot be is refused with its reason, and a login that was never begun with nothing`() async throws
    {
        let world = try await GatewayWorld.shared()
        let ann = try await world.person(.viewer)
        let secret = "\"password\":\"\(GatewayWorld.password)\""
        for body in [
            "{\(secret),\"channel\":\"pigeon\"}", "{\(secret),\"channel\":\"sms\"}", "{\"channel\":\"email\"}",
            "{\(secret),\"channel\":\"sms\",\"phone\":\"0170\"}",
        ] {
            let answer = try await world.send("POST", "/api/v1/auth/mfa/codes/enrol", as: ann, body)
            #expect(answer.status == 400, "\(body): \(answer.status) \(answer.text)")
        }
        let wrong = "{\"password\":\"wrong\",\"channel\":\"email\"}"
        #expect(try await world.send("POST", "/api/v1/auth/mfa/codes/enrol", as: ann, wrong).status == 401)
        let forged = "{\"pending\":\"a.b.c.d.e\",\"channel\":\"sms\"}"
        #expect(try await world.send("POST", "/api/v1/auth/login/code", forged).status == 401)
        let none = "{\(secret),\"channel\":\"sms\",\"code\":\"x\"}"
        #expect(try await world.send("POST", "/api/v1/auth/mfa/codes/disable", as: ann, none).status == 404)
        #expect(try await world.send("GET", "/api/v1/auth/mfa").status == 401)
    }
}
