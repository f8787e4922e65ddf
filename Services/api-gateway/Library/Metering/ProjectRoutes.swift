import Billing
import Domain
import HTTPServer
import Identity
import Persistence

/// Metered projects of tenants: made, named and removed; what they move and keep is recorded and told (FUP-05, FUP-09).
struct ProjectRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "metering", under: "/api/v1/projects")
    /// What may be recorded at once: 2^50 octets.
    private static let most: Int64 = 1 << 50

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [list, create, one, rename, remove, usage, record, setStorage] }

    /// The project that the path names, as far as the caller reaches; a customer has none.
    private func found(
        _ id: ProjectID,
        _ transaction: ScopedTransaction,
        _ caller: Caller,
        forUpdate: Bool = false
    ) async throws -> MeteredProject {
        guard let project = try await MeteredProjects(transaction).find(id, forUpdate: forUpdate) else {
            throw Problem.notFound
        }
        try caller.principal.see(RecordOwner(tenantID: project.tenantID))
        return project
    }

    private static func answer(_ project: MeteredProject, status: HTTPStatus = .ok) -> Response {
        var response = MeteringViews.project.answer(project, status: status, version: project.version)
        if status == .created {
            response.headers["location"] = HeaderValue(withoutControls: "/api/v1/projects/\(project.id)")
        }
        return response
    }

    private static func record(_ action: AuditAction, _ project: MeteredProject, _ change: AuditChange, _ work: Work) {
        work.record(action, AuditResource("project", project.id), of: project.tenantID, change)
    }

    // MARK: - Looking

    private var list: GatewayRoute {
        group.route(
            .get,
            "",
            "listProjects",
            .permission(.usageRead),
            "A page of a tenant's metered projects, in the order they were made.",
            parameters: [
                .init("tenant_id", .uuid, "Of a tenant below, one's own unless said.")
            ] + Operation.paging,
            answer: .page(MeteringViews.project.schema)
        ) { request, _ in
            try await MeteringViews.project.page(request, cursor: \.id) { after, limit in
                let wanted: TenantID? = try request.queryID("tenant_id")
                return try await parts.readOnce(request) { transaction, caller in
                    let tenant = try caller.principal.target(wanted)
                    try caller.principal.see(RecordOwner(tenantID: tenant))
                    return try await MeteredProjects(transaction).list(of: tenant, after: after, limit: limit)
                }
            }
        }
    }

    private var one: GatewayRoute {
        group.route(
            .get,
            "/{id:uuid}",
            "getProject",
            .permission(.usageRead),
            "One metered project.",
            answer: .data(MeteringViews.project.schema)
        ) { request, _ in
            let id = ProjectID(try request.pathID())
            return Self.answer(try await parts.readOnce(request) { try await found(id, $0, $1) })
        }
    }

    private var usage: GatewayRoute {
        group.route(
            .get,
            "/{id:uuid}/usage",
            "getProjectUsage",
            .permission(.usageRead),
            "What a project moved in a month, this one unless said, and keeps.",
            parameters: MeteringViews.monthParameters,
            answer: .data(MeteringViews.usage.schema)
        ) { request, _ in
            let (id, now) = (ProjectID(try request.pathID()), parts.time.now())
            let month = try request.meteredMonth(now: now)
            let used = try await parts.read(request) { transaction, caller in
                let project = try await found(id, transaction, caller)
                return try await usage(of: project, in: month, now, transaction)
            }
            return MeteringViews.usage.answer(used)
        }
    }

    private func usage(
        of project: MeteredProject,
        in month: MeteredMonth,
        _ now: Timestamp,
        _ transaction: ScopedTransaction
    ) async throws -> ProjectUsage {
        try await MeteringUsage(transaction, ids: parts.ids)
            .usage(of: project, in: month, isCurrent: month == MeteredMonth(at: now))
    }

    // MARK: - Changing

    private struct Naming: Sendable {
        var name = ""
        var tenant: TenantID?

        private static let name = InputField<Naming>("name", .text(100, minimum: 1), \.name, isRequired: true)
        static let creation = InputShape<Naming>([name, InputField("tenant_id", .id(), clearable: \.tenant)])
        static let change = InputShape<Naming>([name])
    }

    private var create: GatewayRoute {
        group.route(
            .post,
            "",
            "createProject",
            .permission(.settingsUpdate),
            "Makes a metered project, as far as the tenant's plan allows.",
            body: Naming.creation.schema(isWhole: true),
            status: 201,
            answer: .data(MeteringViews.project.schema),
            repetition: .keyed
        ) { request, caller in
            var input = Naming()
            try Naming.creation.apply(try await request.payload(), to: &input, isWhole: true)
            let tenant = try caller.principal.target(input.tenant)
            try caller.principal.see(RecordOwner(tenantID: tenant))
            let project = MeteredProject(
                tenantID: tenant,
                id: parts.ids.next(),
                name: input.name,
                createdAt: parts.time.now()
            )
            return try await parts.change(request) { work in
                guard try await TenantRepository(work.transaction).find(tenant) != nil else {
                    throw Problem.invalid("/tenant_id", "is no tenant of yours", code: "not_found")
                }
                guard let stored = try await MeteredProjects(work.transaction).create(project) else {
                    throw Problem.conflict("plan_limit", "The tenant's plan allows no more projects.")
                }
                Self.record(.create, stored, .created(MeteringViews.project.auditValue(stored)), work)
                return Self.answer(stored, status: .created)
            }
        }
    }

    private var rename: GatewayRoute {
        group.route(
            .patch,
            "/{id:uuid}",
            "updateProject",
            .permission(.settingsUpdate),
            "Gives a metered project another name.",
            parameters: [Operation.ifMatch],
            body: Naming.change.schema(isWhole: true),
            answer: .data(MeteringViews.project.schema)
        ) { request, _ in
            let (id, version) = (ProjectID(try request.pathID()), try request.expectedVersion())
            let body = try await request.payload()
            return try await parts.change(request) { work in
                let before = try await found(id, work.transaction, work.caller, forUpdate: true)
                guard before.version == version else { throw VersionConflict(current: before.version) }
                var input = Naming()
                try Naming.change.apply(body, to: &input, isWhole: true)
                var project = before
                project.name = input.name
                let after = try await MeteredProjects(work.transaction).rename(project)
                let view = MeteringViews.project
                Self.record(.update, after, .updated(view.auditValue(before), view.auditValue(after)), work)
                return Self.answer(after)
            }
        }
    }

    private var remove: GatewayRoute {
        group.route(
            .delete,
            "/{id:uuid}",
            "deleteProject",
            .permission(.settingsUpdate),
            "Removes a metered project. What it moved counts for its month all the same.",
            parameters: [Operation.ifMatch],
            status: 204,
            answer: .empty
        ) { request, _ in
            let (id, version) = (ProjectID(try request.pathID()), try request.expectedVersion())
            return try await parts.change(request) { work in
                let project = try await found(id, work.transaction, work.caller, forUpdate: true)
                guard project.version == version else { throw VersionConflict(current: project.version) }
                try await MeteredProjects(work.transaction).remove(project, at: parts.time.now())
                Self.record(.delete, project, .deleted(MeteringViews.project.auditValue(project)), work)
                return Response(.noContent)
            }
        }
    }

    // MARK: - Recording

    private struct Amount: Sendable {
        var octets: Int64 = 0

        static func shape(_ range: ClosedRange<Int64>) -> InputShape<Amount> {
            let words = "a whole number from \(range.lowerBound) to \(range.upperBound)"
            let kind = InputKind<Int64>(.integer(range), words) { value in
                value.integer.flatMap { range.contains($0) ? $0 : nil }
            }
            return InputShape([InputField("octets", kind, \.octets, isRequired: true)])
        }
        static let traffic = shape(1...ProjectRoutes.most)
        static let storage = shape(0...ProjectRoutes.most)
    }

    private var record: GatewayRoute {
        group.route(
            .post,
            "/{id:uuid}/traffic",
            "recordProjectTraffic",
            .permission(.settingsUpdate),
            "Adds octets that a project moved elsewhere to this month. The Idempotency-Key makes sure that they count once.",
            body: Amount.traffic.schema(isWhole: true),
            answer: .data(MeteringViews.usage.schema),
            repetition: .mandatory
        ) { request, _ in
            try await keep(request, Amount.traffic, as: "traffic_octets") { octets, project, work, now in
                let traffic = ProjectTraffic(
                    tenantID: project.tenantID,
                    projectID: project.id,
                    month: MeteredMonth(at: now),
                    octets: octets
                )
                _ = try await MeteringUsage(work.transaction, ids: parts.ids).record([traffic])
            }
        }
    }

    private var setStorage: GatewayRoute {
        group.route(
            .put,
            "/{id:uuid}/storage",
            "setProjectStorage",
            .permission(.settingsUpdate),
            "Says what a project keeps elsewhere now.",
            body: Amount.storage.schema(isWhole: true),
            answer: .data(MeteringViews.usage.schema)
        ) { request, _ in
            try await keep(request, Amount.storage, as: "storage_octets") { octets, project, work, now in
                try await MeteredProjects(work.transaction).setStorage(octets, of: project, at: now)
            }
        }
    }

    /// Keeps what was said of a project, tells limits that are reached by it, and answers with its month.
    private func keep(
        _ request: Request,
        _ shape: InputShape<Amount>,
        as name: String,
        _ write: @escaping (Int64, MeteredProject, Work, Timestamp) async throws -> Void
    ) async throws -> Response {
        let id = ProjectID(try request.pathID())
        let body = try await request.payload()
        return try await parts.change(request) { work in
            let project = try await found(id, work.transaction, work.caller, forUpdate: true)
            var input = Amount()
            try shape.apply(body, to: &input, isWhole: true)
            let now = parts.time.now()
            try await write(input.octets, project, work, now)
            _ = try await MeteringUsage(work.transaction, ids: parts.ids).tell([project.tenantID], now: now)
            Self.record(.update, project, .created([name: .integer(input.octets)]), work)
            let kept = try await found(id, work.transaction, work.caller)
            let month = MeteredMonth(at: now)
            return MeteringViews.usage.answer(try await usage(of: kept, in: month, now, work.transaction))
        }
    }
}
