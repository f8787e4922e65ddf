import Domain
import HTTPClient
import HTTPServer
import Identity
import ObjectStorage
import ObjectStoreSimulator
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

@Suite(.serialized) struct ExportJobTests {
    /// Customers of a tenant; enough that a file of them has more than a kibibyte.
    private func customers(_ count: Int, of person: GatewayWorld.Person, in exports: ExportWorld) async throws {
        for number in 0..<count {
            _ = try await exports.world.customer(as: person, "Customer \(number) of \(person.user.tenantID)")
        }
    }

    @Test(.proves("EXP-03", "PLT-27"), arguments: ["csv", "ndjson"])
    func `the file is the list's own export, its end is told once, and a link opens it`(format: String) async throws {
        try await ExportWorld.run { exports in
            let admin = try await exports.world.person(.tenantAdmin)
            try await customers(12, of: admin, in: exports)
            let order = """
                {"entity":"customers","format":"\(format)","filters":["name:contains:Customer 1"],"sort":"-name",\
                "fields":["id","name","phone"]}
                """
            let id = try await exports.order(order, as: admin)
            #expect(try await exports.send(.get, "/api/v1/exports/\(id)/file", as: admin).status == 409)
            #expect(try await exports.carrier.carryOne())
            #expect(try await !exports.carrier.carryOne())
            let told = try await exports.told(id, as: admin)
            #expect(told["data.state"]?.text == "completed")
            let query = "format=\(format)&filter=name:contains:Customer%201&sort=-name&fields=id,name,phone"
            let same = try await exports.world.must(200, "GET", "/api/v1/customers/export?\(query)", as: admin)
            let lines = same.body.count { $0 == UInt8(ascii: "\n") }
            #expect(told["data.rows"]?.integer == Int64(lines - (format == "csv" ? 1 : 0)))
            #expect(same.text.contains("Customer 11") && !same.text.contains("Customer 2"))
            #expect(told["data.octets"]?.integer == Int64(same.body.count))
            let link = try await exports.send(.get, "/api/v1/exports/\(id)/file", as: admin)
            try #require(link.status == 200, "\(link.text)")
            let url = try #require(link["data.url"]?.text)
            let file = try await exports.client.send(ClientRequest(.get, url))
            #expect(file.status == 200)
            #expect(file.body == same.body)
            #expect(file.header("content-disposition") == "attachment; filename=\"customers.\(format)\"")
            #expect(try await exports.events() == ["export.completed"])
            #expect(try await exports.trail() == ["export success", "export success"])
        }
    }

    @Test(.proves("EXP-02", "EXP-03")) func `documents are made in the background too, and not with too many rows`()
        async throws
    {
        try await ExportWorld.run({ $0.pdfRows = 5 }) { exports in
            let admin = try await exports.world.person(.tenantAdmin)
            try await customers(6, of: admin, in: exports)
            func made(_ format: String, _ filter: String) async throws -> Answer {
                let order = "{\"entity\":\"customers\",\"format\":\"\(format)\",\"filters\":[\"\(filter)\"]}"
                let id = try await exports.order(order, as: admin)
                #expect(try await exports.carrier.carryOne())
                return try await exports.told(id, as: admin)
            }
            let sheet = try await made("xlsx", "name:contains:Customer")
            #expect(sheet["data.state"]?.text == "completed" && sheet["data.rows"]?.integer == 6, "\(sheet.text)")
            let octets = try #require(exports.store.keys.first.flatMap { exports.store.object($0) })
            #expect(sheet["data.octets"]?.integer == Int64(octets.count))
            #expect(try SpreadsheetCells(octets).rows.count { $0.contains { $0.hasPrefix("Customer ") } } == 6)
            let pages = try await made("pdf", "name:contains:Customer 1")
            #expect(pages["data.state"]?.text == "completed" && pages["data.rows"]?.integer == 1, "\(pages.text)")
            let file = exports.store.keys.first { $0.hasSuffix(".pdf") }.flatMap { exports.store.object($0) }
            #expect(try PDFFacts(try #require(file)).pages == 1)
            let many = try await made("pdf", "name:contains:Customer")
            #expect(many["data.state"]?.text == "failed" && many["data.error"]?.text == "too_many_rows", "\(many.text)")
            #expect(try await exports.events().last == "export.failed too_many_rows")
        }
    }

