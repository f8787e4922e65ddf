import Domain
import HTTPServer
import Identity
import Persistence
import WireFormat

/// Customers with their notes, tags, history and statistics (CUS-01 to CUS-08).
struct CustomerRoutes {
    private let parts: Parts
    private let customers = Resource<Customer>.customers

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        get throws {
            try customers.reading(parts) + [
                create(), update(), delete(), restore(), statistics, notes(), addNote(), history(), importing,
                exportBelow(.customerNotes), exportBelow(.serviceHistory),
            ]
        }
    }

    private func create() throws -> GatewayRoute {
        try customers.create(parts, .customersCreate, body: CustomerInput.creation.schema(isWhole: true)) {
            body,
            work in
            var input = CustomerInput(.blank)
            try CustomerInput.creation.apply(body, to: &input, isWhole: true)
            return try await Self.insert(input, work)
        }
    }

    /// Makes the customer that a body described.
    static func insert(_ input: CustomerInput, _ work: Work) async throws -> Change<Customer> {
        let tenant = try work.caller.principal.target(input.tenant)
        let wanted = try input.complete()
        return try await CustomerWriter(work.transaction, ids: work.parts.ids).create(tenant: tenant) { $0 = wanted }
    }

    private func update() throws -> GatewayRoute {
        try customers.update(parts, .customersUpdate, body: CustomerInput.change.schema(isWhole: false)) {
            id,
            version,
            body,
            work in
            try await CustomerWriter(work.transaction, ids: work.parts.ids).update(CustomerID(id), expecting: version) {
                var input = CustomerInput($0)
                try CustomerInput.change.apply(body, to: &input, isWhole: false)
                $0 = try input.complete()
            }
        }
    }

    private func delete() throws -> GatewayRoute {
        try customers.delete(parts, .customersDelete) { id, version, work in
            try await CustomerWriter(work.transaction, ids: work.parts.ids).delete(CustomerID(id), expecting: version)
        }
    }

    private func restore() throws -> GatewayRoute {
        try customers.action(
            parts,
            "restore",
            operationID: "restoreCustomer",
            .customersDelete,
            "Shows a deleted customer again."
        ) { customer, work in
            try await CustomerWriter(work.transaction, ids: work.parts.ids).restore(customer.id)
        }
    }

    // MARK: - Statistics

    private var statistics: GatewayRoute {
        let counts = CustomerStatus.allCases.map { Schema.Property($0.rawValue, .integer(0...Int64.max)) }
        return GatewayRoute(
            .get,
            "/api/v1/customers/statistics",
            operationID: "getCustomerStatistics",
            metadata: Access(
                .permission(.customersRead),
                operation: Operation(
                    "customers",
                    "How many customers there are, by status; counted up to five minutes ago, unless it is known to have changed.",
                    .data(
                        .object([
                            .init("total", .integer(0...Int64.max)), .init("by_status", .object(counts)),
                            .init("deleted", .integer(0...Int64.max)), .init("counted_at", .time),
                        ])
                    )
                )
            )
        ) { request in
            let principal = try request.caller.principal
            let counted = try await parts.counts.value("customers", in: principal.tenantID, as: principal.reach) {
                try await parts.read(request) { transaction, caller in
                    if case .subtree = caller.principal.reach {
                        let all = try await CustomerStatistics.read(transaction)
                        return Counts(total: all.total, byStatus: all.byStatus, deleted: all.deleted)
                    }
                    return try await own(caller, transaction)
                }
            }
            let statistics = counted.value
            var response = Response.data { json in
                json.beginObject()
                json.pair("total", statistics.total)
                json.key("by_status")
                json.beginObject()
                for status in CustomerStatus.allCases {
                    json.key(string: status.rawValue)
                    json.value(statistics.byStatus[status] ?? 0)
                }
                json.endObject()
                json.pair("deleted", statistics.deleted)
                json.pair("counted_at", counted.time.description)
                json.endObject()
            }
            let age = (parts.time.now().microseconds - counted.time.microseconds) / 1_000_000
            response.headers["age"] = HeaderValue(withoutControls: String(max(0, age)))
            return response
        }
    }

    private struct Counts: Sendable {
        let total: Int
        let byStatus: [CustomerStatus: Int]
        let deleted: Int
    }

    /// Of who does not see the whole scope: counted as his lists are.
    private func own(_ caller: Caller, _ transaction: ScopedTransaction) async throws -> Counts {
        func count(_ filters: [String], deleted: DeletedRows) async throws -> Int {
            var query = try ListQuery(
                ListParameters(limit: "1", filters: filters, count: "true", deleted: deleted.rawValue),
                of: customers.source
            )
            for bound in try customers.bounds(of: caller) { query = query.adding(bound) }
            let page = try await Listing(transaction, scope: caller.principal.tenantID, cursors: parts.cursors)
                .page(of: customers.source, query)
            return page.total ?? 0
        }
        var byStatus: [CustomerStatus: Int] = [:]
        for status in CustomerStatus.allCases {
            byStatus[status] = try await count(["status:eq:\(status.rawValue)"], deleted: .exclude)
        }
        return Counts(
            total: byStatus.values.reduce(0, +),
            byStatus: byStatus,
            deleted: try await count([], deleted: .only)
        )
    }

    // MARK: - Notes and history

    /// A list below one customer, who must be the caller's to see.
    func below<Row>(_ resource: Resource<Row>) throws -> GatewayRoute {
        try GatewayRoute(
            .get,
            PathPattern(resource.path),
            operationID: "list\(resource.noun.many)",
            metadata: Access(
                .permission(resource.read),
                operation: Operation(
                    resource.tag,
                    "A page of a customer's \(resource.noun.many.lowercasedWords).",
                    parameters: ListDescription.parameters(resource.source),
                    .page(resource.schema)
                )
            )
        ) { request in
            let id = CustomerID(try request.pathID())
            let filter = try ListFilter.equal("customer_id", id, of: resource.source)
            let query = try resource.query(request, try request.caller, adding: [filter])
            let page = try await parts.read(request) { transaction, caller in
                _ = try await customers.found(id.value, transaction, caller, includingDeleted: true)
                return try await Listing(transaction, scope: caller.principal.tenantID, cursors: parts.cursors)
                    .page(of: resource.source, query)
            }
            return try resource.answer(page, query, to: request)
        }
    }

    /// The same as a file.
    private func exportBelow<Row>(_ resource: Resource<Row>) throws -> GatewayRoute {
        try GatewayRoute(
            .get,
            PathPattern(resource.path + "/export"),
            operationID: "export\(resource.noun.many)",
            metadata: Access(
                .permissions([resource.read, .exportsCreate]),
                operation: Operation(
                    resource.tag,
                    "All of a customer's \(resource.noun.many.lowercasedWords) as a file.",
                    parameters: [ExportFormat.parameter] + ListDescription.parameters(resource.source, isPaged: false),
                    .other(ExportFormat.contentTypes)
                )
            )
        ) { request in
            let id = CustomerID(try request.pathID())
            let filter = try ListFilter.equal("customer_id", id, of: resource.source)
            let query = try resource.query(request, try request.caller, adding: [filter])
            _ = try await parts.read(request) { transaction, caller in
                try await customers.found(id.value, transaction, caller, includingDeleted: true)
            }
            return try await resource.file(query, request, parts)
        }
    }

    private func notes() throws -> GatewayRoute { try below(.customerNotes) }
    private func history() throws -> GatewayRoute { try below(.serviceHistory) }

    private struct NoteInput: Sendable {
        var text = ""
        static let shape = InputShape([InputField("text", .text(10_000, minimum: 1), \NoteInput.text, isRequired: true)]
        )
    }

    private func addNote() throws -> GatewayRoute {
        let notes = Resource<CustomerNote>.customerNotes
        return try GatewayRoute(
            .post,
            PathPattern(notes.path),
            operationID: "addCustomerNote",
            metadata: Access(
                .permission(.customersUpdate),
                repetition: .keyed,
                operation: Operation(
                    "customers",
                    "Writes something down about a customer.",
                    body: .json(NoteInput.shape.schema(isWhole: true)),
                    status: 201,
                    .data(notes.schema)
                )
            )
        ) { request in
            let id = CustomerID(try request.pathID())
            var input = NoteInput()
            try NoteInput.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let (text, author) = (input.text, try await parts.author(try request.caller))
            return try await parts.change(request) { work in
                _ = try await customers.found(id.value, work.transaction, work.caller)
                let change = try await CustomerWriter(work.transaction, ids: parts.ids)
                    .addNote(id, author: author, text: text)
                work.record(.create, change, notes)
                guard let note = change.after else { throw Problem.notFound }
                return try notes.answer(note, to: request, status: 201)
            }
        }
    }

    // MARK: - Import

    private var importing: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/customers/import",
            operationID: "importCustomers",
            metadata: Access(
                .permission(.customersImport),
                operation: Operation(
                    "customers",
                    "Takes customers from a CSV file; one line of the answer for each of its records, and a summary. It ends "
                        + "behind 1,000 records that are wrong or 200,000; 207 where it ended before its file.",
                    parameters: [
                        Operation.idempotencyKey,
                        Operation.Parameter(
                            "dry_run",
                            .choice(["true", "false"]),
                            "Only tells what would become of it."
                        ),
                        Operation.Parameter("tenant_id", .uuid, "Whose they become, unless one's own tenant's."),
                    ],
                    body: .stream(contentType: "text/csv"),
                    .other(["application/x-ndjson"])
                )
            ),
            bodyLimit: 64 << 20,
            handlerTime: .seconds(600),
            // Before the handler's own time is over: what was stored must be told.
            bodyTime: .seconds(540)
        ) { request in try await CustomerImporting(parts).answer(request) }
    }
}

extension Customer {
    /// Before anything is said about him.
    static let blank = Customer(
        tenantID: TenantID(.zero),
        id: CustomerID(.zero),
        code: "",
        name: "",
        phone: "",
        address: ""
    )
}

extension Parts {
    /// What somebody is called beside what he wrote: his e-mail address.
    func author(_ caller: Caller) async throws -> String { try await accounts.me(caller.principal).email }
}
