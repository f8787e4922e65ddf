import Domain
import HTTPServer
import Persistence

extension Resource where Row == StoredOperation {
    static let operations = Resource(
        .operations,
        path: "/api/v1/operations",
        noun: ("Operation", "Operations"),
        tag: "operations",
        auditType: "operation",
        read: .sessionsRead,
        own: .field("customer_id"),
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID, customerID: $0.customerID) },
        version: { $0.stamp?.version },
        schemas: [
            "kind": .text(), "state": .choice(StoredOperation.State.allCases.map(\.rawValue)), "resource_type": .text(),
            "resource_id": .uuid, "requested_by": .uuid,
        ],
        isExported: false
    ) { transaction, id, _ in try await OperationRepository(transaction).find(id) }
}

/// What was accepted and goes on elsewhere.
struct OperationsRoutes {
    private let parts: Parts

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { get throws { try Resource<StoredOperation>.operations.reading(parts) } }
}
