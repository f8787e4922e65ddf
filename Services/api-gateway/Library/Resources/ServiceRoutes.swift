import Domain
import HTTPServer
import Identity
import Persistence
import WireFormat

extension Resource where Row == Service {
    static let services = Resource(
        .services,
        path: "/api/v1/services",
        noun: ("Service", "Services"),
        tag: "services",
        auditType: "service",
        read: .servicesRead,
        own: .field("customer_id"),
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID, customerID: $0.customerID) },
        version: { $0.stamp?.version },
        schemas: [
            "customer_id": .uuid, "plan_id": .uuid, "username": .text(253),
            "kind": .choice(ServiceKind.allCases.map(\.rawValue)),
            "status": .choice(ServiceStatus.allCases.map(\.rawValue)), "session_limit": .nullable(.integer(1...5)),
            "installation_status": .nullable(.choice(Installation.Status.allCases.map(\.rawValue))),
        ]
    ) { transaction, id, _ in try await ServiceRepository(transaction).find(ServiceID(id)) }
}

/// What a body says about a service.
struct ServiceInput: Sendable {
    var service: Service

    static let common: [InputField<ServiceInput>] = [
        InputField("plan_id", .id(), \.service.planID, isRequired: true),
        InputField("username", .text(253, minimum: 1), \.service.username, isRequired: true),
        InputField("kind", .choice(), \.service.kind),
        InputField("status", .choice(), \.service.status),
        InputField("expires_at", .time, clearable: \.service.expiresAt),
        InputField("session_limit", .whole(1...5), clearable: \.service.sessionLimit),
        InputField("static_ipv4", .address, clearable: \.service.staticIPv4),
        InputField("framed_ipv6_prefix", .prefix, clearable: \.service.framedIPv6Prefix),
        InputField("delegated_ipv6_prefix", .prefix, clearable: \.service.delegatedIPv6Prefix),
        InputField("service_address", .text(500, minimum: 1), clearable: \.service.installation.address),
        InputField("installation_status", .choice(), clearable: \.service.installation.status),
        InputField("cpe_serial", .text(100, minimum: 1), clearable: \.service.installation.deviceSerial),
        InputField("cpe_mac", .mac, clearable: \.service.installation.deviceMAC),
        InputField("router_id", .id(), clearable: \.service.routerID),
    ]

    static let creation = InputShape(
        [InputField("customer_id", .id(), \ServiceInput.service.customerID, isRequired: true)] + common
    )
    static let change = InputShape(common)
}

