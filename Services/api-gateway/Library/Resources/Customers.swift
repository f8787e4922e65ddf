import Domain
import HTTPServer
import Persistence

extension Resource where Row == Customer {
    static let customers = Resource(
        .customers,
        path: "/api/v1/customers",
        noun: ("Customer", "Customers"),
        tag: "customers",
        auditType: "customer",
        read: .customersRead,
        own: .field("id"),
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID, customerID: $0.id) },
        version: { $0.stamp?.version },
        schemas: [
            "code": .text(64), "name": .text(200), "phone": .text(), "address": .text(),
            "latitude": .nullable(.number()), "longitude": .nullable(.number()),
            "status": .choice(CustomerStatus.allCases.map(\.rawValue)), "due_day": .integer(1...31),
            "installed_on": .nullable(.day), "tags": .list(.text()), "notes": .text(),
        ],
        // What the house remarks of somebody is not for him to read.
        staffOnly: ["tags", "notes"],
        cached: .customer
    ) { try await CustomerRepository($0).find(CustomerID($1), includingDeleted: $2) }
}

/// What a body says about a customer.
struct CustomerInput: Sendable {
    var tenant: TenantID?
    var customer: Customer
    var fee: String?
    var currency: Currency?

    init(_ customer: Customer) {
        self.customer = customer
        fee = customer.monthlyFee?.decimal
        currency = customer.monthlyFee?.currency
    }

    /// The customer with the values that stand in two members.
    func complete() throws(Problem) -> Customer {
        var complete = customer
        complete.monthlyFee = try .of(fee, currency, field: "monthly_fee")
        return complete
    }

    private static let common: [InputField<CustomerInput>] = [
        InputField("name", .text(200, minimum: 1), \.customer.name, isRequired: true),
        InputField("phone", .text(40, minimum: 1), \.customer.phone, isRequired: true),
        InputField("address", .text(500, minimum: 1), \.customer.address, isRequired: true),
        InputField("code", .text(64, minimum: 1), \.customer.code),
        InputField("email", .text(254), clearable: \.customer.email),
        InputField("status", .choice(), \.customer.status),
        InputField("due_day", .whole(1...31), \.customer.dueDay),
        InputField("notes", .text(10_000), \.customer.notes),
        InputField("tags", InputKind.text(50, minimum: 1).list(50), \.customer.tags),
        InputField("latitude", .degrees(90), clearable: \.customer.latitude),
        InputField("longitude", .degrees(180), clearable: \.customer.longitude),
        InputField("installed_on", .day, clearable: \.customer.installedOn),
        InputField("monthly_fee", .amount, clearable: \.fee),
        InputField("currency", .currency, clearable: \.currency),
    ]

    static let creation = InputShape([InputField("tenant_id", .id(), clearable: \CustomerInput.tenant)] + common)
    static let change = InputShape(common)
}

/// A customer's notes and his services' history.
extension Resource where Row == CustomerNote {
    static let customerNotes = Resource(
        .customerNotes,
        path: "/api/v1/customers/{id:uuid}/notes",
        noun: ("CustomerNote", "CustomerNotes"),
        tag: "customers",
        auditType: "customer_note",
        // The house's own remarks: nobody's whom they are about.
        read: .customersRead,
        own: .none,
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID) },
        schemas: ["author": .text(), "text": .text(), "customer_id": .uuid, "created_at": .time],
        isExported: false
    ) { _, _, _ in nil }
}

extension Resource where Row == ServiceChange {
    static let serviceHistory = Resource(
        .serviceHistory,
        path: "/api/v1/customers/{id:uuid}/service-history",
        noun: ("ServiceChange", "ServiceChanges"),
        tag: "customers",
        auditType: "service_change",
        read: .servicesRead,
        own: .field("customer_id"),
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID, customerID: $0.customerID) },
        schemas: [
            "service_id": .uuid, "customer_id": .uuid, "before": .object([], isOpen: true),
            "after": .nullable(.object([], isOpen: true)), "changed_at": .time,
        ],
        isExported: false
    ) { _, _, _ in nil }
}
