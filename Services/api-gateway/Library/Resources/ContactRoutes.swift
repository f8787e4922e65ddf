import Domain
import HTTPServer
import Persistence

extension Resource where Row == CustomerContact {
    static let customerContacts = Resource(
        .customerContacts,
        path: "/api/v1/customers/{id:uuid}/contacts",
        noun: ("CustomerContact", "CustomerContacts"),
        tag: "customers",
        auditType: "customer_contact",
        read: .customersRead,
        own: .field("customer_id"),
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID, customerID: $0.customerID) },
        version: { $0.stamp?.version },
        schemas: ["customer_id": .uuid, "name": .text(200), "role": .text(), "phone": .text()],
        isExported: false
    ) { _, _, _ in nil }
}

/// Whom to reach about a customer (CUS-07).
struct ContactRoutes {
    private let parts: Parts
    private let contacts = Resource<CustomerContact>.customerContacts
    private let customers = Resource<Customer>.customers

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        get throws { try [CustomerRoutes(parts).below(contacts), add(), update(), delete()] }
    }

    private static let shape = InputShape<CustomerContact>([
        InputField("name", .text(200, minimum: 1), \.name, isRequired: true),
        InputField("role", .text(100), \.role),
        InputField("phone", .text(40), \.phone),
        InputField("email", .text(254, minimum: 1), clearable: \.email),
    ])

    private func add() throws -> GatewayRoute {
        try route(
            .post,
            contacts.path,
            "addCustomerContact",
            Operation(
                "customers",
                "Adds somebody to reach about a customer.",
                body: .json(Self.shape.schema(isWhole: true)),
                status: 201,
                .data(contacts.schema)
            ),
            repetition: .keyed
        ) { request in
            let id = CustomerID(try request.pathID())
            let body = try await request.payload()
            return try await parts.change(request) { work in
                let customer = try await customers.found(id.value, work.transaction, work.caller)
                var contact = CustomerContact(
                    tenantID: customer.tenantID,
                    id: parts.ids.uuid(),
                    customerID: id,
                    name: ""
                )
                try Self.shape.apply(body, to: &contact, isWhole: true)
                let change = try await CustomerContactWriter(work.transaction).create(contact)
                work.record(.create, change, contacts)
                guard let row = change.after else { throw Problem.notFound }
                var response = try contacts.answer(row, to: request, status: .created)
                response.headers["location"] = HeaderValue(
                    withoutControls: "/api/v1/customers/\(id)/contacts/\(row.id)"
                )
                return response
            }
        }
    }

    private func update() throws -> GatewayRoute {
        try route(
            .patch,
            contacts.path + "/{contact:uuid}",
            "updateCustomerContact",
            Operation(
                "customers",
                "Changes a contact of a customer.",
                parameters: [Operation.ifMatch],
                body: .json(Self.shape.schema(isWhole: false)),
                .data(contacts.schema)
            )
        ) { request in
            let (id, contact) = (CustomerID(try request.pathID()), try request.pathID("contact"))
            let version = try request.expectedVersion()
            let body = try await request.payload()
            return try await parts.change(request) { work in
                _ = try await customers.found(id.value, work.transaction, work.caller)
                let change = try await CustomerContactWriter(work.transaction)
                    .update(contact, of: id, expecting: version) { try Self.shape.apply(body, to: &$0, isWhole: false) }
                work.record(.update, change, contacts)
                guard let row = change.after else { throw Problem.notFound }
                return try contacts.answer(row, to: request)
            }
        }
    }

    private func delete() throws -> GatewayRoute {
        try route(
            .delete,
            contacts.path + "/{contact:uuid}",
            "deleteCustomerContact",
            Operation(
                "customers",
                "Removes a contact of a customer.",
                parameters: [Operation.ifMatch],
                status: 204,
                .empty
            )
        ) { request in
            let (id, contact) = (CustomerID(try request.pathID()), try request.pathID("contact"))
            let version = try request.expectedVersion()
            return try await parts.change(request) { work in
                _ = try await customers.found(id.value, work.transaction, work.caller)
                let change = try await CustomerContactWriter(work.transaction)
                    .delete(contact, of: id, expecting: version)
                work.record(.delete, change, contacts)
                return Response(.noContent)
            }
        }
    }

    private func route(
        _ method: HTTPMethod,
        _ path: String,
        _ operationID: String,
        _ operation: Operation,
        repetition: Access.Repetition = .unkeyed,
        _ handler: @escaping RouteHandler
    ) throws -> GatewayRoute {
        GatewayRoute(
            method,
            try PathPattern(path),
            operationID: operationID,
            metadata: Access(.permission(.customersUpdate), repetition: repetition, operation: operation),
            handler: handler
        )
    }
}
