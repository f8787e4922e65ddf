import Domain
import HTTPServer
import Messaging
import NATS
import Observability
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// Two tenants with two thousand rows of everything each: whichever way one looks, the other is not there.
@Suite(.proves("TEN-05", "EXP-01", "WS-06")) struct IsolationPropertyTests {
    @Test func `neither of two crowded tenants sees the other by list, filter, sort, search, count or export`()
        async throws
    {
        let world = try await GatewayWorld()
        let one = try await Crowd(world, "alphaville", octet: 61)
        let two = try await Crowd(world, "bravoland", octet: 62)
        for entity in EntityCase.all where entity.name != "tenant" {
            let count = try #require(one.counts[entity.name])
            #expect(count >= Crowd.size - 1, "\(entity.name): \(count)")
        }
        for (mine, other) in [(one, two), (two, one)] {
            for entity in EntityCase.all {
                let theirs = try await other.plot.rows(entity.target(other.plot, ["limit=100"]))
                try #require(!theirs.isEmpty, "\(entity.name)")
                let foreign = Foreign(other, ids: Set(theirs.map(entity.identity)))
                try await look(entity, mine, foreign, theirs)
                try await total(entity, mine, foreign)
            }
            try await answers(world, mine, other)
            try await live(world, mine, other)
        }
        try await world.close()
    }

    /// What must stand nowhere.
    private struct Foreign: Sendable {
        let words: [String]
        let ids: Set<String>
        let crowd: Crowd

        init(_ crowd: Crowd, ids: Set<String>) {
            words = [crowd.mark, crowd.plot.tenant.description, crowd.plot.customers[0]]
            self.ids = ids
            self.crowd = crowd
        }

        /// What the request said itself may come back, in the link to the next page.
        func isAbsent(from answer: Answer) -> Bool {
            let fields = answer.headers.filter { $0.key != "link" }.values.joined()
            return !words.contains { answer.text.contains($0) || fields.contains($0) }
        }
    }

    /// By every field with every operator, with values that the other's rows have; in every order; by the other's word.
    private func look(_ entity: EntityCase, _ mine: Crowd, _ foreign: Foreign, _ theirs: [JSONRow]) async throws {
        var draw = Draw(SeededRandom("isolation of \(entity.name)"))
        var queries = entity.sorts.flatMap { [["sort=\($0)"], ["sort=-\($0)"]] }
        switch entity.filtering {
        case .equalities(let names):
            for name in names {
                guard let text = theirs.first?[name]?.plainText else { continue }
                queries.append(["\(name)=\(text.encodedForQuery)"])
            }
        case .fields(let fields):
            for field in fields {
                for _ in 0..<field.operators.count {
                    if let condition = Condition(field, theirs, &draw) { queries.append([condition.query]) }
                }
                // A field that no column shows is asked for by the other's ids.
                if field.kind == .id {
                    for id in [foreign.crowd.plot.tenant.description, foreign.crowd.plot.customers[0]] {
                        queries.append(["filter=\(field.name):eq:\(id)"])
                    }
                }
            }
        }
        for query in queries {
            let answer = try await mine.plot.send("GET", entity.target(mine.plot, query + ["limit=30"]))
            #expect([200, 404].contains(answer.status), "\(entity.name) \(query): \(answer.text.prefix(300))")
            #expect(foreign.isAbsent(from: answer), "\(entity.name) \(query)")
            #expect(foreign.ids.isDisjoint(with: answer.rows.map(entity.identity)), "\(entity.name) \(query)")
        }
        guard !entity.searched.isEmpty else { return }
        let found = try await mine.plot.send(
            "GET",
            entity.target(mine.plot, ["q=\(foreign.crowd.mark)", "count=true"])
        )
        #expect(found.status == 200 && found.rows.isEmpty && found["meta.total"]?.integer == 0, "\(entity.name)")
    }

    /// Totals and files are of one's own rows to the last.
    private func total(_ entity: EntityCase, _ mine: Crowd, _ foreign: Foreign) async throws {
        let count = try #require(mine.counts[entity.name])
        if entity.isCounted {
            let answer = try await mine.plot.send("GET", entity.target(mine.plot, ["count=true", "limit=1"]))
            #expect(answer["meta.total"]?.integer == Int64(count), "\(entity.name)")
            let tenant = "filter=tenant_id:eq:\(foreign.crowd.plot.tenant)"
            if entity.hasFilter("tenant_id") {
                let none = try await mine.plot.send("GET", entity.target(mine.plot, ["count=true", tenant]))
                #expect(none["meta.total"]?.integer == 0 && none.rows.isEmpty, "\(entity.name)")
            }
        }
        guard entity.isExported else { return }
        for format in ["csv", "ndjson"] {
            let file = try await mine.plot.send("GET", entity.target(mine.plot, ["format=\(format)"], export: true))
            #expect(file.status == 200)
            #expect(foreign.isAbsent(from: file), "\(entity.name)")
            let lines = file.text.split(whereSeparator: \.isNewline).count
            #expect(lines == count + (format == "csv" ? 1 : 0), "\(entity.name)")
        }
        let sheet = try await mine.plot.send("GET", entity.target(mine.plot, ["format=xlsx"], export: true))
        #expect(sheet.status == 200)
        #expect(try SpreadsheetCells(sheet.body).rows.count == count + 1, "\(entity.name)")
    }

    /// What is another's is answered like what is nowhere: by the same octets, after as many statements. And what the other
    /// has taken is free here.
    private func answers(_ world: GatewayWorld, _ mine: Crowd, _ other: Crowd) async throws {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        func ask(_ route: GatewayRoute, _ id: String) async throws -> (octets: String, statements: Int) {
            var fewest = Int.max
            var text = ""
            // Other parts of the gateway ask now and then too.
            for _ in 0..<3 {
                let before = statements(world)
                let answer = try await mine.plot.world.send(
                    route.method.name,
                    route.pattern.description.replacing(/\{[^}]*\}/, with: id),
                    as: mine.plot.admin,
                    route.metadata.operation.body == nil ? nil : Self.body(route),
                    headers: [
                        "If-Match": "\"1\"", "traceparent": trace, "Idempotency-Key": "isolation-\(Plot.number())",
                    ].filter { $0.key != "Idempotency-Key" || route.metadata.repetition.isMandatory }
                )
                fewest = min(fewest, statements(world) - before)
                // The span of each request is its own.
                let fields = answer.headers.filter { !["date", "traceparent"].contains($0.key) }.sorted {
                    $0.key < $1.key
                }
                text = "\(answer.status) \(fields) \(answer.text)".replacing(id, with: "ID")
            }
            return (text, fewest)
        }
        for entity in EntityCase.all where entity.key == ["id"] {
            let path = entity.path(other.plot)
            let id = try #require(try await other.plot.rows(entity.target(other.plot, ["limit=1"])).first?["id"]?.text)
            for route in world.gateway.routes where route.pattern.parameters.count == 1 {
                guard route.pattern.description.hasPrefix(path + "/{") else { continue }
                if case .permissions(let needed) = route.metadata.guard,
                    !needed.isSubset(of: mine.plot.admin.user.permissions)
                {
                    continue
                }
                // A body that it requires is looked at before anything is looked up.
                let looking = ["setTenantPartner", "setServicePlanQuotas", "topUpServiceQuota", "convertCustomerMoney"]
                if looking.contains(route.operationID) {
                    continue
                }
                let foreign = try await ask(route, id)
                let missing = try await ask(route, "00000000-0000-7000-8000-00000000dead")
                #expect(foreign.octets == missing.octets, "\(route.operationID)")
                #expect(foreign.octets.hasPrefix("404"), "\(route.operationID): \(foreign.octets)")
                #expect(foreign.statements == missing.statements, "\(route.operationID)")
            }
        }
        // NASes are told apart by address and identifier alone, whosever they are; all else may be two tenants'.
        for (path, body) in [
            ("customers", ["code": .text("\(other.mark)-1"), "phone": .text("1"), "address": .text("x")]),
            ("service-plans", ["download_bps": .whole(1), "upload_bps": .whole(1), "price": .text("1")]),
            ("network/ipam/pools", ["range": .text("62.3.0.1/32"), "use": .text("ipv4"), "is_active": .bool(false)]),
            ("users", ["email": .text("\(other.mark)1@example.net"), "role": .text("viewer")]),
        ] as [(String, JSONRow)] {
            let named = body.merging(["name": .text("\(other.mark) 1")]) { $1 }
            // The first pool of that range is one's own where the octet is.
            if path.hasSuffix("pools"), mine.mark == "bravoland" { continue }
            let answer = try await mine.plot.send("POST", "/api/v1/\(path)", named)
            #expect(answer.status == 201, "\(path): \(answer.text)")
            let id = answer["data.id"]?.text ?? ""
            let tag = ["If-Match": answer.headers["etag"] ?? ""]
            #expect(try await mine.plot.send("DELETE", "/api/v1/\(path)/\(id)", headers: tag).status == 204)
        }
    }

    private func statements(_ world: GatewayWorld) -> Int {
        let text = String(decoding: world.registry.render(), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("db_query_duration_seconds_count") }
        return line?.split(separator: " ").last.flatMap { Int($0) } ?? -1
    }

    /// A body that the route would take.
    private static func body(_ route: GatewayRoute) -> String {
        switch route.operationID {
        case "updateService": "{\"username\":\"x\"}"
        case "addCustomerNote": "{\"text\":\"x\"}"
        case "eraseCustomer": "{\"confirm\":\"x\",\"reason\":\"asked in writing\"}"
        case "setCredentials": "{\"password\":\"x\"}"
        case "setTenantLicence": "{\"plan\":\"x\"}"
        case "topUpCustomer", "debitCustomer", "holdFunds": "{\"amount\":\"1\"}"
        case "closeCashShift": "{\"counted\":{}}"
        case let name where name.hasPrefix("update"): "{\"name\":\"x\"}"
        default: "{}"
        }
    }

    /// The other's events pass by.
    private func live(_ world: GatewayWorld, _ mine: Crowd, _ other: Crowd) async throws {
        let from = world.events.extent()?.last ?? 0
        for crowd in [other, mine] {
            for _ in 0..<50 {
                let json = LiveSample.json(crowd.plot.tenant, username: crowd.mark, nas: crowd.mark)
                world.events.add("session.started", crowd.plot.tenant, json)
            }
        }
        let last = world.events.extent()?.last ?? 0
        for query in [
            "", "&user=\(other.mark)", "&tenant=\(other.plot.tenant)", "&nas=\(other.mark)", "&type=session.*",
        ] {
            let target = "/api/v1/events?follow=false"
            try await eventually {
                try await world.must(200, "GET", target + "&last=0", as: mine.plot.admin).text
                    .contains("\"sequence\":\(last)")
            }
            let told = try await world.must(200, "GET", target + "&from=\(from)\(query)", as: mine.plot.admin).text
            if query.isEmpty { #expect(told.contains(mine.mark)) }
            #expect(!told.contains(other.mark) && !told.contains(other.plot.tenant.description), "\(query)")
        }
    }
}
