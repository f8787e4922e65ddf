import HTTPServer
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// Text is text: no parameter reaches SQL, no value comes back as anything a browser or a spreadsheet would run.
@Suite struct InjectionPropertyTests {
    private static let sql = [
        "' OR '1'='1", "'; DROP TABLE customers; --", "1; DELETE FROM plans", "\" OR \"\"=\"",
        "') UNION SELECT * FROM users --",
        "\\'; UPDATE tenants SET name='x'; --", "$1", "$$; TRUNCATE customers; $$", "1' AND pg_sleep(0)--",
        "%' ESCAPE '!' OR '%'='", "name); DROP TABLE nas_devices; --", "id DESC; DELETE FROM services", "0x27", "''",
        "\\",
        "E'\\x27'", "id,(SELECT version())", "1 OFFSET (SELECT 1)", "{}", "ARRAY[1]", "NULL", "🙂'--",
        "'||(SELECT '')||'",
    ]
    private static let scripts = [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "javascript:alert(1)",
        "</script><svg onload=alert(1)>",
        "<iframe src=//evil.example>", "'\"--><body onload=alert(1)>", "{{7*7}}", "${7*7}", "&lt;b&gt;",
        "\u{2028}alert(1)\u{2029}",
        "<!--<script>", "data:text/html,<script>", "<a href=\"x\" onclick=alert(1)>x</a>",
    ]
    private static let formulas = [
        "=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "=HYPERLINK(\"http://evil.example\")", "'=1", "\r=1",
        "=cmd|' /C calc'!A0",
    ]
    /// What a request writes by its being made.
    private static let passing: Set = ["audit_logs", "audit_chains", "login_sessions", "outbox"]

    @Test(.proves("SEC-04", "E-52"), arguments: EntityCase.all)
    func `property 52: SQL in any parameter of a list alters nothing`(_ entity: EntityCase) async throws {
        let population = try await entity.population()
        let plot = population.plot
        let parameters = ["filter", "sort", "q", "cursor", "limit", "fields", "count", "deleted", "tenant_id", "since"]
        let before = try await plot.tables()
        try await cases("property 52, \(entity.name)") { _, draw in
            let text = draw.choice(Self.sql)
            var items: [String] = []
            for parameter in Set(draw.some(parameters).prefix(2)).sorted() {
                var value = text
                if parameter == "filter", case .fields(let fields) = entity.filtering {
                    let field = draw.choice(fields)
                    value = draw.chance(80) ? "\(field.name):\(draw.choice(field.operators).rawValue):\(text)" : text
                }
                items.append("\(parameter)=\(value.encodedForQuery)")
            }
            let answer = try await plot.send("GET", entity.target(plot, items))
            #expect(answer.status == 200 || answer.status == 400, "\(items): \(answer.status) \(answer.text)")
            // What is answered is one's own: nothing was let out either.
            let own = Set(population.rows.map(entity.identity))
            if answer.status == 200, !items.contains(where: { $0.hasPrefix("fields") }) {
                #expect(own.isSuperset(of: answer.rows.map(entity.identity)), "\(items)")
            }
            guard draw.chance(20) else { return }
            let path = try await plot.send("GET", "\(entity.path(plot))/\(text.encodedForQuery)")
            #expect([400, 404, 405].contains(path.status), "\(text): \(path.status)")
        }
        let after = try await plot.tables()
        #expect(Set(after.keys) == Set(before.keys))
        for (name, table) in before where !Self.passing.contains(name) {
            #expect(after[name]?.digest == table.digest, "\(name)")
        }
    }

    @Test(.proves("SEC-04", "E-52"), arguments: EntityCase.written)
    func `property 52: SQL in any member of a body is stored as it stands, and does nothing else`(
        _ entity: EntityCase
    ) async throws {
        let plot = try await Plot(try await GatewayWorld.shared(), customers: 2, plans: 2)
        let writing = try #require(entity.writing)
        try await cases("property 52, bodies, \(entity.name)") { _, draw in
            var body = writing.body(plot, &draw)
            let member = draw.choice(Array(body.keys).sorted())
            // Some names are each one's own.
            let text = draw.choice(Self.sql) + (writing.texts.contains(member) ? " \(Plot.number())" : "")
            body[member] = .text(text)
            let answer = try await plot.send("POST", entity.path(plot), body)
            #expect([201, 400, 409].contains(answer.status), "\(member) = \(text): \(answer.status) \(answer.text)")
            guard writing.texts.contains(member) else { return }
            #expect(answer.status == 201, "\(member) = \(text): \(answer.text)")
            #expect(answer["data.\(member)"]?.text == text)
        }
        let tables = try await plot.tables()
        #expect(["customers", "plans", "services", "users", "nas_devices"].allSatisfy { tables[$0] != nil })
        #expect(tables["customers"]?.own ?? 0 >= 2 && tables["plans"]?.own ?? 0 >= 2)
    }

    @Test(.proves("SEC-05", "E-53"), arguments: EntityCase.written)
    func `property 53: script that somebody stored comes back as text that nothing runs`(_ entity: EntityCase)
        async throws
    {
        let plot = try await Plot(try await GatewayWorld.shared(), customers: 2, plans: 2)
        let writing = try #require(entity.writing)
        @Sendable func inert(_ answer: Answer, _ type: String) {
            #expect(answer.headers["content-type"] == type, "\(answer.headers)")
            #expect(answer.headers["x-content-type-options"] == "nosniff")
            #expect(answer.headers["content-security-policy"]?.contains("default-src 'none'") == true)
        }
        try await cases("property 53, \(entity.name)") { _, draw in
            var body = writing.body(plot, &draw)
            let member = draw.choice(writing.texts)
            let text = draw.choice(Self.scripts + Self.formulas) + " \(Plot.number())"
            body[member] = .text(text)
            let made = try await plot.send("POST", entity.path(plot), body)
            guard made.status == 201 else {
                // Refused for its control characters: then in a way that is as inert.
                #expect(made.status == 400)
                inert(made, "application/problem+json")
                return
            }
            inert(made, "application/json")
            let id = try #require(made["data.id"]?.text)
            if draw.chance(20) {
                let read = try await plot.send("GET", "\(entity.path(plot))/\(id)")
                inert(read, "application/json")
                #expect(read["data.\(member)"]?.text == text)
                let wrong = try await plot.send("GET", "\(entity.path(plot))?sort=\(text.encodedForQuery)")
                #expect(wrong.status == 400)
                inert(wrong, "application/problem+json")
            }
            guard entity.isExported else { return }
            let file = try await plot.send("GET", "\(entity.path(plot))/export?filter=id:eq:\(id)&fields=\(member)")
            #expect(file.headers["content-type"] == "text/csv; charset=utf-8")
            #expect(file.headers["x-content-type-options"] == "nosniff")
            #expect(file.headers["content-disposition"]?.hasPrefix("attachment") == true)
            var parser = CSVParser()
            let records = try (parser.consume(file.body) + parser.finish()).map { try $0.get().fields }
            try #require(records.count == 2 && records[1].count == 1, "\(file.text)")
            let field = records[1][0]
            #expect(CSVWriter.original(field) == text)
            let first = field.unicodeScalars.first
            #expect(first.map { !["=", "+", "-", "@", "\t", "\r", "\n"].contains($0) } == true, "\(field)")
        }
    }
}
