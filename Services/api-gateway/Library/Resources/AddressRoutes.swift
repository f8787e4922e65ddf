import Domain
import HTTPServer
import Identity
import Persistence

/// Fixed addresses given and taken back, and leases ended (IPAM-14).
struct AddressRoutes {
    private let parts: Parts
    private let services = Resource<Service>.services

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [allocate, release, releaseLease] }

    /// A service with what it was given, or has no more.
    struct Fixed: Sendable {
        let service: Service
        var pool: IPPool?
        let unit: IPPrefix
        var sessions: [SessionID] = []
    }

    private static let given = View<Fixed>([
        .init("service_id", .uuid) { .id($0.service.id) }, .init("tenant_id", .uuid) { .id($0.service.tenantID) },
        .init("username", .text()) { .text($0.service.username) }, .init("address", .text()) { .described($0.unit) },
        .init("pool_id", .uuid) { .id($0.pool?.id) }, .init("pool_name", .text()) { .text($0.pool?.name) },
        .init("use", .choice(["ipv4", "ipv6", "delegated"])) { .text($0.pool.map { "\($0.use.name)" }) },
    ])

    private static let taken = View<Fixed>([
        .init("service_id", .uuid) { .id($0.service.id) }, .init("tenant_id", .uuid) { .id($0.service.tenantID) },
        .init("username", .text()) { .text($0.service.username) }, .init("address", .text()) { .described($0.unit) },
        .init("sessions", .list(.uuid)) { .texts($0.sessions.map(\.description)) },
    ])

    // MARK: - Allocate

    private enum Family: String, CaseIterable, Sendable {
        case ipv4, ipv6
    }

    private struct Wish: Sendable {
        var service = ServiceID(.zero)
        var pool = PoolID(.zero)
        var address: IPPrefix?
        var family: Family?

        static let shape = InputShape<Wish>([
            InputField("service_id", .id(), \.service, isRequired: true),
            InputField("pool_id", .id(), \.pool, isRequired: true),
            InputField("address", .prefix, clearable: \.address),
            InputField("family", .choice(), clearable: \.family),
        ])
    }

    private var allocate: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/network/ipam/allocate",
            operationID: "allocateAddress",
            metadata: Access(
                .permission(.ipamAllocate),
                repetition: .keyed,
                operation: Operation(
                    "ipam",
                    "Gives a service an address or prefix of a pool for good: the one that is named, or one that nobody has.",
                    body: .json(Wish.shape.schema(isWhole: true)),
                    status: 201,
                    .data(Self.given.schema)
                )
            )
        ) { request in
            var wish = Wish()
            try Wish.shape.apply(try await request.payload(), to: &wish, isWhole: true)
            let wanted = wish
            // Another who writes a service meets it at the unique index alone: then there is another to choose.
            for _ in 0..<3 where wanted.address == nil {
                do {
                    return try await allocate(wanted, request)
                } catch PersistenceError.alreadyExists {}
            }
            do {
                return try await allocate(wanted, request)
            } catch PersistenceError.alreadyExists {
                throw Problem.conflict(
                    "address_taken",
                    "Another service was given it at this moment.",
                    field: "/address"
                )
            }
        }
    }

    private func allocate(_ wish: Wish, _ request: Request) async throws -> Response {
        try await parts.change(request) { work in
            _ = try await services.found(wish.service.value, work.transaction, work.caller)
            let pool = try await Resource<IPPool>.pools.found(wish.pool.value, work.transaction, work.caller)
            if let family = wish.family, (family == .ipv4) != (pool.use == .ipv4) {
                throw Problem.invalid("/family", "is not the pool's")
            }
            let given = try await refusing(work.caller) {
                try await FixedAddresses(work.transaction).assign(wish.service, from: pool.id, wish.address) {
                    try await parts.leases.owners($0)
                }
            }
            let service = given.change.after ?? given.change.before
            guard let service else { throw Problem.notFound }
            let fixed = Fixed(service: service, pool: given.pool, unit: given.unit)
            if given.change.before != given.change.after {
                work.record(
                    .ipAllocate,
                    AuditResource("service", service.id),
                    of: service.tenantID,
                    .created(Self.given.auditValue(fixed))
                )
            }
            return Self.given.answer(fixed, status: .created)
        }
    }

    // MARK: - Release

    private struct Farewell: Sendable {
        var service = ServiceID(.zero)
        var address: IPPrefix?
        var force = false

        static let shape = InputShape<Farewell>([
            InputField("service_id", .id(), \.service, isRequired: true),
            InputField("address", .prefix, clearable: \.address), InputField("force", .flag, \.force),
        ])
    }

    private var release: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/network/ipam/release",
            operationID: "releaseAddress",
            metadata: Access(
                .permission(.ipamRelease),
                repetition: .keyed,
                operation: Operation(
                    "ipam",
                    """
                    Takes a service's fixed address or prefix back. While a session stands on it only with force: the session \
                    keeps it until it ends, and a pool may give it to another before that.
                    """,
                    body: .json(Farewell.shape.schema(isWhole: true)),
                    .data(Self.taken.schema)
                )
            )
        ) { request in
            var body = Farewell()
            try Farewell.shape.apply(try await request.payload(), to: &body, isWhole: true)
            let wanted = body
            return try await parts.change(request) { work in
                _ = try await services.found(wanted.service.value, work.transaction, work.caller)
                let done = try await refusing(work.caller) {
                    try await FixedAddresses(work.transaction)
                        .release(wanted.service, wanted.address, force: wanted.force)
                }
                guard let service = done.change.after else { throw Problem.notFound }
                let fixed = Fixed(service: service, unit: done.unit, sessions: done.sessions)
                work.record(
                    .ipRelease,
                    AuditResource("service", service.id),
                    of: service.tenantID,
                    .deleted(Self.taken.auditValue(fixed))
                )
                return Self.taken.answer(fixed)
            }
        }
    }

    // MARK: - Leases

    private struct Insistence: Sendable {
        var force = false
        static let shape = InputShape<Insistence>([InputField("force", .flag, \.force)])
    }

    /// An intent: accounting-consumer, which keeps Redis true, carries it out (decision 0008).
    private var releaseLease: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/network/ipam/leases/{id:uuid}/release",
            operationID: "releaseLease",
            metadata: Access(
                .permission(.ipamRelease),
                repetition: .keyed,
                operation: Operation(
                    "ipam",
                    """
                    Asks for the end of a lease that is stuck; the operation tells what became of it. While a session stands on \
                    it only with force: its NAS goes on using the address, which the pool may give to another.
                    """,
                    body: .json(Insistence.shape.schema(isWhole: true)),
                    status: 202,
                    .data(Resource<StoredOperation>.operations.schema)
                )
            )
        ) { request in
            let id = try request.pathID()
            var body = Insistence()
            try Insistence.shape.apply(try await request.payload(), to: &body, isWhole: true)
            let force = body.force
            return try await parts.change(request) { work in
                let leases = LeaseRepository(work.transaction)
                guard let lease = try await leases.find(id) else { throw Problem.notFound }
                try Resource<Lease>.leases.see(lease, work.caller)
                switch lease.status {
                case "released": throw Problem.conflict("lease_ended", "The lease has ended.")
                case "reserved":
                    throw Problem.conflict(
                        "lease_kept",
                        "Nobody has it; the pool keeps it for who had it last, for its sticky_seconds."
                    )
                default: break
                }
                let sessions = try await leases.openSessions(on: lease)
                if !force, !sessions.isEmpty { throw Self.inUse(sessions) }
                return try await ask(lease, sessions, work, request)
            }
        }
    }

    private func ask(
        _ lease: Lease,
        _ sessions: [SessionID],
        _ work: Work,
        _ request: Request
    ) async throws -> Response {
        let operation = try await OperationRepository(work.transaction).insert(
            StoredOperation(
                tenantID: lease.tenantID,
                id: parts.ids.uuid(),
                kind: "lease_release",
                resourceType: "lease",
                resourceID: lease.id,
                requestedBy: work.caller.audit.actor.id
            )
        )
        work.record(
            .ipRelease,
            AuditResource("lease", lease.id),
            of: lease.tenantID,
            .created([
                "operation_id": .text(operation.id.description), "address": .text(lease.unit),
                "service_id": .text(lease.serviceID.description),
                "sessions": .list(sessions.map { .text($0.description) }),
            ])
        )
        let operations = Resource<StoredOperation>.operations
        var response = try operations.answer(operation, to: request, status: .accepted)
        response.headers["location"] = HeaderValue(withoutControls: "\(operations.path)/\(operation.id)")
        return response
    }

    // MARK: - Refusals

    private func refusing<Success>(
        _ caller: Caller,
        _ body: () async throws -> Success
    ) async throws -> Success {
        do {
            return try await body()
        } catch let refusal as FixedAddressRefusal {
            throw Self.problem(refusal, caller)
        }
    }

    private static func inUse(_ sessions: [SessionID]) -> Problem {
        let names = sessions.prefix(3).map(\.description).joined(separator: ", ")
        return .conflict("session_open", "A session stands on it: \(names). End it first, or force.", field: "/force")
    }

    private static func problem(_ refusal: FixedAddressRefusal, _ caller: Caller) -> Problem {
        switch refusal {
        case .poolInactive: .conflict("pool_inactive", "The pool hands nothing out.", field: "/pool_id")
        case .hasAnother(let unit):
            .conflict("already_allocated", "The service has \(unit): release that first.", field: "/service_id")
        case .outside: .conflict("address_outside", "It is no unit of the pool.", field: "/address")
        case .reserved:
            .conflict(
                "address_reserved",
                "It is the network's, the gateway's, a DNS server's or excluded.",
                field: "/address"
            )
        case .taken(let holder): .conflict("address_taken", told(holder, caller), field: "/address")
        case .exhausted: .conflict("pool_exhausted", "Every address of the pool is somebody's.", field: "/pool_id")
        case .notNamed:
            .conflict(
                "not_allocated",
                "The service has no such address for good, or several: name one.",
                field: "/address"
            )
        case .inUse(let sessions): inUse(sessions)
        }
    }

    /// By whom, as far as the caller may know.
    private static func told(_ holder: FixedAddressRefusal.Holder, _ caller: Caller) -> String {
        let seen = caller.principal.permissions
        switch holder {
        case .service(let id, let username):
            return seen.contains(.servicesRead)
                ? "Service \(username) (\(id)) has it for good." : "It is another's for good."
        case .lease(let id):
            return seen.contains(.leasesRead)
                ? "Service \(id) has a lease of it, or it is kept for it." : "It is leased."
        case .session(let id):
            return seen.contains(.sessionsRead) ? "Session \(id) has it." : "A session has it."
        }
    }
}
