import Domain
import Persistence
import SharedTesting
import Testing

@testable import APIGateway

@Suite struct TenantTests {
    private func ids(_ answer: Answer) -> [String] {
        answer.list("data").compactMap { row in
            guard case .object(let members) = row else { return nil }
            return members["id"]?.text
        }
    }

    @Test(.proves("TEN-01", "API-05")) func `pages of tenants follow one another, within what one may see`()
        async throws
    {
        let world = try await GatewayWorld()
        let (top, admin, seller) = (
            try await world.person(.superAdmin), try await world.person(.tenantAdmin), try await world.person(.reseller)
        )
        for number in 1...7 {
            let body = "{\"name\":\"T\",\"subdomain\":\"t\(number)\",\"kind\":\"provider\"}"
            _ = try await world.must(201, "POST", "/api/v1/tenants", as: top, body)
        }
        var (seen, next): ([String], String?) = ([], nil)
        repeat {
            let cursor = next.map { "&cursor=\($0)" } ?? ""
            let page = try await world.must(200, "GET", "/api/v1/tenants?limit=3\(cursor)", as: top)
            #expect(ids(page).count <= 3)
            seen += ids(page)
            next = page["meta.next"]?.text
        } while next != nil
        #expect(seen.count == 11 && Set(seen).count == 11 && seen == seen.sorted())
        let below = ids(try await world.must(200, "GET", "/api/v1/tenants", as: admin))
        #expect(Set(below) == [world.one.description, world.reseller.description])
        #expect(try await world.send("GET", "/api/v1/tenants", as: seller).status == 403)
        try await world.close()
    }

    @Test(.proves("TEN-01", "TEN-02")) func `no tenant takes a name of the installation's own`() async throws {
        let world = try await GatewayWorld.shared()
        let top = try await world.person(.superAdmin)
        for name in TenantHost.reserved.sorted() {
            let body = "{\"name\":\"T\",\"subdomain\":\"\(name)\",\"kind\":\"provider\"}"
            let answer = try await world.send("POST", "/api/v1/tenants", as: top, body)
            #expect(answer.status == 400 && answer["error.details.0.field"]?.text == "/subdomain", "\(answer.text)")
        }
        let path = "/api/v1/tenants/\(world.two)"
        let tag = try #require(try await world.must(200, "GET", path, as: top).headers["etag"])
        let headers = ["If-Match": tag]
        #expect(
            try await world.send("PATCH", path, as: top, "{\"subdomain\":\"admin\"}", headers: headers).status == 400
        )
    }
}
