import Domain
import HTTPServer
import Observability
import SharedTesting
import Testing

@testable import APIGateway

/// What is left of a request: a line in the log, counts, an answer kept under its key.
@Suite struct TraceTests {
    @Test(.proves("API-07", "API-12")) func `each request leaves one line, without the path it was sent to`()
        async throws
    {
        let world = try await GatewayWorld()
        let admin = try await world.person(.tenantAdmin)
        let token = "a-secret-that-stands-in-a-path"
        for (method, path, route, status) in [
            ("GET", "/api/v1/auth/me", "/api/v1/auth/me", 200),
            ("GET", "/api/v1/customers/\(world.parts.ids.uuid())", "/api/v1/customers/{id:uuid}", 404),
            ("GET", "/api/v1/nowhere/\(token)?q=\(token)", "none", 404),
        ] {
            let name = "request-\(world.parts.ids.uuid())"
            let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            let headers = ["X-Request-Id": name, "traceparent": trace]
            let answer = try await world.send(method, path, as: admin, headers: headers)
            #expect(answer.status == status && answer.headers["x-request-id"] == name)
            let lines = world.logs.lines.filter { $0.contains(name) }
            #expect(lines.count == 1)
            let line = try JSONValue(Array((lines.first ?? "{}").utf8))
            guard case .object(let members) = line else { continue }
            #expect(members["http.method"]?.text == method && members["http.route"]?.text == route, "\(lines)")
            #expect(members["http.status"]?.integer == Int64(status) && members["http.duration_seconds"]?.double != nil)
            #expect(members["trace_id"]?.text == "0af7651916cd43dd8448eb211c80319c")
            #expect(members["tenant_id"]?.text == (route == "none" ? "" : world.one.description))
        }
        // One that would forge lines is not taken.
        let forged = try await world.send("GET", "/api/v1/openapi.json", headers: ["X-Request-Id": "a b\"c"])
        #expect(forged.headers["x-request-id"] != "a b\"c")
        #expect(!world.logs.lines.contains { $0.contains(token) || $0.contains(admin.token) })
        try await world.close()
    }

    @Test(.proves("RTL-09")) func `failed logins are counted, others are not`() async throws {
        let world = try await GatewayWorld()
        let user = try await world.user(.viewer, "counted")
        func count() -> String? {
            String(decoding: world.registry.render(), as: UTF8.self).split(separator: "\n").map(String.init)
                .first { $0.hasPrefix("gateway_failed_logins_total ") }
        }
        func login(_ password: String) async throws -> Int {
            let body = "{\"tenant\":\"one\",\"email\":\"\(user.email)\",\"password\":\"\(password)\"}"
            return try await world.send("POST", "/api/v1/auth/login", body).status
        }
        for _ in 1...3 { #expect(try await login("wrong") == 401) }
        #expect(try await login(GatewayWorld.password) == 200)
        #expect(try await world.send("POST", "/api/v1/auth/login", "{}").status == 400)
        #expect(count() == "gateway_failed_logins_total 3")
        try await world.close()
    }

    @Test(.proves("API-15")) func `an import and what is done to accounts are carried out once under a key`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        func key() -> [String: String] { ["Idempotency-Key": "key-\(world.parts.ids.uuid())"] }
        let file = "name,phone,address\nImported \(world.parts.ids.uuid()),1,Street 1\n"
        let headers = key().merging(["Content-Type": "text/csv"]) { given, _ in given }
        let first = try await world.must(200, "POST", "/api/v1/customers/import", as: admin, file, headers: headers)
        let again = try await world.must(200, "POST", "/api/v1/customers/import", as: admin, file, headers: headers)
        // The same customer, and nobody beside him.
        #expect(first.text.contains("\"created\":1") && again.text == first.text, "\(again.text)")
        let user = try await world.user(.viewer, "keyed-\(world.parts.ids.uuid())")
        for (action, status) in [("invite", 202), ("unlock", 204), ("remove-totp", 204), ("logout", 204)] {
            let (path, key) = ("/api/v1/users/\(user.id)/\(action)", key())
            let first = try await world.send("POST", path, as: admin, headers: key)
            let again = try await world.send("POST", path, as: admin, headers: key)
            #expect(again.status == first.status, "\(action): \(first.text)")
            // What was refused may be tried again; what was done is told again.
            #expect((first.status == status) == (again.headers["idempotent-replayed"] == "true"), "\(action)")
        }
    }
}
