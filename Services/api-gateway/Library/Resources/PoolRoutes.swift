import Domain
import HTTPServer
import Persistence
import WireFormat

extension Resource where Row == IPPool {
    static let pools = Resource(
        .pools,
        path: "/api/v1/network/ipam/pools",
        noun: ("AddressPool", "AddressPools"),
        tag: "ipam",
        auditType: "ip_pool",
        read: .poolsRead,
        own: .none,
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID) },
        version: { $0.stamp?.version },
        schemas: [
            "name": .text(100), "range": .text(), "use": .choice(["ipv4", "ipv6", "delegated"]),
            "unit_length": .integer(1...128), "dns_servers": .list(.text()), "exclusions": .list(.text()),
            "sticky_seconds": .integer(0...Int64.max),
        ]
    ) { transaction, id, _ in try await PoolRepository(transaction).find(PoolID(id)) }
}

extension Resource where Row == Lease {
    static let leases = Resource(
        .leases,
        path: "/api/v1/network/ipam/leases",
        noun: ("Lease", "Leases"),
        tag: "ipam",
        auditType: "lease",
        read: .leasesRead,
        own: .none,
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID) },
        schemas: [
            "pool_id": .uuid, "service_id": .uuid, "unit": .text(),
            "status": .choice(["allocated", "reserved", "released"]), "allocated_at": .time,
        ],
        recordedReads: .all
    ) { _, _, _ in nil }
}

/// What a body says about a pool.
struct PoolInput: Sendable {
    var tenant: TenantID?
    var pool: IPPool
    var unitLength: Int?

    private static let common: [InputField<PoolInput>] = [
        InputField("name", .text(100, minimum: 1), \.pool.name, isRequired: true),
        InputField("gateway", .address, clearable: \.pool.gateway),
        InputField("dns_servers", InputKind.address.list(4), \.pool.dnsServers),
        InputField("exclusions", InputKind.prefix.list(IPPool.mostExclusions), \.pool.exclusions),
        InputField("sticky_seconds", .whole(0...31_536_000), \.pool.stickySeconds),
        InputField("is_active", .flag, \.pool.isActive),
    ]

    static let creation = InputShape(
        [
            InputField("tenant_id", .id(), clearable: \PoolInput.tenant),
            InputField("range", .prefix, \.pool.range, isRequired: true),
            InputField("use", .poolUse, \.pool.use, isRequired: true),
            InputField("unit_length", .whole(1...128), clearable: \.unitLength),
        ] + common
    )
    static let change = InputShape(common)
}

extension InputKind where Value == AddressPool.Use {
    static var poolUse: InputKind {
        InputKind(.choice(["ipv4", "ipv6", "delegated"]), "ipv4, ipv6 or delegated") {
            $0.text.flatMap { AddressPool.Use(name: $0) }
        }
    }
}

/// Pools of addresses, what is handed out of them, and who had an address when (IPAM-14).
struct PoolRoutes {
    private let parts: Parts
    private let pools = Resource<IPPool>.pools
    private let leases = Resource<Lease>.leases

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        get throws {
            try pools.reading(parts) + [
                create(), update(), delete(), leases.list(parts), leases.export(parts), holders,
            ]
        }
    }

    private func create() throws -> GatewayRoute {
        try pools.create(parts, .poolsCreate, body: PoolInput.creation.schema(isWhole: true)) { body, work in
            var input = PoolInput(pool: .blank)
            try PoolInput.creation.apply(body, to: &input, isWhole: true)
            let wanted = input.pool
            return try await PoolWriter(work.transaction, ids: work.parts.ids).create(
                tenant: try work.caller.principal.target(input.tenant),
                name: wanted.name,
                range: wanted.range,
                use: wanted.use,
                unitLength: input.unitLength
            ) { pool in
                pool.gateway = wanted.gateway
                pool.dnsServers = wanted.dnsServers
                pool.exclusions = wanted.exclusions
                pool.stickySeconds = wanted.stickySeconds
                pool.isActive = wanted.isActive
            }
        }
    }

    private func update() throws -> GatewayRoute {
        try pools.update(parts, .poolsUpdate, body: PoolInput.change.schema(isWhole: false)) {
            id,
            version,
            body,
            work in
            try await PoolWriter(work.transaction, ids: work.parts.ids).update(PoolID(id), expecting: version) {
                var input = PoolInput(pool: $0)
                try PoolInput.change.apply(body, to: &input, isWhole: false)
                $0 = input.pool
            }
        }
    }

    private func delete() throws -> GatewayRoute {
        try pools.delete(parts, .poolsDelete) { id, version, work in
            try await PoolWriter(work.transaction, ids: work.parts.ids).delete(PoolID(id), expecting: version)
        }
    }

    // MARK: - Who had it

    private static let holder = View<AddressHolder>([
        .init("source", .choice(["allocation", "session"])) { .text($0.source.rawValue) },
        .init("tenant_id", .uuid) { .id($0.tenantID) }, .init("unit", .text()) { .described($0.unit) },
        .init("service_id", .nullable(.uuid)) { .id($0.serviceID) },
        .init("username", .nullable(.text())) { .text($0.username) },
        .init("nas_id", .nullable(.uuid)) { .id($0.nasID) },
        .init("nas_name", .nullable(.text())) { .text($0.nasName) },
        .init("device", .nullable(.text())) { .text($0.device) },
        .init("admission_id", .nullable(.uuid)) { .id($0.admissionID) },
        .init("acct_session_id", .nullable(.text())) { .text($0.acctSessionID) },
        .init("from", .time) { .time($0.from) }, .init("until", .nullable(.time)) { .time($0.until) },
        .init("status", .text()) { .text($0.status) }, .init("pool_name", .nullable(.text())) { .text($0.poolName) },
    ])

    private var holders: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/network/ipam/holders",
            operationID: "listAddressHolders",
            metadata: Access(
                .permission(.leasesRead),
                operation: Operation(
                    "ipam",
                    "Who had an address or prefix, at a time or last; the newest first.",
                    parameters: [
                        Operation.Parameter(
                            "address",
                            .prefix,
                            "An IP address or prefix.",
                            isRequired: true
                        ),
                        Operation.Parameter("at", .time, "A time such as 2026-11-20T10:00:00Z."),
                        Operation.Parameter("limit", .integer(1...100), "At most so many, 10 unless said."),
                    ],
                    .page(Self.holder.schema)
                )
            )
        ) { request in
            let text = request.query["address"] ?? ""
            guard let prefix = InputKind.prefix.read(.text(text)) else {
                throw Problem.invalid("address", "must be an IP address or prefix")
            }
            let at = try request.queryMoment("at")
            let limit = try request.limit()
            let caller = try request.caller
            let found = try await parts.read(request) { transaction, caller in
                try await AddressHistory(transaction).holders(of: prefix, at: at, limit: limit)
                    .filter { caller.principal.covers(RecordOwner(tenantID: $0.tenantID)) }
            }
            try await parts.recordRead(caller, .read, AuditResource("address_holder", prefix))
            return Response.page(found, perPage: limit, next: nil, of: request) { Self.holder.write($1, to: &$0) }
        }
    }
}

extension IPPool {
    /// Before anything is said about it.
    static let blank = IPPool(
        tenantID: TenantID(.zero),
        id: PoolID(.zero),
        name: "",
        range: IPPrefix(Domain.IPAddress(ipv4: 0)),
        use: .ipv4
    )
}
