import Domain
import GraphQL
import HTTPServer
import Identity
import Persistence
import SharedTesting
import Synchronization
import Testing
import WireFormat

@testable import APIGateway

@Suite struct GraphQLTests {
    private static let path = "/api/v1/graphql"
    private static let catalogue = GraphQLCatalogue()

    /// A body with a query and variables.
    private static func body(_ query: String, _ variables: String? = nil, operation: String? = nil) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.pair("query", query)
        if let operation { json.pair("operationName", operation) }
        if let variables {
            json.key("variables")
            json.raw(Array(variables.utf8))
        }
        json.endObject()
        return String(decoding: json.finish(), as: UTF8.self)
    }

    private static func ask(
        _ world: GatewayWorld,
        _ person: GatewayWorld.Person,
        _ query: String,
        _ variables: String? = nil,
        status: Int = 200
    ) async throws -> Answer {
        try await world.must(status, "POST", path, as: person, body(query, variables))
    }

    /// Every list and, where ids are given, every row that there is a root field for, with all its columns and
    /// relations.
    private static func everything(_ ids: [String: String], filter: String? = nil) -> [String] {
        catalogue.resources.flatMap { resource in
            let columns = resource.columns.map(\.name).joined(separator: " ")
            let relations = (catalogue.relations[resource.type] ?? []).map { "\($0.name) { __typename id tenant_id }" }
            let row = "{ __typename \(columns) \(relations.joined(separator: " ")) }"
            let arguments = filter.map { "limit: 100, filter: [\"\($0)\"]" } ?? "limit: 100"
            let list = "{ \(resource.list)(\(arguments)) { data \(row) next total } }"
            guard let one = resource.one, let id = ids[resource.type] else { return [list] }
            return [list, "{ \(one)(id: \"\(id)\") \(row) }"]
        }
    }

    // MARK: - Who sees what

    /// By type.
    private static func ids(_ side: GatewayWorld.Side) -> [String: String] {
        [
            "Customer": side.customer, "ServicePlan": side.plan, "Service": side.service, "NAS": side.nas,
            "AddressPool": side.pool,
        ]
    }

    @Test(.proves("API-09", "TEN-05")) func `no root field tells one tenant anything of another`() async throws {
        let world = try await GatewayWorld()
        let one = try await world.side(of: world.one, "alpha", number: 1)
        let two = try await world.side(of: world.two, "bravo", number: 2)
        for (mine, other) in [(one, two), (two, one)] {
            let secrets = [other.mark, other.tenant.description] + Self.ids(other).values
            for query in Self.everything(Self.ids(mine)) {
                let answer = try await Self.ask(world, mine.person, query)
                #expect(answer["errors"] == nil, "\(query): \(answer.text)")
                for secret in secrets { #expect(!answer.text.contains(secret), "\(query)") }
            }
            for type in ["customers", "services", "servicePlans", "nases", "addressPools"] {
                let answer = try await Self.ask(world, mine.person, "{ rows: \(type) { data { tenant_id } total } }")
                #expect(answer["data.rows.total"]?.integer == 1, "\(type)")
                #expect(answer["data.rows.data.0.tenant_id"]?.text == mine.tenant.description)
            }
            // What is another's is answered as what is nowhere.
            for query in Self.everything(Self.ids(other)) where query.contains("(id:") {
                let answer = try await Self.ask(world, mine.person, query)
                #expect(answer["errors.0.extensions.code"]?.text == "not_found", "\(query): \(answer.text)")
                #expect(answer.list("errors").count == 1)
                for secret in secrets { #expect(!answer.text.contains(secret), "\(query)") }
            }
            for query in Self.everything([:], filter: "tenant_id:eq:\(other.tenant)") {
                let answer = try await Self.ask(world, mine.person, query)
                #expect(answer.text.contains("\"data\":[],\"next\":null,\"total\":0"), "\(query): \(answer.text)")
            }
        }
        let root = try await world.person(.superAdmin)
        let all = try await Self.ask(world, root, "{ customers(q: \"one\") { total } }")
        #expect(all["data.customers.total"]?.integer == 2)
        try await world.close()
    }

    @Test(.proves("API-09", "IAM-26")) func `a customer sees his own records, and nothing through a relation`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let provider = try await world.person(.provider)
        let plan = try await world.plan(as: provider)
        let made = try await world.must(
            201,
            "POST",
            "/api/v1/customers",
            as: provider,
            "{\"name\":\"Ann\",\"phone\":\"1\",\"address\":\"a\",\"notes\":\"pays late\",\"tags\":[\"trouble\"]}"
        )
        let mine = try #require(made["data.id"]?.text)
        let stranger = try await world.customer(as: provider, "Stranger")
        let own = try await world.service(as: provider, customer: mine, plan: plan, "own-\(world.parts.ids.uuid())")
        let theirs = try await world.service(
            as: provider,
            customer: stranger,
            plan: plan,
            "not-\(world.parts.ids.uuid())"
        )
        let customer = try await world.person(.customer, customer: CustomerID(mine))
        let seen = try await Self.ask(
            world,
            customer,
            """
            {
              services(limit: 100) { data { id customer { id } plan { id } } total }
              customers { data { id services { id } } total }
              own: service(id: "\(own)") { username }
              theirs: service(id: "\(theirs)") { username }
              stranger: customer(id: "\(stranger)") { name }
              byFilter: services(filter: ["customer_id:eq:\(stranger)"]) { total }
            }
            """
        )
        #expect(seen["data.services.total"]?.integer == 1)
        #expect(seen["data.services.data.0.id"]?.text == own)
        #expect(seen["data.services.data.0.customer.id"]?.text == mine)
        #expect(seen["data.services.data.0.plan.id"]?.text == plan)
        #expect(seen["data.customers.total"]?.integer == 1)
        #expect(seen.list("data.customers.data.0.services").count == 1)
        #expect(seen["data.own.username"] != nil)
        #expect(seen["data.theirs"] == .null && seen["data.stranger"] == .null)
        #expect(seen["data.byFilter.total"]?.integer == 0)
        #expect(seen.list("errors").count == 2)
        // What the house remarks of him is not for him.
        let remarks = try await Self.ask(
            world,
            customer,
            """
            { customers { data { notes tags services { id } } } services { data { customer { notes tags } } }
              bad: customers(filter: ["tags:contains:trouble"]) { total } }
            """
        )
        #expect(remarks["data.customers.data.0.notes"] == .null && remarks["data.customers.data.0.tags"] == .null)
        #expect(!remarks.text.contains("pays late") && !remarks.text.contains("trouble"))
        #expect(remarks["errors.0.extensions.code"]?.text == "validation_error")
        #expect(
            try await Self.ask(world, provider, "{ customer(id: \"\(mine)\") { notes } }").text.contains("pays late")
        )
        // He has no permission for the house's own things.
        for query in ["{ nases { total } }", "{ addressPools { total } }", "{ sessions { data { nas { name } } } }"] {
            let answer = try await Self.ask(world, customer, query)
            #expect(answer["errors.0.extensions.code"]?.text == "forbidden", "\(query)")
        }
    }

    @Test(.proves("API-09", "IAM-14"), arguments: Role.allCases)
    func `a root field opens to exactly those who hold its permission`(_ role: Role) async throws {
        let world = try await GatewayWorld.shared()
        var customer: CustomerID?
        if role == .customer {
            customer = CustomerID(try await world.customer(as: try await world.person(.tenantAdmin)))
        }
        let person = try await world.person(role, customer: customer)
        for resource in Self.catalogue.resources {
            let answer = try await Self.ask(world, person, "{ __typename rows: \(resource.list)(limit: 1) { next } }")
            #expect(answer["data.__typename"]?.text == "Query")
            if role == .customer, resource.list == "ledgerExposures" {
                // He may read his own bills; where the house's books and its network disagree is not there for him.
                #expect(answer["data.rows"] == .null && answer["errors.0.extensions.code"]?.text == "not_found")
            } else if role.permissions.contains(resource.permission) {
                #expect(answer["errors"] == nil, "\(role) \(resource.list): \(answer.text)")
            } else {
                #expect(answer["data.rows"] == .null, "\(role) \(resource.list)")
                #expect(answer["errors.0.extensions.code"]?.text == "forbidden")
                #expect(answer["errors.0.path.0"]?.text == "rows")
                #expect(answer["errors.0.locations.0.column"]?.integer == 14)
            }
        }
    }

    @Test(.proves("API-09", "IAM-11")) func `a relation needs its own permission, and an API key its scope`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let key = ["X-API-Key": try await world.key(as: admin).text]
        let query = Self.body(
            "{ a: customers { total } b: customers { data { services { id } } } c: services { total } }"
        )
        let answer = try await world.send("POST", Self.path, query, headers: key)
        #expect(answer.status == 200)
        #expect(answer["data.a.total"] != nil)
        #expect(answer["data.b"] == .null && answer["data.c"] == .null)
        #expect(answer.list("errors").count == 2)
        #expect(try await world.send("POST", Self.path, query).status == 401)
    }

    @Test(.proves("API-09", "AUD-12")) func `what REST puts on record when it is read is on record here`() async throws
    {
        let world = try await GatewayWorld.shared()
        let (noc, admin) = (try await world.person(.nocEngineer), try await world.person(.tenantAdmin))
        func reads(_ type: String) async throws -> Int {
            let query = "resource_type=\(type)&actor_id=\(noc.user.id)&action=read&limit=100"
            return try await world.must(200, "GET", "/api/v1/audit-logs?\(query)", as: admin).list("data").count
        }
        for (query, type, count) in [
            ("{ leases { total } }", "lease", 1),
            ("{ a: deadLetters { total } b: deadLetters { next } }", "dead_letter", 2),
            ("{ sessions { total } }", "session", 0),
            ("{ sessions(filter: [\"framed_ipv4:eq:10.0.0.1\"]) { total } }", "session", 1),
        ] {
            let before = try await reads(type)
            let answer = try await Self.ask(world, noc, query)
            #expect(answer["errors"] == nil, "\(answer.text)")
            #expect(try await reads(type) == before + count, "\(query)")
        }
    }

    @Test(.proves("API-09")) func `every list that REST has at a path of its own has a root field`() async throws {
        let lists = try await GatewayWorld.shared().gateway.routes.filter { route in
            route.method == .get && route.pattern.parameters.isEmpty
                && !route.pattern.description.hasSuffix("/export")
                && route.metadata.operation.parameters.contains { $0.name == "filter" }
        }.map(\.operationID)
        let fields = Set(Self.catalogue.resources.map { $0.list.lowercased() })
        #expect(lists.count > fields.count)
        // Another name of the list of services; and what was asked of NASes, which nothing else refers to.
        for list in lists where list != "listSubscribers" && list != "listEnforcements" {
            #expect(fields.contains(list.dropFirst(4).lowercased()), "\(list)")
        }
    }

    // MARK: - Answers

    @Test(.proves("API-09")) func `lists, rows and relations are those of REST`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let plan = try await world.plan(as: admin)
        let customer = try await world.customer(as: admin, "Relational")
        let names = (0..<3).map { _ in "rel-\(world.parts.ids.uuid())" }
        for name in names { _ = try await world.service(as: admin, customer: customer, plan: plan, name) }
        let query = """
            query Report($customer: ID!, $by: [String!], $limit: Int = 2, $all: Boolean = false) {
              customer(id: $customer) { ...Head services { username plan_id } version tags }
              page: services(filter: $by, limit: $limit, sort: "username") { data { username kind plan { ...Plan } customer { name } } next total }
              servicePlan(id: "\(plan)") { ...Whole id @include(if: $all) }
            }
            fragment Head on Customer { id label: name }
            fragment Plan on RelatedServicePlan { download_bps price }
            fragment Whole on ServicePlan { download_bps __typename }
            """
        let variables = "{\"customer\":\"\(customer)\",\"by\":\"customer_id:eq:\(customer)\",\"unknown\":1}"
        let answer = try await Self.ask(world, admin, query, variables)
        #expect(answer["errors"] == nil, "\(answer.text)")
        #expect(answer.headers["content-type"] == "application/graphql-response+json")
        #expect(answer["data.customer.label"]?.text == "Relational")
        #expect(answer.list("data.customer.services").count == 3)
        #expect(answer["data.customer.services.0.plan_id"]?.text == plan)
        #expect(answer["data.page.total"]?.integer == 3)
        let sorted = names.sorted()
        #expect(answer["data.page.data.0.username"]?.text == sorted[0])
        #expect(answer["data.page.data.1.plan.download_bps"]?.integer == 50_000_000)
        #expect(answer["data.page.data.1.plan.price"]?.text == "19.9000")
        #expect(answer["data.page.data.1.customer.name"]?.text == "Relational")
        #expect(answer.text.contains("\"servicePlan\":{\"download_bps\":50000000,\"__typename\":\"ServicePlan\"}"))
        // The cursor is the list's own.
        let next = try #require(answer["data.page.next"]?.text)
        let rest = try await Self.ask(
            world,
            admin,
            "query ($c: String, $by: [String!]) { services(cursor: $c, filter: $by, sort: \"username\") { data { username } next } }",
            "{\"c\":\"\(next)\",\"by\":[\"customer_id:eq:\(customer)\"]}"
        )
        #expect(rest["data.services.data.0.username"]?.text == sorted[2])
        #expect(rest["data.services.next"] == .null)
        let row = try await world.must(200, "GET", "/api/v1/customers/\(customer)", as: admin)
        let columns = try #require(Self.catalogue.resources.first).columns.map(\.name)
        let same = try await Self.ask(
            world,
            admin,
            "{ data: customer(id: \"\(customer)\") { \(columns.joined(separator: " ")) } }"
        )
        #expect(same["data.data"] == row["data"])
    }

    @Test(.proves("API-09")) func `what a list refuses stands with its field, and the others are answered`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        for arguments in [
            "limit: 0", "limit: 101", "filter: [\"nope:eq:1\"]", "sort: \"phone\"", "cursor: \"AAAA\"", "q: \"\"",
        ] {
            let answer = try await Self.ask(
                world,
                admin,
                "{ bad: customers(\(arguments)) { total } good: customers(limit: 1, deleted: include) { total } }"
            )
            #expect(answer["data.bad"] == .null, "\(arguments)")
            #expect(answer["data.good.total"] != nil)
            #expect(answer["errors.0.extensions.code"]?.text == "validation_error", "\(arguments)")
            #expect(answer["errors.0.path.0"]?.text == "bad")
        }
        let nothing = try await Self.ask(world, admin, "{ customer(id: \"not an id\") { id } }")
        #expect(nothing["errors.0.extensions.code"]?.text == "not_found")
    }

    @Test(.proves("API-09")) func `what is no query is refused before anything is read`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let deep = "{ customers { data { services { plan { id } } } } }"
        let cyclic = "{ ...F } fragment F on Query { ...F }"
        let aliases = "{ customers { data { \((0..<21).map { "n\($0): name" }.joined(separator: " ")) } } }"
        let roots = "{ \((0..<11).map { "r\($0): customers { total }" }.joined(separator: " ")) }"
        for query in [
            "{", "mutation { a }", "subscription { a }", "{ nothing }", "{ customers { data { secret } } }", deep,
            cyclic,
            aliases, roots, "{ customers(limit: \"1\") { total } }",
            "{ customers { total } } # " + String(repeating: "é", count: 9_000),
            "query ($id: ID!) { customer(id: $id) { id } }",
        ] {
            let answer = try await Self.ask(world, admin, query, status: 400)
            #expect(answer.headers["content-type"] == "application/graphql-response+json", "\(query)")
            #expect(answer["data"] == nil)
            #expect(answer["errors.0.message"]?.text?.isEmpty == false)
            #expect(answer["errors.0.extensions.code"]?.text == "graphql_invalid")
        }
        let wrong = try await Self.ask(world, admin, "{\n  customers { total nope }\n}", status: 400)
        #expect(wrong["errors.0.locations.0.line"]?.integer == 2)
        #expect(wrong["errors.0.locations.0.column"]?.integer == 21)
        for body in [
            "{}", "[]", "{\"query\":1}", "{\"query\":\"{a}\",\"more\":1}", "{\"query\":\"{a}\",\"variables\":[]}", "{",
        ] {
            let answer = try await world.send("POST", Self.path, as: admin, body)
            #expect(answer.status == 400, "\(body)")
            #expect(answer.headers["content-type"] == "application/problem+json")
        }
    }

    @Test(.proves("API-09")) func `a query may stand in the address, and its answer be of the older type`() async throws
    {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let query = "query=query%20A(%24l%3A%20Int)%20%7B%20customers(limit%3A%20%24l)%20%7B%20total%20%7D%20%7D"
        let got = try await world.must(
            200,
            "GET",
            "\(Self.path)?\(query)&operationName=A&variables=%7B%22l%22%3A1%7D&extensions=%7B%7D",
            as: admin
        )
        #expect(got["data.customers.total"] != nil)
        for target in [Self.path, "\(Self.path)?\(query)&variables=x", "\(Self.path)?\(query)&limit=1"] {
            #expect(try await world.send("GET", target, as: admin).status == 400, "\(target)")
        }
        #expect(
            try await world.send("POST", "\(Self.path)?\(query)", as: admin, Self.body("{ __typename }")).status == 400
        )
        for (accept, type) in [
            ("application/json", "application/json"), ("*/*", "application/graphql-response+json"),
            ("application/json;q=0.9, application/graphql-response+json", "application/graphql-response+json"),
            ("application/json; charset=utf-8", "application/json"), ("text/html", "application/graphql-response+json"),
        ] {
            for (body, status) in [("{ __typename }", 200), ("{ nope }", 400)] {
                let answer = try await world.send(
                    "POST",
                    Self.path,
                    as: admin,
                    Self.body(body),
                    headers: ["Accept": accept]
                )
                #expect(answer.status == status)
                #expect(answer.headers["content-type"] == type, "\(accept)")
            }
        }
        let schema = try await world.must(200, "GET", Self.path + "/schema", as: admin)
        #expect(schema.headers["content-type"]?.hasPrefix("text/plain") == true)
        #expect(schema.text.contains("\ntype Customer {\n  id: ID!\n"))
        #expect(schema.text.contains("\n  services: [RelatedService!]!\n"))
        #expect(schema.text.contains("\n  status: CustomerStatus\n"))
        let several = Self.body("query A { __typename } query B { name: __typename }", operation: "B")
        #expect(try await world.must(200, "POST", Self.path, as: admin, several)["data.name"]?.text == "Query")
    }

    @Test(.proves("API-09", "RTL-03")) func `each root field counts as a request`() async throws {
        var policy = GatewayWorld.unlimited
        policy.limits.perClient = 10
        let world = try await GatewayWorld(policy)
        let viewer = try await world.person(.viewer)
        let four =
            "{ a: customers { total } b: customers { total } c: customers { total } d: customers { total } __typename }"
        for _ in 0..<2 { _ = try await Self.ask(world, viewer, four) }
        let refused = try await Self.ask(world, viewer, four, status: 429)
        #expect(refused["error.code"]?.text == "RATE_LIMIT")
        try await world.close()
    }

    // MARK: - Queries

    @Test(.proves("API-09")) func `relations cost one query each, however many rows there are`() async throws {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin, in: world.two)
        let plan = try await world.plan(as: admin)
        for number in 0..<12 {
            let customer = try await world.customer(as: admin, "Batched \(number)")
            for _ in 0..<2 {
                _ = try await world.service(as: admin, customer: customer, plan: plan, "n-\(world.parts.ids.uuid())")
            }
        }
        let queries = Asked()
        let counted = GraphQLCatalogue.resources.map { resource in
            var counted = resource
            counted.page = { parameters, most, reading in
                queries.note(resource.list)
                return try await resource.page(parameters, most, reading)
            }
            counted.find = { _, _ in throw Problem.notFound }
            return counted
        }
        let executor = GraphQLExecutor(catalogue: GraphQLCatalogue(counted), parts: world.parts)
        var request = try Request(.post, Self.path)
        request[Caller.self] = Caller(try await world.parts.accounts.authenticate(accessToken: admin.token), request)
        for limit in [1, 12] {
            let plan = try QueryPlan(
                """
                { customers(q: "Batched", limit: \(limit)) { data { name services { username } again: services { id } } more: data { services { id } } }
                  services(limit: \(limit)) { data { plan { name } customer { name } } } }
                """,
                schema: executor.catalogue.schema
            )
            let answer = try JSONValue(try await executor.answer(plan, to: request))
            guard case .object(let members) = answer else { return }
            #expect(members["errors"] == nil, "\(answer)")
            let text = "\(answer)"
            #expect(text.contains("username"))
            let asked = queries.take()
            #expect(
                asked.sorted() == ["customers", "customers", "servicePlans", "services", "services"],
                "limit \(limit)"
            )
        }
    }
}

/// The lists that were asked, in order.
private final class Asked: Sendable {
    private let lists = Mutex<[String]>([])

    func note(_ list: String) { lists.withLock { $0.append(list) } }

    func take() -> [String] {
        lists.withLock { lists in
            defer { lists = [] }
            return lists
        }
    }
}
