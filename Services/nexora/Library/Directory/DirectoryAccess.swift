import Domain
import Persistence

/// The directory inside one transaction and one tenant's scope: repositories, and things found by what people call them.
struct DirectoryAccess {
    let root: TenantID
    let tenants: TenantRepository
    let nases: NASRepository
    let plans: PlanRepository
    let profiles: BandwidthProfileRepository
    let customers: CustomerRepository
    let services: ServiceRepository
    let pools: PoolRepository
    let devices: DeviceRepository
    let attributes: ReplyAttributeRepository
    let transaction: ScopedTransaction

    init(_ transaction: ScopedTransaction, root: TenantID) {
        self.root = root
        self.transaction = transaction
        tenants = TenantRepository(transaction)
        nases = NASRepository(transaction)
        plans = PlanRepository(transaction)
        profiles = BandwidthProfileRepository(transaction)
        customers = CustomerRepository(transaction)
        services = ServiceRepository(transaction)
        pools = PoolRepository(transaction)
        devices = DeviceRepository(transaction)
        attributes = ReplyAttributeRepository(transaction)
    }

    /// A tenant by id or subdomain.
    func tenant(_ reference: String) async throws -> Tenant {
        if let id = TenantID(reference) {
            if let tenant = try await tenants.find(id) { return tenant }
        } else if let tenant = try await tenants.find(subdomain: reference) {
            return tenant
        }
        throw CommandFailure(.notFound, "no tenant \"\(reference)\" (by id or subdomain)")
    }

    /// A NAS by id or name, locked for a change.
    func nas(_ reference: String) async throws -> NAS {
        if let id = NASID(reference) {
            return try await found(try await nases.find(id, forUpdate: true), "NAS", reference)
        }
        let id = try await single(try await nases.find(name: reference), "NAS", reference, \.tenantID).id
        return try await found(try await nases.find(id, forUpdate: true), "NAS", reference)
    }

    /// A plan by id or name, locked for a change.
    func plan(_ reference: String, of tenant: TenantID? = nil) async throws -> Plan {
        if let id = PlanID(reference) {
            return try await found(try await plans.find(id, forUpdate: true), "plan", reference)
        }
        let named = try await plans.find(name: reference).filter { tenant == nil || $0.tenantID == tenant }
        let id = try await single(named, "plan", reference, \.tenantID).id
        return try await found(try await plans.find(id, forUpdate: true), "plan", reference)
    }

    /// A bandwidth profile by id or name, locked for a change.
    func profile(_ reference: String, of tenant: TenantID? = nil) async throws -> BandwidthProfile {
        if let id = BandwidthProfileID(reference) {
            return try await found(try await profiles.find(id, forUpdate: true), "profile", reference)
        }
        let named = try await profiles.find(name: reference).filter { tenant == nil || $0.tenantID == tenant }
        let id = try await single(named, "profile", reference, \.tenantID).id
        return try await found(try await profiles.find(id, forUpdate: true), "profile", reference)
    }

    /// The bandwidth profile that a plan has.
    func profile(of plan: Plan) async throws -> BandwidthProfile? {
        guard let id = plan.bandwidthProfileID else { return nil }
        return try await profiles.find(id)
    }

    /// A customer by id or code, locked for a change.
    func customer(_ reference: String) async throws -> Customer {
        if let id = CustomerID(reference) {
            return try await found(try await customers.find(id, forUpdate: true), "customer", reference)
        }
        let id = try await single(try await customers.find(code: reference), "customer", reference, \.tenantID).id
        return try await found(try await customers.find(id, forUpdate: true), "customer", reference)
    }

    /// A service by id or user name, locked for a change.
    func service(_ reference: String) async throws -> Service {
        if let id = ServiceID(reference) {
            return try await found(try await services.find(id, forUpdate: true), "service", reference)
        }
        let name = MACAddress(reference)?.description ?? reference
        var named = try await services.find(username: reference)
        if named.isEmpty { named = try await services.find(username: name) }
        let id = try await single(named, "service", reference, \.tenantID).id
        return try await found(try await services.find(id, forUpdate: true), "service", reference)
    }

    /// A pool by id or name, locked for a change.
    func pool(_ reference: String) async throws -> IPPool {
        if let id = PoolID(reference) {
            return try await found(try await pools.find(id, forUpdate: true), "pool", reference)
        }
        let id = try await single(try await pools.find(name: reference), "pool", reference, \.tenantID).id
        return try await found(try await pools.find(id, forUpdate: true), "pool", reference)
    }

