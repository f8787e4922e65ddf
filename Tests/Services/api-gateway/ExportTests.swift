import Domain
import HTTPServer
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

@Suite struct ExportTests {
    @Test(.proves("EXP-01", "EXP-02")) func `accounts, keys and the audit trail go out as files, in every format`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let text = try await world.key(as: admin, "exported").text
        for (path, seen) in [
            ("users", admin.user.email), ("api-keys", "exported"), ("audit-logs", admin.user.id.description),
        ] {
            let csv = try await world.must(200, "GET", "/api/v1/\(path)/export", as: admin)
            #expect(csv.headers["content-type"] == "text/csv; charset=utf-8")
            #expect(csv.text.hasPrefix("id,tenant_id,") && csv.text.contains(seen), "\(path)")
            let json = try await world.must(200, "GET", "/api/v1/\(path)/export?format=json", as: admin)
            guard case .list(let rows) = try JSONValue(Array(json.text.utf8)) else {
                Issue.record("no list")
                return
            }
            #expect(!rows.isEmpty)
            let lines = try await world.must(200, "GET", "/api/v1/\(path)/export?format=ndjson", as: admin)
            #expect(lines.text.split(separator: "\n").count >= rows.count, "\(path)")
            for file in [csv.text, json.text, lines.text] { #expect(!file.contains(text)) }
            if path == "api-keys" { #expect(!csv.text.contains("hash")) }
            #expect(try await world.send("GET", "/api/v1/\(path)/export?format=xml", as: admin).status == 400)
        }
        let log = try await world.must(
            200,
            "GET",
            "/api/v1/audit-logs?action=export&actor_id=\(admin.user.id)",
            as: admin
        )
        #expect(log.list("data").count >= 9)
    }

    @Test(.proves("EXP-01", "TEN-05")) func `a file has what its filter says, and nothing of strangers`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let stranger = try await world.person(.tenantAdmin, in: world.two)
        let users = try await world.must(200, "GET", "/api/v1/users/export?role=tenant_admin", as: admin).text
        #expect(users.contains(admin.user.email) && !users.contains(stranger.user.email))
        let customer = try await world.customer(as: admin)
        let path = "/api/v1/customers/\(customer)/notes"
        _ = try await world.must(201, "POST", path, as: admin, "{\"text\":\"first, and \\\"only\\\"\"}")
        let notes = try await world.must(200, "GET", path + "/export", as: admin).text
        #expect(notes.contains("\"first, and \"\"only\"\"\""))
        #expect(try await world.send("GET", path + "/export", as: stranger).status == 404)
        let own = try await world.person(.customer, customer: CustomerID(customer))
        #expect(try await world.send("GET", path + "/export", as: own).status == 404)
        let history = "/api/v1/customers/\(customer)/service-history/export"
        #expect(try await world.must(200, "GET", history, as: own).text.hasPrefix("id,tenant_id,"))
        let none = try await world.must(
            200,
            "GET",
            "/api/v1/audit-logs/export?format=json&request_id=nobodys",
            as: admin
        )
        #expect(none.text == "[]\n")
    }

    @Test(.proves("EXP-01")) func `a file goes on behind a full page and ends behind a short one`() async throws {
        let view = View<Int>([.init("n", .integer()) { .integer($0) }])
        for count in [0, 1, 199, 200, 201, 400, 401] {
            for format in ExportFormat.allCases {
                let export = ViewExport(view: view, format: format) { last, limit in
                    let next = (last ?? 0) + 1
                    return Array((next..<(next + limit)).filter { $0 <= count })
                }
                var octets: [UInt8] = []
                for try await chunk in export { octets += chunk }
                let text = String(decoding: octets, as: UTF8.self)
                switch format {
                case .csv: #expect(text.split(separator: "\r\n").count == count + 1)
                case .ndjson: #expect(text.split(separator: "\n").count == count)
                case .json:
                    guard case .list(let rows) = try JSONValue(octets) else {
                        Issue.record("no list")
                        return
                    }
                    #expect(rows.count == count && Set(rows).count == count)
                }
            }
        }
    }
}
