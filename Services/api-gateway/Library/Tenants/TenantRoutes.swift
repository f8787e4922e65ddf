import Domain
import HTTPServer
import Identity
import Persistence
import WireFormat

/// Tenants below one's own: made, suspended, limited, ended (TEN-01, TEN-07 to TEN-10, F-20).
struct TenantRoutes {
    let parts: Parts
    let group = RouteGroup(tag: "tenants", under: "/api/v1/tenants")

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        [
            list, one, create, update, suspend, resume, settings, setSettings, licence, setLicence, delete, keep,
            partner, setPartner, usage,
        ]
    }

    // MARK: - Reading

    private var list: GatewayRoute {
        group.route(
            .get,
            "",
            "listTenants",
            .permission(.tenantsRead),
            "A page of tenants: one's own and those below, in the order they were made.",
            parameters: Operation.paging,
            answer: .page(TenantViews.tenant.schema)
        ) { request, _ in
            try await TenantViews.tenant.page(request, cursor: \.id) { after, limit in
                try await parts.read(request) { transaction, caller in
                    let only: TenantID?
                    switch caller.principal.reach {
                    case .subtree: only = nil
                    case .tenant(let own): only = own
                    case .customer, .nothing: return [Tenant]()
                    }
                    return try await TenantRepository(transaction).page(after: after, limit: limit, only: only)
                }
            }
        }
    }

    private var one: GatewayRoute {
        group.route(
            .get,
            "/{id:uuid}",
            "getTenant",
            .permission(.tenantsRead),
            "One tenant.",
            answer: .data(TenantViews.tenant.schema)
        ) {
            request,
            _ in
            let id = TenantID(try request.pathID())
            let tenant = try await parts.readOnce(request) { try await found(id, $0, $1) }
            return TenantViews.tenant.answer(tenant, version: tenant.stamp?.version)
        }
    }

    func found(_ id: TenantID, _ transaction: ScopedTransaction, _ caller: Caller) async throws -> Tenant {
        guard let tenant = try await TenantRepository(transaction).find(id) else { throw Problem.notFound }
        try caller.principal.see(RecordOwner(tenantID: id))
        return tenant
    }

    // MARK: - Making and changing

    private struct Input: Sendable {
        var parent: TenantID?
        var kind: TenantKind?
        var name: String?
        var subdomain: String?

        static let change = InputShape<Input>([
            InputField("name", .text(200, minimum: 1), clearable: \.name),
            InputField("subdomain", .text(63, minimum: 1), clearable: \.subdomain),
        ])
        static let creation = InputShape<Input>([
            InputField("name", .text(200, minimum: 1), clearable: \.name, isRequired: true),
            InputField("subdomain", .text(63, minimum: 1), clearable: \.subdomain, isRequired: true),
            InputField("kind", .tenantKind, clearable: \.kind, isRequired: true),
            InputField("parent_id", .id(), clearable: \.parent),
        ])
    }

    private var create: GatewayRoute {
        group.route(
            .post,
            "",
            "createTenant",
            .permission(.tenantsCreate),
            "Makes a tenant below one's own, or below parent_id.",
            body: Input.creation.schema(isWhole: true),
            status: 201,
            answer: .data(TenantViews.tenant.schema),
            repetition: .keyed
        ) { request, _ in
            var input = Input()
            try Input.creation.apply(try await request.payload(), to: &input, isWhole: true)
            guard let name = input.name, let subdomain = input.subdomain, let kind = input.kind, kind != .operator
            else {
                throw Problem.invalid("/kind", "must be provider, reseller or festival, with a name and a subdomain")
            }
            let parent = try request.caller.principal.target(input.parent)
            let made = Tenant(id: parts.ids.next(), parentID: parent, kind: kind, name: name, subdomain: subdomain)
            return try await parts.change(request, joining: [made.id]) { work in
                guard try await TenantRepository(work.transaction).find(parent) != nil else {
                    throw Problem.invalid("/parent_id", "is no tenant of yours", code: "not_found")
                }
                try await TenantRepository(work.transaction).insert(made)
                let stored = try await found(made.id, work.transaction, work.caller)
                work.record(
                    .create,
                    AuditResource("tenant", made.id),
                    of: made.id,
                    .created(TenantViews.tenant.auditValue(stored))
                )
                var response = TenantViews.tenant.answer(stored, status: .created, version: stored.stamp?.version)
                response.headers["location"] = HeaderValue(withoutControls: "/api/v1/tenants/\(made.id)")
                return response
            }
        }
    }

    private var update: GatewayRoute {
        group.route(
            .patch,
            "/{id:uuid}",
            "updateTenant",
            .permission(.tenantsUpdate),
            "Changes a tenant's name or subdomain.",
            parameters: [Operation.ifMatch],
            body: Input.change.schema(isWhole: false),
            answer: .data(TenantViews.tenant.schema)
        ) { request, _ in
            let (id, version) = (TenantID(try request.pathID()), try request.expectedVersion())
            var input = Input()
            try Input.change.apply(try await request.payload(), to: &input, isWhole: false)
            let wanted = input
            return try await parts.change(request) { work in
                let repository = TenantRepository(work.transaction)
                guard var tenant = try await repository.find(id, forUpdate: true) else { throw Problem.notFound }
                try work.caller.principal.see(RecordOwner(tenantID: id))
                guard tenant.stamp?.version == version else { throw Problem.versionChanged(tenant.stamp?.version) }
                let before = TenantViews.tenant.auditValue(tenant)
                tenant.name = wanted.name ?? tenant.name
                tenant.subdomain = wanted.subdomain ?? tenant.subdomain
                try await repository.update(tenant)
                let stored = try await found(id, work.transaction, work.caller)
                work.record(
                    .update,
                    AuditResource("tenant", id),
                    of: id,
                    .updated(before, TenantViews.tenant.auditValue(stored))
                )
                return TenantViews.tenant.answer(stored, version: stored.stamp?.version)
            }
        }
    }

    // MARK: - Standing and end

    private struct Reason: Sendable {
        var note = ""
        var waitingDays = 30
        static let shape = InputShape<Reason>([
            InputField("note", .text(500), \.note), InputField("waiting_days", .whole(7...365), \.waitingDays),
        ])
    }

    private var suspend: GatewayRoute {
        acting("suspend", "suspendTenant", .tenantsSuspend, "Stops serving a tenant and all below it.") {
            try await $0.suspend($1, reason: .manual, note: $2.note, by: $3)
        }
    }

    private var resume: GatewayRoute {
        acting("resume", "resumeTenant", .tenantsSuspend, "Serves a suspended tenant again.") {
            try await $0.resume($1, by: $3)
        }
    }

    private var delete: GatewayRoute {
        acting(
            "delete",
            "requestTenantDeletion",
            .tenantsDelete,
            "Asks for a tenant's end; it is suspended and can be kept until then."
        ) {
            _ = try await $0.requestDeletion(of: $1, waitingDays: $2.waitingDays, note: $2.note, by: $3)
        }
    }

    private var keep: GatewayRoute {
        acting("keep", "cancelTenantDeletion", .tenantsDelete, "Takes a deletion back before it was carried out.") {
            try await $0.cancelDeletion(of: $1, by: $3)
        }
    }

    private func acting(
        _ name: String,
        _ operationID: String,
        _ permission: Permission,
        _ summary: String,
        _ perform: @escaping @Sendable (TenancyStore, TenantID, Reason, UUID128) async throws -> Void
    ) -> GatewayRoute {
        group.route(
            .post,
            "/{id:uuid}/\(name)",
            operationID,
            .permission(permission),
            summary,
            body: Reason.shape.schema(isWhole: true),
            answer: .data(TenantViews.tenant.schema),
            repetition: .keyed
        ) { request, _ in
            let id = TenantID(try request.pathID())
            var reason = Reason()
            try Reason.shape.apply(try await request.payload(), to: &reason, isWhole: true)
            let given = reason
            return try await parts.change(request) { work in
                _ = try await found(id, work.transaction, work.caller)
                try await perform(store(work.transaction), id, given, work.caller.audit.actor.id)
                work.record(
                    .update,
                    AuditResource("tenant", id),
                    of: id,
                    .created(["action": .text(name), "note": .text(given.note)])
                )
                let stored = try await found(id, work.transaction, work.caller)
                return TenantViews.tenant.answer(stored, version: stored.stamp?.version)
            }
        }
    }

    // MARK: - Settings and licence

    private var settings: GatewayRoute {
        group.route(
            .get,
            "/{id:uuid}/settings",
            "getTenantSettings",
            .permission(.settingsRead),
            "What a tenant decides for itself.",
            answer: .data(TenantViews.settings.schema)
        ) { request, _ in
            let id = TenantID(try request.pathID())
            let (settings, version) = try await parts.read(request) { transaction, caller in
                _ = try await found(id, transaction, caller)
                return try await store(transaction).settings(of: id)
            }
            return TenantViews.settings.answer(settings, version: version)
        }
    }

    private var setSettings: GatewayRoute {
        group.route(
            .put,
            "/{id:uuid}/settings",
            "setTenantSettings",
            .permission(.settingsUpdate),
            "Changes what a tenant decides for itself; what is left out stays.",
            parameters: [Operation.ifMatch],
            body: TenantViews.settingsInput.schema(isWhole: false),
            answer: .data(TenantViews.settings.schema)
        ) { request, _ in
            let (id, version) = (TenantID(try request.pathID()), try request.expectedVersion())
            let body = try await request.payload()
            return try await parts.change(request) { work in
                _ = try await found(id, work.transaction, work.caller)
                let store = store(work.transaction)
                let before = try await store.settings(of: id).settings
                var wanted = before
                try TenantViews.settingsInput.apply(body, to: &wanted, isWhole: false)
                try parts.policy.limits.allow(
                    wanted.requestLimits,
                    after: before.requestLimits,
                    byOperator: work.caller.principal.role == .superAdmin
                )
                let now = try await store.setSettings(
                    wanted,
                    of: id,
                    ifVersion: version,
                    by: work.caller.audit.actor.id
                )
                let view = TenantViews.settings
                work.record(
                    .update,
                    AuditResource("tenant_settings", id),
                    of: id,
                    .updated(view.auditValue(before), view.auditValue(wanted))
                )
                return view.answer(wanted, version: now)
            }
        }
    }

    private var licence: GatewayRoute {
        group.route(
            .get,
            "/{id:uuid}/licence",
            "getTenantLicence",
            .permission(.tenantsRead),
            "How much a tenant and all below it may have, and have.",
            answer: .data(TenantViews.licence.schema)
        ) { request, _ in
            let id = TenantID(try request.pathID())
            let (licensed, version) = try await parts.read(request) { transaction, caller in
                _ = try await found(id, transaction, caller)
                return (try await self.licensed(id, transaction), try await store(transaction).licenceVersion(of: id))
            }
            return TenantViews.licence.answer(licensed, version: version)
        }
    }

    private var setLicence: GatewayRoute {
        group.route(
            .put,
            "/{id:uuid}/licence",
            "setTenantLicence",
            .permission(.tenantsLicense),
            "Sets how much a tenant below one's own and all below it may have.",
            parameters: [Operation.ifMatch],
            body: LicenceInput.shape.schema(isWhole: true),
            answer: .data(TenantViews.licence.schema)
        ) { request, _ in
            let (id, version) = (TenantID(try request.pathID()), try request.expectedVersion())
            var input = LicenceInput()
            try LicenceInput.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let wanted = input.licence(of: id)
            return try await parts.change(request) { work in
                _ = try await found(id, work.transaction, work.caller)
                let before = try await licensed(id, work.transaction)
                let store = store(work.transaction)
                try await store.setLicence(wanted, of: id, ifVersion: version, by: work.caller.audit.actor.id)
                let after = try await licensed(id, work.transaction)
                let view = TenantViews.licence
                work.record(
                    .update,
                    AuditResource("tenant_licence", id),
                    of: id,
                    .updated(view.auditValue(before), view.auditValue(after))
                )
                return view.answer(after, version: try await store.licenceVersion(of: id))
            }
        }
    }

    private func licensed(_ id: TenantID, _ transaction: ScopedTransaction) async throws -> TenantViews.Licensed {
        let store = store(transaction)
        return TenantViews.Licensed(licence: try await store.licence(of: id), usage: try await store.usage(of: id))
    }

    func store(_ transaction: ScopedTransaction) -> TenancyStore {
        TenancyStore(transaction, ids: parts.ids, time: parts.time)
    }
}

extension InputKind where Value == TenantKind {
    /// Every kind but the operator's, which there is once.
    fileprivate static var tenantKind: InputKind {
        let words = TenantKind.allCases.filter { $0 != .operator }.map(\.rawValue)
        return InputKind(.choice(words), "one of \(words.joined(separator: ", "))") { value in
            value.text.flatMap { words.contains($0) ? TenantKind(rawValue: $0) : nil }
        }
    }
}
