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
            let sheet = try await world.must(200, "GET", "/api/v1/\(path)/export?format=xlsx", as: admin)
            let cells = try SpreadsheetCells(sheet.body).rows
            #expect(cells.first?.prefix(2) == ["id", "tenant_id"] && cells.count >= rows.count + 1, "\(path)")
            #expect(cells.contains { $0.contains(seen) } && !cells.contains { $0.contains(text) }, "\(path)")
            let pages = try await world.must(200, "GET", "/api/v1/\(path)/export?format=pdf", as: admin)
            #expect(pages.headers["content-type"] == "application/pdf")
            #expect(try PDFFacts(pages.body).pages >= 1)
        }
        let log = try await world.must(
            200,
            "GET",
            "/api/v1/audit-logs?action=export&actor_id=\(admin.user.id)&limit=100",
            as: admin
        )
        #expect(log.list("data").count >= 15)
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

    @Test(.proves("EXP-02")) func `a spreadsheet has the values of the list, and its texts run as no formula`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let names = ["=HYPERLINK(A1)", "+1+1", "-2", "@SUM(A1)", "Жанна", "\u{645}\u{631}\u{62d}\u{628}\u{627}"]
        var ids: Set<String> = []
        for name in names { ids.insert(try await world.customer(as: admin, name)) }
        let target = "/api/v1/customers/export?format=xlsx&fields=id,name,created_at,version"
        let answer = try await world.must(200, "GET", target, as: admin)
        #expect(answer.headers["content-disposition"] == "attachment; filename=\"customers.xlsx\"")
        let sheet = try SpreadsheetCells(answer.body)
        #expect(sheet.rows.first == ["id", "name", "version", "created_at"])
        let own = sheet.rows.filter { ids.contains($0.first ?? "") }
        #expect(Set(own.map { $0[1] }) == Set(names))
        // A time is a number of days, a whole number one too, and nothing is a formula.
        for row in own { #expect(Int(row[2]) != nil && Double(row[3]).map { $0 > 45_000 } == true) }
        #expect(!sheet.xml.contains("<f>") && !sheet.xml.contains("hyperlink"))
        let wrong = try await world.send("GET", "/api/v1/customers/export?format=pdf&fields=password", as: admin)
        #expect(wrong.status == 400)
    }

    @Test(.proves("EXP-02")) func `a document with too many rows is refused before it begins`() async throws {
        let world = try await GatewayWorld.shared()
        var parts = world.parts
        parts.policy.exports.pdfRows = 3
        parts.policy.exports.spreadsheetRows = 3
        let view = View<Int>([.init("n", .integer()) { .integer($0) }])
        func file(_ count: Int, _ format: ExportFormat) async throws -> Response {
            let export = ViewExport(view: view) { last, limit in
                let next = (last ?? 0) + 1
                return Array((next..<(next + limit)).filter { $0 <= count })
            }
            let standing = ExportStanding(nil, needs: []) { .unknown }
            return try await parts.file(export, "numbers", format, heading: export.names, standing)
        }
        for format in [ExportFormat.pdf, .xlsx] {
            #expect(try await file(3, format).status == .ok)
            let refusal = await #expect(throws: Problem.self) { _ = try await file(4, format) }
            #expect(refusal?.status == .badRequest && refusal?.details.first?.code == "too_many_rows", "\(format)")
        }
        #expect(try await file(4, .csv).status == .ok)
    }

    @Test(.proves("EXP-01")) func `a file goes on behind a full page and ends behind a short one`() async throws {
        let view = View<Int>([.init("n", .integer()) { .integer($0) }])
        for count in [0, 1, 199, 200, 201, 400, 401] {
            for format in ExportFormat.Text.allCases {
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
