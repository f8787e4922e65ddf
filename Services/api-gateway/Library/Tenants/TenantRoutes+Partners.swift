import Domain
import HTTPServer
import Identity
import Persistence
import WireFormat

/// What stands between a tenant and who stands above it: partnership (TEN-14, TEN-18) and what it had day by day (TEN-11).
extension TenantRoutes {
    /// A partner, or nil for a tenant that is none, and how many customers he has now with all below him.
    struct Standing: Sendable {
        let partner: Partner?
        let customers: Int
    }

    static let partnerView = View<Standing>([
        .init("kind", .nullable(.choice(Partner.Kind.allCases.map(\.rawValue)))) { .text($0.partner?.kind.rawValue) },
        .init("commission_basis_points", .nullable(.integer(0...10_000))) {
            .integer($0.partner?.commissionBasisPoints)
        },
        .init("contact", .nullable(.text())) { .text($0.partner?.contact) },
        .init("customers", .integer(0...Int64.max)) { .integer(Int64($0.customers)) },
    ])

    private struct PartnerInput: Sendable {
        var kind = Partner.Kind.retail
        var commission = 0
        var contact = ""

        static let shape = InputShape<PartnerInput>([
            InputField("kind", .choice(), \.kind, isRequired: true),
            InputField("commission_basis_points", .whole(0...10_000), \.commission, isRequired: true),
            InputField("contact", .text(200), \.contact),
        ])
    }

    var partner: GatewayRoute {
        group.route(
            .get,
            "/{id:uuid}/partner",
            "getTenantPartner",
            .permission(.tenantsRead),
            "A tenant as a partner, with its customers and those below it; kind is null where it is none.",
            answer: .data(Self.partnerView.schema)
        ) { request, _ in
            let id = TenantID(try request.pathID())
            let (standing, version) = try await parts.read(request) { transaction, caller in
                _ = try await found(id, transaction, caller)
                return (try await self.standing(id, transaction), try await store(transaction).partnerVersion(of: id))
            }
            return Self.partnerView.answer(standing, version: version)
        }
    }

    var setPartner: GatewayRoute {
        group.route(
            .put,
            "/{id:uuid}/partner",
            "setTenantPartner",
            .permission(.tenantsLicense),
            "Makes a tenant below one's own a partner, or changes on what terms it is one.",
            parameters: [Operation.ifMatch],
            body: PartnerInput.shape.schema(isWhole: true),
            answer: .data(Self.partnerView.schema)
        ) { request, _ in
            let (id, version) = (TenantID(try request.pathID()), try request.expectedVersion())
            var input = PartnerInput()
            try PartnerInput.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let wanted = Partner(
                tenantID: id,
                kind: input.kind,
                contact: input.contact,
                commissionBasisPoints: input.commission
            )
            return try await parts.change(request) { work in
                _ = try await found(id, work.transaction, work.caller)
                let store = store(work.transaction)
                let before = try await standing(id, work.transaction)
                try await store.setPartner(wanted, ifVersion: version)
                let after = Standing(partner: wanted, customers: before.customers)
                let view = Self.partnerView
                work.record(
                    .update,
                    AuditResource("tenant_partner", id),
                    of: id,
                    .updated(view.auditValue(before), view.auditValue(after))
                )
                return view.answer(after, version: try await store.partnerVersion(of: id))
            }
        }
    }

    private func standing(_ id: TenantID, _ transaction: ScopedTransaction) async throws -> Standing {
        let store = store(transaction)
        return Standing(
            partner: try await store.partner(of: id),
            customers: try await store.usage(of: id).counts[.subscribers] ?? 0
        )
    }

    // MARK: - Usage

    private static let usageDay = View<TenantUsageDay>(
        [.init("day", .day) { .described($0.day) }]
            + LicensedResource.allCases.map { resource in
                .init(resource.rawValue, .integer(0...Int64.max)) {
                    .integer(Int64($0.usage.counts[resource] ?? 0))
                }
            }
    )

    var usage: GatewayRoute {
        group.route(
            .get,
            "/{id:uuid}/usage",
            "getTenantUsage",
            .permission(.tenantsRead),
            "What a tenant and all below it had, a row a day, as it was written down last that day.",
            parameters: [
                .init("from", .day, "The first day; 30 days before the last unless said."),
                .init("to", .day, "The last day, today unless said; 366 days after the first at most."),
            ],
            answer: .data(.list(Self.usageDay.schema))
        ) { request, _ in
            let id = TenantID(try request.pathID())
            let last = try request.queryDay("to") ?? parts.time.now().day
            let first = try request.queryDay("from") ?? CivilDate(daysSince1970: last.daysSince1970 - 30)
            guard (0...366).contains(last.daysSince1970 - first.daysSince1970) else {
                throw Problem.invalid("from", "must lie 0 to 366 days before to")
            }
            let days = try await parts.read(request) { transaction, caller in
                _ = try await found(id, transaction, caller)
                return try await store(transaction).usage(of: id, from: first, through: last)
            }
            return Response.data { json in
                json.beginArray()
                for day in days { Self.usageDay.write(day, to: &json) }
                json.endArray()
            }
        }
    }
}
