import Domain
import Persistence
import SharedTesting
import Testing

/// What a query string may say about a list.
@Suite(.proves("API-05", "API-13")) struct ListQueryTests {
    private func refused(_ parameters: ListParameters) -> String? {
        do throws(ListError) {
            _ = try ListQuery(parameters, of: .customers)
            return nil
        } catch {
            return error.parameter
        }
    }

    @Test func `a page has 10 rows unless told, and at most 100`() throws {
        #expect(try ListQuery(ListParameters(), of: .customers).limit == 10)
        for text in ["1", "10", "100"] {
            #expect(try "\(ListQuery(ListParameters(limit: text), of: .customers).limit)" == text)
        }
        for text in ["0", "101", "-1", "+5", "", "1e2", "ten", "9999999999999999999", " 5"] {
            #expect(refused(ListParameters(limit: text)) == "limit", "\(text)")
        }
    }

    @Test func `what a resource does not have is refused by its parameter`() {
        for sort in ["", "-", "--name", "name,code", "password", "name desc", "notes", "name;--"] {
            #expect(refused(ListParameters(sort: sort)) == "sort", "\(sort)")
        }
        for filter in [
            "", "status", "status:eq", "status:eq:gone", "secret:eq:1", "status:like:active", "name:lt:a",
            "due_day:eq:x",
            "created_at:gte:yesterday", "id:eq:1", "deleted_at:null:maybe", "tags:eq:vip", "status:in:active,gone",
            "email:null:", "name:eq:", "name:eq:\u{0}", "status:eq:active'--",
        ] { #expect(refused(ListParameters(filters: [filter])) == "filter", "\(filter)") }
        #expect(refused(ListParameters(filters: Array(repeating: "status:eq:active", count: 21))) == "filter")
        for search in ["", "   ", "a b c d e f", String(repeating: "x", count: 101), "a\u{0}b"] {
            #expect(refused(ListParameters(search: search)) == "q")
        }
        for word in ["1", "yes", "TRUE", ""] { #expect(refused(ListParameters(count: word)) == "count") }
        #expect(refused(ListParameters(deleted: "all")) == "deleted")
        #expect(throws: ListError.self) { try ListQuery(ListParameters(search: "x"), of: .sessions) }
        #expect(throws: ListError.self) { try ListQuery(ListParameters(deleted: "only"), of: .plans) }
    }

    @Test func `a refusal never repeats what was sent`() {
        for parameters in [
            ListParameters(limit: "zqx"), ListParameters(sort: "zqx"), ListParameters(filters: ["zqx:eq:1"]),
            ListParameters(filters: ["status:eq:zqx"]), ListParameters(filters: ["status:zqx:active"]),
            ListParameters(count: "zqx"), ListParameters(deleted: "zqx"),
        ] {
            #expect {
                _ = try ListQuery(parameters, of: .customers)
            } throws: { error in
                !"\(error)".contains("zqx")
            }
        }
    }

    @Test func `fields are chosen by name, each once`() throws {
        #expect(try ListSource.customers.columns(named: nil).count == ListSource.customers.columns.count)
        #expect(try ListSource.customers.columns(named: ["name", "id"]).map(\.name) == ["id", "name"])
        for names in [[], ["password"], ["id", "nothing"]] as [[String]] {
            #expect(throws: ListError.self) { try ListSource.customers.columns(named: names) }
        }
    }

    @Test func `no resource has a secret among its columns`() {
        let names =
            ListSource.customers.columns.map(\.name) + ListSource.services.columns.map(\.name)
            + ListSource.nases.columns.map(\.name) + ListSource.devices.columns.map(\.name)
        #expect(!names.contains { $0.contains("secret") || $0.contains("password") })
    }
}