    /// A device by id or name, locked for a change.
    func device(_ reference: String) async throws -> Device {
        if let id = DeviceID(reference) {
            return try await found(try await devices.find(id, forUpdate: true), "device", reference)
        }
        let id = try await single(try await devices.find(name: reference), "device", reference, \.tenantID).id
        return try await found(try await devices.find(id, forUpdate: true), "device", reference)
    }

    /// Subdomains by tenant, to name tenants in lists.
    func tenantNames() async throws -> [TenantID: String] {
        Dictionary(try await tenants.all().map { ($0.id, $0.subdomain) }, uniquingKeysWith: { first, _ in first })
    }

    private func found<Value>(_ value: Value?, _ kind: String, _ reference: String) async throws -> Value {
        guard let value else { throw CommandFailure(.notFound, "no \(kind) \"\(reference)\"") }
        return value
    }

    private func single<Value>(
        _ values: [Value],
        _ kind: String,
        _ reference: String,
        _ tenant: KeyPath<Value, TenantID>
    ) async throws -> Value {
        if values.count > 1 {
            let names = try await tenantNames()
            let owners = values.map { names[$0[keyPath: tenant]] ?? $0[keyPath: tenant].description }
            throw CommandFailure(
                .conflict,
                "several tenants have a \(kind) \"\(reference)\": say --tenant \(owners.joined(separator: " or "))"
            )
        }
        return try await found(values.first, kind, reference)
    }
}

extension CommandContext {
    /// Runs the body in one transaction over the tenant that `--tenant` names and those below it; without the option, over
    /// the operator's whole tree. What the body throws undoes everything.
    func inDirectory<Success: Sendable>(
        _ database: Database,
        _ invocation: Invocation,
        joining: [TenantID] = [],
        _ body: (DirectoryAccess) async throws -> Success
    ) async throws -> Success {
        let operatorID = try await database.operatorTenant()
        var root = operatorID
        if let reference = invocation.string("tenant") {
            root = try await database.transaction(in: operatorID) { transaction in
                try await DirectoryAccess(transaction, root: operatorID).tenant(reference).id
            }
        }
        return try await database.transaction(in: root, joining: joining) { transaction in
            try await body(DirectoryAccess(transaction, root: root))
        }
    }

    /// Runs the body in one transaction over the operator's whole tree, whatever `--tenant` says: for what must be unlike
    /// everything else in it.
    func inWholeDirectory<Success: Sendable>(
        _ database: Database,
        _ body: (DirectoryAccess) async throws -> Success
    ) async throws -> Success {
        let root = try await database.operatorTenant()
        return try await database.transaction(in: root) { try await body(DirectoryAccess($0, root: root)) }
    }

    /// As `inDirectory`, with a database of its own.
    func inDirectory<Success: Sendable>(
        _ invocation: Invocation,
        _ body: (DirectoryAccess) async throws -> Success
    ) async throws -> Success {
        try await withDatabase { try await inDirectory($0, invocation, body) }
    }
}

/// Options that several commands share.
enum SharedOptions {
    static let scope = OptionSpec.value("tenant", "TENANT", "Only this tenant and those below it: id or subdomain.")
    static let owner = OptionSpec.value(
        "tenant",
        "TENANT",
        "The tenant it belongs to: id or subdomain.",
        required: true
    )
    static let limit = OptionSpec.value("limit", "N", "How many to show, 1 to 10000; default 100.")
    static let after = OptionSpec.value("after", "ID", "Show what comes after this id.")

    static func limit(_ invocation: Invocation) throws(UsageError) -> Int {
        try invocation.integer("limit", in: 1...10_000) ?? 100
    }

    static func after<Tag>(_ invocation: Invocation) throws(UsageError) -> ID<Tag>? {
        guard let text = invocation.string("after") else { return nil }
        guard let id = ID<Tag>(text) else { throw invocation.invalid("after", "must be an id as a list shows it") }
        return id
    }
}

extension Report {
    /// A page of a list; says on standard error how the next one is asked for.
    func page(_ records: [OutputRecord], limit: Int, none: String, cursor: String = "id") {
        list(records, none: none)
        if records.count == limit, let last = records.last?[cursor].text { note("there may be more: --after \(last)") }
    }
}