/// Services, and what documents call RADIUS subscribers: the same thing (RAD-15, SES-03).
struct ServiceRoutes {
    private let parts: Parts
    private let services = Resource<Service>.services

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        get throws {
            try services.reading(parts) + [
                create(), update(), delete(), services.list(parts, at: "/api/v1/subscribers", named: "listSubscribers"),
                suspend(), bandwidth(), unbind(), resume(),
            ] + SubscriberRoutes(parts).routes + CredentialRoutes(parts).routes
        }
    }

    private func create() throws -> GatewayRoute {
        try services.create(parts, .servicesCreate, body: ServiceInput.creation.schema(isWhole: true)) { body, work in
            var input = ServiceInput(service: .blank)
            try ServiceInput.creation.apply(body, to: &input, isWhole: true)
            _ = try await Resource<Customer>.customers.found(
                input.service.customerID.value,
                work.transaction,
                work.caller
            )
            return try await Self.insert(input.service, work)
        }
    }

    /// Makes a service of a customer whom the caller may see.
    static func insert(_ wanted: Service, _ work: Work) async throws -> Change<Service> {
        try addresses(from: Service.blank, to: wanted, work.caller)
        return try await ServiceWriter(work.transaction, ids: work.parts.ids).create(
            customer: wanted.customerID,
            plan: wanted.planID,
            username: wanted.username
        ) { $0 = wanted }
    }

    private func update() throws -> GatewayRoute {
        try services.update(
            parts,
            .servicesUpdate,
            body: ServiceInput.change.schema(isWhole: false),
            action: { $0.before?.planID == $0.after?.planID ? .update : .planChange }
        ) { id, version, body, work in
            try await ServiceWriter(work.transaction, ids: work.parts.ids).update(ServiceID(id), expecting: version) {
                var input = ServiceInput(service: $0)
                try ServiceInput.change.apply(body, to: &input, isWhole: false)
                if input.service.planID != $0.planID { try Self.demand(.radiusChangePlan, work.caller) }
                try Self.addresses(from: $0, to: input.service, work.caller)
                $0 = input.service
            }
        }
    }

    private static func demand(_ permission: Permission, _ caller: Caller) throws(Problem) {
        guard caller.principal.permissions.contains(permission) else { throw .forbidden }
    }

    /// Who gives a service addresses of its own takes them out of the tenant's, and who takes them away gives them back: both have
    /// permissions of their own.
    private static func addresses(from old: Service, to new: Service, _ caller: Caller) throws(Problem) {
        let pairs = [
            (old.staticIPv4?.description, new.staticIPv4?.description),
            (old.framedIPv6Prefix?.description, new.framedIPv6Prefix?.description),
            (old.delegatedIPv6Prefix?.description, new.delegatedIPv6Prefix?.description),
        ]
        for (old, new) in pairs where old != new {
            if new != nil { try demand(.ipamAllocate, caller) }
            if old != nil { try demand(.ipamRelease, caller) }
        }
    }

    private func delete() throws -> GatewayRoute {
        try services.delete(parts, .servicesDelete) { id, version, work in
            try await ServiceWriter(work.transaction, ids: work.parts.ids).delete(ServiceID(id), expecting: version)
        }
    }

    // MARK: - As documents name them

    /// A change of one service at a path of its own, without If-Match: it says what it is to be, whatever it was.
    private func set(
        _ method: HTTPMethod,
        _ name: String,
        operationID: String,
        _ permission: Permission,
        _ summary: String,
        action: AuditAction = .update,
        body: Schema? = nil,
        _ edit: @escaping @Sendable (Service, JSONValue?, Work) async throws -> Change<Service>
    ) throws -> GatewayRoute {
        try GatewayRoute(
            method,
            PathPattern("/api/v1/radius/subscribers/{id:uuid}/\(name)"),
            operationID: operationID,
            metadata: Access(
                .permission(permission),
                operation: Operation("services", summary, body: body.map { .json($0) }, .data(services.schema))
            )
        ) { request in
            let id = try request.pathID()
            let payload = body == nil ? nil : try await request.payload()
            return try await parts.change(request) { work in
                let service = try await services.found(id, work.transaction, work.caller)
                let change = try await edit(service, payload, work)
                work.record(action, change, services)
                return try services.answer(change.after ?? service, to: request)
            }
        }
    }

    private func suspend() throws -> GatewayRoute {
        try set(
            .put,
            "suspend",
            operationID: "suspendSubscriber",
            .servicesUpdate,
            "Suspends a subscriber: his next login is refused or confined."
        ) { service, _, work in
            try await ServiceWriter(work.transaction, ids: work.parts.ids).update(service.id) { $0.status = .suspended }
        }
    }

    private func resume() throws -> GatewayRoute {
        try set(
            .put,
            "resume",
            operationID: "resumeSubscriber",
            .servicesUpdate,
            "Lets a suspended subscriber in again."
        ) { service, _, work in
            try await ServiceWriter(work.transaction, ids: work.parts.ids).update(service.id) { $0.status = .active }
        }
    }

    private struct PlanChoice: Sendable {
        var plan = PlanID(.zero)
        static let shape = InputShape([InputField("plan_id", .id(), \PlanChoice.plan, isRequired: true)])
    }

    private func bandwidth() throws -> GatewayRoute {
        try set(
            .put,
            "bandwidth",
            operationID: "changeSubscriberPlan",
            .radiusChangePlan,
            "Gives a subscriber another plan, and with it another speed.",
            action: .planChange,
            body: PlanChoice.shape.schema(isWhole: true)
        ) { service, body, work in
            var choice = PlanChoice()
            try PlanChoice.shape.apply(body ?? .null, to: &choice, isWhole: true)
            let plan = choice.plan
            return try await ServiceWriter(work.transaction, ids: work.parts.ids).update(service.id) {
                $0.planID = plan
            }
        }
    }

    private func unbind() throws -> GatewayRoute {
        try set(
            .delete,
            "mac-binding",
            operationID: "resetSubscriberDevice",
            .servicesUpdate,
            "Forgets the device that a subscriber is bound to."
        ) { service, _, work in
            try await ServiceWriter(work.transaction, ids: work.parts.ids).unbind(service.id)
        }
    }
}

extension Service {
    /// Before anything is said about it.
    static let blank = Service(
        tenantID: TenantID(.zero),
        id: ServiceID(.zero),
        customerID: CustomerID(.zero),
        planID: PlanID(.zero),
        username: ""
    )
}
