import Domain
import HTTPServer
import Identity
import Persistence
import WireFormat

/// What is held about a person, and its end (SEC-09, F-20).
struct PersonalDataRoutes {
    private let parts: Parts
    private let customers = Resource<Customer>.customers

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { get throws { try [document(), preview(), erase()] } }

    // MARK: - Export

    private func document() throws -> GatewayRoute {
        try GatewayRoute(
            .get,
            PathPattern("\(customers.path)/{id:uuid}/personal-data"),
            operationID: "exportPersonalData",
            metadata: Access(
                .permission(.personalDataExport),
                operation: Operation(
                    "customers",
                    "All that is held about a customer as one document, without passwords and secrets; of each part its newest "
                        + "\(PersonalDataReader.limit), and whether there are more. Notes and the audit trail for who may read them.",
                    .data(PersonalDataDocument.schema)
                )
            ),
            handlerTime: .seconds(60)
        ) { request in
            let id = try request.pathID()
            let caller = try request.caller
            // What the house remarks of somebody is the staff's, as in the lists.
            var isStaff = true
            if case .customer = caller.principal.reach { isStaff = false }
            let (notes, audit) = (isStaff, isStaff && caller.principal.permissions.contains(.auditRead))
            let scope = parts.database.scope(caller.principal.tenantID)
            let (customer, data) = try await scope.moment { transaction in
                let customer = try await customers.found(id, transaction, caller, includingDeleted: true)
                let reader = PersonalDataReader(transaction, of: customer)
                return (customer, try await reader.read(notes: notes, audit: audit))
            }
            try await parts.recordRead(
                caller,
                .export,
                AuditResource(customers.auditType, customer.id),
                of: customer.tenantID,
                detail: ["document": "personal_data", "with_audit": .bool(audit)]
            )
            let hidden = customers.hidden(from: caller)
            let columns = customers.source.columns.filter { !hidden.contains($0.name) }
            let document = PersonalDataDocument(customer, data, madeAt: parts.time.now(), columns: columns)
            var response = Response.data { document.write(to: &$0) }
            response.headers["content-disposition"] = HeaderValue(
                withoutControls: "attachment; filename=\"personal-data-\(customer.id).json\""
            )
            return response
        }
    }

    // MARK: - Preview

    private static let preview = View<(CustomerID, Customer, ErasurePreview)>([
        .init("customer_id", .uuid) { .id($0.0) }, .init("erased_at", .nullable(.time)) { .time($0.1.erasedAt) },
        .init("is_ready", .boolean) { .boolean($0.2.refusal == nil) },
        .init("living_services", count) { .integer($0.2.livingServices) },
        .init("open_sessions", count) { .integer($0.2.openSessions) },
        .init("contacts", count) { .integer($0.2.contacts) }, .init("notes", count) { .integer($0.2.notes) },
        .init("services", count) { .integer($0.2.services) },
        .init("service_changes", count) { .integer($0.2.serviceChanges) },
        .init("sessions", count) { .integer($0.2.sessions) }, .init("accounts", count) { .integer($0.2.accounts) },
        .init("audit_entries", count) { .integer($0.2.auditEntries) },
    ])

    private static let count = Schema.integer(0...Int64.max)

    private func preview() throws -> GatewayRoute {
        try GatewayRoute(
            .get,
            PathPattern("\(customers.path)/{id:uuid}/erasure"),
            operationID: "getErasurePreview",
            metadata: Access(
                .permission(.personalDataErase),
                operation: Operation(
                    "customers",
                    "How much erasing a customer would take, and whether a service or a session of his is in the way.",
                    .data(Self.preview.schema)
                )
            ),
            handlerTime: .seconds(60)
        ) { request in
            let id = try request.pathID()
            let found = try await parts.read(request) { transaction, caller in
                let customer = try await customers.found(id, transaction, caller, includingDeleted: true)
                let preview = try await CustomerErasure(transaction, ids: parts.ids).preview(customer)
                return (customer.id, customer, preview)
            }
            return Self.preview.answer(found)
        }
    }

    // MARK: - Erasure

    private struct ErasureInput: Sendable {
        var confirm = ""
        var reason = ""

        static let shape = InputShape([
            InputField("confirm", .text(64, minimum: 1), \ErasureInput.confirm, isRequired: true),
            InputField("reason", .text(500, minimum: 3), \ErasureInput.reason, isRequired: true),
        ])
    }

    private func erase() throws -> GatewayRoute {
        try GatewayRoute(
            .post,
            PathPattern("\(customers.path)/{id:uuid}/erase"),
            operationID: "eraseCustomer",
            metadata: Access(
                .permission(.personalDataErase),
                repetition: .keyed,
                operation: Operation(
                    "customers",
                    "Takes a customer's personal data out of everything for good. `confirm` is his code, `reason` is kept and names "
                        + "nobody; 409 while a service of his is not terminated or a session is open. Again it answers the same.",
                    body: .json(ErasureInput.shape.schema(isWhole: true)),
                    .data(customers.schema)
                )
            ),
            handlerTime: .seconds(120)
        ) { request in
            let id = try request.pathID()
            var input = ErasureInput()
            try ErasureInput.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let wanted = input
            var gone: [ErasedAccount] = []
            let response = try await parts.change(request) { work in
                let customer = try await customers.found(id, work.transaction, work.caller, includingDeleted: true)
                // Who was erased has another code than the one that was known.
                guard customer.erasedAt != nil || wanted.confirm == customer.code else {
                    throw Problem.invalid("/confirm", "is not the customer's code", code: "mismatch")
                }
                let outcome = try await CustomerErasure(work.transaction, ids: parts.ids)
                    .erase(customer.id, reason: wanted.reason, change(work.caller))
                record(outcome, wanted.reason, work)
                gone = outcome.accounts
                return try customers.answer(outcome.customer, to: request)
            }
            await parts.accounts.forget(gone)
            return response
        }
    }

    private func change(_ caller: Caller) -> IdentityChange {
        IdentityChange(
            now: parts.time.now(),
            ids: parts.ids,
            actorID: caller.principal.userID,
            sourceAddress: caller.origin.address.description,
            correlationID: caller.origin.correlationID,
            traceparent: caller.origin.traceparent
        )
    }

    /// Who, when and why; and for each lot of entries of the trail one that vouches for what is left of them.
    private func record(_ outcome: CustomerErasure.Outcome, _ reason: String, _ work: Work) {
        // Names that end in count are about a thing, also where a secret's name stands before: nothing is redacted.
        let affected = outcome.affected.map { ($0.key + "_count", AuditValue.integer(Int64($0.value))) }
        let counts: AuditValue = .object(Dictionary(affected, uniquingKeysWith: { first, _ in first }))
        for (index, left) in (outcome.left.isEmpty ? [[:]] : outcome.left).enumerated() {
            guard case .object(var members) = AuditErasure.vouching(for: left) else { continue }
            if index == 0 { members["affected"] = counts }
            work.record(
                .erase,
                AuditResource(customers.auditType, outcome.customer.id),
                of: outcome.customer.tenantID,
                .created(.object(members)),
                reason: reason
            )
        }
    }
}