    @Test(.proves("EXP-01", "EXP-03", "IAM-14"))
    func `an export is its maker's alone, and asks for the right to read its list`() async throws {
        try await ExportWorld.run { exports in
            let world = exports.world
            let admin = try await world.person(.tenantAdmin)
            let colleague = try await world.person(.tenantAdmin)
            let stranger = try await world.person(.tenantAdmin, in: world.two)
            let id = try await exports.order("{\"entity\":\"customers\"}", as: admin)
            #expect(try await exports.carrier.carryOne())
            for other in [colleague, stranger] {
                for (method, path) in [
                    (HTTPMethod.get, ""), (.get, "/file"), (.post, "/cancel"),
                ] {
                    let answer = try await exports.send(method, "/api/v1/exports/\(id)\(path)", as: other)
                    #expect(answer.status == 404, "\(path): \(answer.text)")
                }
                #expect(try await exports.send(.get, "/api/v1/exports", as: other).list("data").isEmpty)
            }
            #expect(try await exports.send(.get, "/api/v1/exports", as: admin).list("data").count == 1)
            // A key of his that may export and not read customers gets neither an export nor the file.
            let body = "{\"name\":\"exporter\",\"scopes\":[\"exports.create\",\"exports.read\"]}"
            let key = try await world.must(201, "POST", "/api/v1/api-keys", as: admin, body)
            let proof: (HeaderName, String) = ("x-api-key", try #require(key["data.text"]?.text))
            #expect(try await exports.send(.get, "/api/v1/exports/\(id)", proof).status == 200)
            #expect(try await exports.send(.get, "/api/v1/exports/\(id)/file", proof).status == 403)
            let refused = try await exports.send(.post, "/api/v1/exports", proof, "{\"entity\":\"customers\"}")
            #expect(refused.status == 403)
        }
    }

    @Test(.proves("EXP-03")) func `what the list would refuse is refused at once`() async throws {
        let bodies = [
            "{}", "{\"entity\":\"secrets\"}", "{\"entity\":\"customers\",\"format\":\"json\"}",
            "{\"entity\":\"customers\",\"filters\":[\"nothing:eq:1\"]}",
            "{\"entity\":\"customers\",\"fields\":[\"password\"]}", "{\"entity\":\"customers\",\"sort\":\"nothing\"}",
            "{\"entity\":\"customers\",\"more\":1}",
        ]
        try await ExportWorld.run { exports in
            let admin = try await exports.world.person(.tenantAdmin)
            for body in bodies {
                let answer = try await exports.send(.post, "/api/v1/exports", as: admin, body)
                #expect(answer.status == 400, "\(body): \(answer.text)")
            }
            #expect(try await exports.send(.get, "/api/v1/exports", as: admin).list("data").isEmpty)
        }
    }

    @Test(.proves("EXP-01", "EXP-03")) func `who loses the right midway gets no file`() async throws {
        try await ExportWorld.run(partOctets: 1_024) { exports in
            let admin = try await exports.world.person(.tenantAdmin)
            try await customers(12, of: admin, in: exports)
            let id = try await exports.order("{\"entity\":\"customers\"}", as: admin)
            let user = admin.user.id
            exports.store.before { request in
                guard request.query["uploads"] != nil else { return }
                try? await exports.sql("UPDATE users SET denied = '{customers.read}' WHERE id = '\(user)'")
            }
            #expect(try await exports.carrier.carryOne())
            let told = try await exports.told(id, as: admin)
            #expect(told["data.state"]?.text == "failed")
            #expect(told["data.error"]?.text == "forbidden")
            // The upload had begun, and nothing of it is left.
            #expect(exports.store.asked.contains { $0.hasSuffix("?uploads") })
            #expect(exports.store.openUploads == 0)
            #expect(exports.store.keys.isEmpty)
            #expect(try await exports.events() == ["export.failed forbidden"])
            #expect(try await exports.trail() == ["export refused"])
        }
    }

    @Test(.proves("EXP-03")) func `who may no more before it begins, or is somebody else by then, gets no file`()
        async throws
    {
        try await ExportWorld.run { exports in
            let world = exports.world
            let changes = [
                "UPDATE users SET is_active = false", "UPDATE users SET must_change_password = true",
                "UPDATE users SET role = 'viewer', denied = '{exports.create}'", "UPDATE users SET role = 'reseller'",
            ]
            for change in changes {
                let admin = try await world.person(.tenantAdmin)
                _ = try await exports.order("{\"entity\":\"customers\"}", as: admin)
                try await exports.sql("\(change) WHERE id = '\(admin.user.id)'")
                #expect(try await exports.carrier.carryOne())
            }
            #expect(try await exports.events() == changes.map { _ in "export.failed forbidden" })
            #expect(exports.store.keys.isEmpty)
        }
    }

    @Test(.proves("EXP-03")) func `what is cancelled, before or midway, leaves no file and tells nobody`() async throws
    {
        try await ExportWorld.run(partOctets: 1_024) { exports in
            let admin = try await exports.world.person(.tenantAdmin)
            try await customers(12, of: admin, in: exports)
            let waiting = try await exports.order("{\"entity\":\"customers\"}", as: admin)
            let cancelled = try await exports.send(.post, "/api/v1/exports/\(waiting)/cancel", as: admin)
            #expect(cancelled.status == 200 && cancelled["data.state"]?.text == "cancelled")
            #expect(try await exports.send(.post, "/api/v1/exports/\(waiting)/cancel", as: admin).status == 409)
            #expect(try await !exports.carrier.carryOne())
            let running = try await exports.order("{\"entity\":\"customers\"}", as: admin)
            exports.store.before { request in
                guard request.query["uploads"] != nil else { return }
                _ = try? await exports.send(.post, "/api/v1/exports/\(running)/cancel", as: admin)
            }
            #expect(try await exports.carrier.carryOne())
            #expect(try await exports.told(running, as: admin)["data.state"]?.text == "cancelled")
            #expect(exports.store.openUploads == 0)
            #expect(exports.store.keys.isEmpty)
            #expect(try await exports.events().isEmpty)
        }
    }

    @Test(.proves("EXP-03")) func `a gateway that died is replaced, and where it comes back it changes nothing`()
        async throws
    {
        try await ExportWorld.run({ $0.lease = .zero }) { exports in
            let admin = try await exports.world.person(.tenantAdmin)
            try await customers(3, of: admin, in: exports)
            let id = try await exports.order("{\"entity\":\"customers\"}", as: admin)
            let dead = try #require(try await exports.carrier.claim())
            #expect(dead.attempt == 1 && dead.state == .running)
            #expect(try await exports.carrier.carryOne())
            let told = try await exports.told(id, as: admin)
            #expect(told["data.state"]?.text == "completed")
            let file = dead.key(ofAttempt: 2)
            #expect(exports.store.keys == [file])
            let octets = exports.store.object(file)
            // It was only slow.
            #expect(try await ExportAttempt(dead, exports.parts, exports.storage).run() == .lost)
            #expect(exports.store.keys == [file])
            #expect(exports.store.object(file) == octets)
            #expect(try await exports.events() == ["export.completed"])
        }
    }

    @Test(.proves("EXP-03")) func `a lease that holds is nobody else's`() async throws {
        try await ExportWorld.run { exports in
            let admin = try await exports.world.person(.tenantAdmin)
            _ = try await exports.order("{\"entity\":\"customers\"}", as: admin)
            async let first = exports.carrier.claim()
            async let second = exports.carrier.claim()
            let claims = try await [first, second].compactMap { $0 }
            #expect(claims.count == 1)
            #expect(try await exports.carrier.claim() == nil)
        }
    }

    @Test(.proves("EXP-03", "TEN-05")) func `two tenants share the gateways and nothing else`() async throws {
        try await ExportWorld.run({ $0.jobsPerTenant = 1 }) { exports in
            let world = exports.world
            let first = try await world.person(.tenantAdmin)
            let second = try await world.person(.tenantAdmin, in: world.two)
            try await customers(2, of: first, in: exports)
            try await customers(2, of: second, in: exports)
            for _ in 0..<2 { _ = try await exports.order("{\"entity\":\"customers\"}", as: first) }
            _ = try await exports.order("{\"entity\":\"customers\"}", as: second)
            // While one of the first tenant's is under way it is the other's turn, whoever came first.
            let claims = [try await exports.carrier.claim(), try await exports.carrier.claim()].compactMap { $0 }
            #expect(claims.map(\.tenantID) == [world.one, world.two])
            #expect(try await exports.carrier.claim() == nil)
            for claim in claims {
                #expect(try await ExportAttempt(claim, exports.parts, exports.storage).run() == .completed)
            }
            let files = try claims.map { claim in
                String(decoding: try #require(exports.store.object(claim.key(ofAttempt: 1))), as: UTF8.self)
            }
            #expect(files[0].contains("of \(world.one)") && !files[0].contains("of \(world.two)"))
            #expect(files[1].contains("of \(world.two)") && !files[1].contains("of \(world.one)"))
        }
    }

    @Test(.proves("EXP-03")) func `a file whose time is over is removed, and its row says so`() async throws {
        try await ExportWorld.run({ $0.keep = .zero }) { exports in
            let admin = try await exports.world.person(.tenantAdmin)
            let id = try await exports.order("{\"entity\":\"customers\"}", as: admin)
            #expect(try await exports.carrier.carryOne())
            #expect(exports.store.keys.count == 1)
            #expect(try await exports.send(.get, "/api/v1/exports/\(id)/file", as: admin).status == 409)
            exports.store.fail(.status(503), times: 2)
            await #expect(throws: ObjectStorageError.self) {
                try await ExportCarrier.clear(exports.parts, exports.storage)
            }
            #expect(try await exports.told(id, as: admin)["data.state"]?.text == "completed")
            try await ExportCarrier.clear(exports.parts, exports.storage)
            #expect(exports.store.keys.isEmpty)
            #expect(try await exports.told(id, as: admin)["data.state"]?.text == "expired")
        }
    }

    @Test(.proves("EXP-03")) func `a store that is away is waited for, and at the last attempt told of`() async throws {
        try await ExportWorld.run({ policy in
            policy.attempts = 2
            policy.rest = .zero
        }) { exports in
            let admin = try await exports.world.person(.tenantAdmin)
            let id = try await exports.order("{\"entity\":\"customers\"}", as: admin)
            exports.store.fail(.status(503), times: 1_000)
            #expect(try await exports.carrier.carryOne())
            #expect(try await exports.told(id, as: admin)["data.state"]?.text == "pending")
            #expect(try await exports.events().isEmpty)
            #expect(try await exports.carrier.carryOne())
            let told = try await exports.told(id, as: admin)
            #expect(told["data.state"]?.text == "failed")
            #expect(told["data.error"]?.text == "storage")
            #expect(try await exports.events() == ["export.failed storage"])
        }
    }

    @Test(.proves("EXP-03")) func `somebody has so many open at once, and without a store none`() async throws {
        try await ExportWorld.run({ $0.openPerUser = 2 }) { exports in
            let admin = try await exports.world.person(.tenantAdmin)
            for _ in 0..<2 { _ = try await exports.order("{\"entity\":\"customers\"}", as: admin) }
            let third = try await exports.send(.post, "/api/v1/exports", as: admin, "{\"entity\":\"customers\"}")
            #expect(third.status == 409)
            #expect(third["error.code"]?.text == "TOO_MANY_EXPORTS")
            let body = "{\"entity\":\"customers\"}"
            let without = try await exports.world.send("POST", "/api/v1/exports", as: admin, body)
            #expect(without.status == 503)
            #expect(without["error.code"]?.text == "STORAGE_NOT_CONFIGURED")
        }
    }

    @Test(.proves("EXP-03")) func `a page of them goes on where the one before ended`() async throws {
        try await ExportWorld.run { exports in
            let admin = try await exports.world.person(.tenantAdmin)
            var made: [String] = []
            for _ in 0..<5 { made.append(try await exports.order("{\"entity\":\"plans\"}", as: admin)) }
            var seen: [String] = []
            var target = "/api/v1/exports?limit=2"
            while true {
                let page = try await exports.send(.get, target, as: admin)
                try #require(page.status == 200)
                seen += page.list("data").compactMap { row in
                    if case .object(let members) = row { members["id"]?.text } else { nil }
                }
                guard let next = page["meta.next"]?.text else { break }
                target = "/api/v1/exports?limit=2&cursor=\(next)"
            }
            #expect(seen == made.reversed())
        }
    }
}
