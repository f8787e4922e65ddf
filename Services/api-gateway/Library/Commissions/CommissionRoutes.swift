import Billing
import Domain
import HTTPServer
import Identity
import Ledger
import Persistence
import WireFormat

/// What share of its customers' payments a tenant has, and what it had (COM-01, COM-05, COM-07, COM-08).
struct CommissionRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "commissions", under: "/api/v1/tenants/{id:uuid}")

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [rate, setRate, history, preview, statement, totals, summary] }

    /// The tenant of the path, as far as the caller reaches.
    private func found(_ id: TenantID, _ transaction: ScopedTransaction, _ caller: Caller) async throws -> Tenant {
        guard let tenant = try await TenantRepository(transaction).find(id) else { throw Problem.notFound }
        try caller.principal.see(RecordOwner(tenantID: id))
        return tenant
    }

    // MARK: - Rates

    private var rate: GatewayRoute {
        group.route(
            .get,
            "/commission",
            "getTenantCommission",
            .permission(.billingRead),
            "The rate that a tenant has with those below it of what their customers pay; null is none.",
            answer: .data(CommissionViews.standing.schema)
        ) { request, _ in
            let id = TenantID(try request.pathID())
            let (standing, version) = try await parts.read(request) { transaction, caller in
                _ = try await found(id, transaction, caller)
                let version = try await CommissionRates(transaction).version(of: id)
                return (try await self.standing(id, transaction, caller), version)
            }
            return CommissionViews.standing.answer(standing, version: version)
        }
    }

    private func standing(
        _ id: TenantID,
        _ transaction: ScopedTransaction,
        _ caller: Caller
    ) async throws -> CommissionViews.Standing {
        let (rates, now, own) = (CommissionRates(transaction), parts.time.now(), caller.principal.tenantID)
        return CommissionViews.Standing(
            tenantID: id,
            stored: try await rates.current(of: id, at: now),
            limit: id == own ? nil : try await rates.limit(for: id, setBy: own, at: now)
        )
    }

    private var setRate: GatewayRoute {
        group.route(
            .put,
            "/commission",
            "setTenantCommission",
            .permission(.tenantsLicense),
            "Sets the rate of a tenant below one's own from now or a later time on; what was before stays in its history.",
            parameters: [Operation.ifMatch],
            body: CommissionViews.RateInput.shape.schema(isWhole: true),
            answer: .data(CommissionViews.standing.schema)
        ) { request, _ in
            let (id, version) = (TenantID(try request.pathID()), try request.expectedVersion())
            let body = try await request.payload()
            return try await parts.change(request) { work in
                _ = try await found(id, work.transaction, work.caller)
                var input = CommissionViews.RateInput()
                try CommissionViews.RateInput.shape.apply(body, to: &input, isWhole: true)
                let (now, principal) = (parts.time.now(), work.caller.principal)
                let rates = CommissionRates(work.transaction)
                let before = try await rates.history(of: id, before: nil, limit: 1).first
                let set = try await rates.set(
                    input.rate,
                    of: id,
                    from: input.validFrom ?? now,
                    ifVersion: version,
                    setter: principal.tenantID,
                    by: principal.userID,
                    now: now
                )
                let view = CommissionViews.past
                work.record(
                    .update,
                    AuditResource("tenant_commission", id),
                    of: id,
                    before.map { .updated(view.auditValue($0), view.auditValue(set)) } ?? .created(view.auditValue(set))
                )
                return CommissionViews.standing.answer(
                    try await standing(id, work.transaction, work.caller),
                    version: set.number
                )
            }
        }
    }

    private var history: GatewayRoute {
        group.route(
            .get,
            "/commission/history",
            "listTenantCommissionRates",
            .permission(.billingRead),
            "A page of what was set as a tenant's rate, the newest first.",
            parameters: [
                Operation.limit,
                .init("cursor", .integer(1...Int64.max), "Where the page before ended: its meta.next."),
            ],
            answer: .page(CommissionViews.past.schema)
        ) { request, _ in
            let (id, limit) = (TenantID(try request.pathID()), try request.limit())
            let before = request.query["cursor"].flatMap { Int64($0) }
            let rates = try await parts.read(request) { transaction, caller in
                _ = try await found(id, transaction, caller)
                return try await CommissionRates(transaction).history(of: id, before: before, limit: limit + 1)
            }
            return Response.page(of: rates, limit: limit, for: request, cursor: { String($0.number) }) {
                CommissionViews.past.write($1, to: &$0)
            }
        }
    }

    private static let previewSchema = Schema.object([
        .init("amount", .amount), .init("currency", .currency), .init("shares", .list(CommissionViews.share.schema)),
    ])

    private var preview: GatewayRoute {
        group.route(
            .get,
            "/commission/preview",
            "previewTenantCommission",
            .permission(.billingRead),
            "Who would have what of an amount that a customer of the tenant pays now; those above one's own tenant as one.",
            parameters: [
                .init("amount", .fee, "What is paid, 100 unless said."),
                .init("currency", .currency, "In which currency, the tenant's unless said."),
                .init("rate_percent", CommissionViews.percent, "With this rate of the tenant in place of its own."),
            ],
            answer: .data(Self.previewSchema)
        ) { request, _ in
            let id = TenantID(try request.pathID())
            let rate = try request.query["rate_percent"].map { text throws(Problem) in
                guard let rate = CommissionRate(percent: text) else {
                    throw .invalid("rate_percent", "must be percents such as 12.5, 100 at most")
                }
                return rate
            }
            let now = parts.time.now()
            let (amount, preview) = try await parts.read(request) { transaction, caller in
                _ = try await found(id, transaction, caller)
                let currency = try await currency(of: id, request, transaction)
                let amount = try Self.amount(request, currency)
                let rates = CommissionRates(transaction)
                let preview =
                    if let rate {
                        try await rates.preview(amount, paidIn: id, at: now, with: .some(rate))
                    } else { try await rates.preview(amount, paidIn: id, at: now) }
                guard let preview else { throw Problem.notFound }
                return (amount, preview)
            }
            return Self.answer(preview, amount)
        }
    }

    private static func amount(_ request: Request, _ currency: Currency) throws(Problem) -> Money {
        let text = request.query["amount"] ?? "100"
        guard !text.hasPrefix("-"), let amount = try? Money(text, currency: currency) else {
            throw .invalid("amount", "must be an amount such as 19.90")
        }
        return amount
    }

    private static func answer(_ preview: CommissionPreview, _ amount: Money) -> Response {
        let shares = preview.split.shares.enumerated().map { number, share in
            let isAbove = number == preview.split.shares.count - 1 && !preview.isWhole
            return CommissionViews.Share(tenantID: isAbove ? nil : share.tenantID, amount: share.amount)
        }
        return Response.data { json in
            json.beginObject()
            json.pair("amount", amount.decimal)
            json.pair("currency", amount.currency.code)
            json.key("shares")
            json.beginArray()
            for share in shares { CommissionViews.share.write(share, to: &json) }
            json.endArray()
            json.endObject()
        }
    }

    /// The currency that is asked for, or the tenant's.
    private func currency(
        of tenant: TenantID,
        _ request: Request,
        _ transaction: ScopedTransaction
    ) async throws -> Currency {
        guard let text = request.query["currency"] else {
            let settings = try await TenancyStore(transaction, ids: parts.ids, time: parts.time).settings(of: tenant)
            return try Currency(settings.settings.currency)
        }
        guard let currency = try? Currency(text) else {
            throw Problem.invalid("currency", "must be three capital letters")
        }
        return currency
    }

    // MARK: - What it had

    private var statement: GatewayRoute {
        group.route(
            .get,
            "/commissions",
            "listTenantCommissions",
            .permission(.billingRead),
            "A page of a tenant's shares of what customers paid in one currency, the newest first; below zero: taken back.",
            parameters: [
                .init("currency", .currency, "In which currency, the tenant's unless said."),
                .init("since", .time, "Recorded at or after."), .init("until", .time, "Recorded before."),
                .init("customer_tenant_id", .uuid, "Whose customers paid."),
                .init("customer_id", .uuid, "Who paid."),
                Operation.limit,
                .init("cursor", .integer(1...Int64.max), "Where the page before ended: its meta.next."),
            ],
            answer: .page(CommissionViews.line.schema)
        ) { request, _ in
            let (id, limit) = (TenantID(try request.pathID()), try request.limit())
            let (since, until) = (try request.queryMoment("since"), try request.queryMoment("until"))
            let payerTenant: TenantID? = try request.queryID("customer_tenant_id")
            let payer: CustomerID? = try request.queryID("customer_id")
            let before = request.query["cursor"].flatMap { Int64($0) }
            let lines = try await parts.read(request) { transaction, caller in
                _ = try await found(id, transaction, caller)
                var filter = CommissionFilter(
                    tenantID: id,
                    currency: try await currency(of: id, request, transaction)
                )
                (filter.since, filter.until) = (since, until)
                (filter.payerTenantID, filter.payerID) = (payerTenant, payer)
                return try await CommissionStatements(transaction).lines(filter, before: before, limit: limit + 1)
            }
            return Response.page(of: lines, limit: limit, for: request, cursor: { String($0.sequence) }) {
                CommissionViews.line.write($1, to: &$0)
            }
        }
    }

    private var totals: GatewayRoute {
        group.route(
            .get,
            "/commissions/totals",
            "getTenantCommissionTotals",
            .permission(.billingRead),
            "What a tenant had by month (in UTC), by the tenant next below and by currency, the newest month first.",
            parameters: [
                .init("from", .day, "The first day; the first of the month eleven months before unless said."),
                .init("to", .day, "The last day, today unless said; 1,100 days after the first at most."),
            ],
            answer: .data(.list(CommissionViews.total.schema))
        ) { request, _ in
            let id = TenantID(try request.pathID())
            let last = try request.queryDay("to") ?? parts.time.now().day
            let first = try request.queryDay("from") ?? Self.month(last, back: 11)
            guard (0...1_100).contains(last.daysSince1970 - first.daysSince1970) else {
                throw Problem.invalid("from", "must lie 0 to 1,100 days before to", code: "out_of_range")
            }
            let totals = try await parts.read(request) { transaction, caller in
                _ = try await found(id, transaction, caller)
                return try await CommissionStatements(transaction).totals(
                    of: id,
                    since: first.start,
                    until: last.adding(days: 1).start
                )
            }
            return try Self.answer(totals)
        }
    }

    private static func answer(_ totals: [CommissionTotal]) throws -> Response {
        let rows = try totals.map { CommissionViews.Total(total: $0, net: try $0.net) }
        return Response.data { json in
            json.beginArray()
            for row in rows { CommissionViews.total.write(row, to: &json) }
            json.endArray()
        }
    }

    /// The first day of the month that lies so many months before a day's.
    static func month(_ day: CivilDate, back months: Int) -> CivilDate {
        let (year, month, _) = day.components
        let count = max(12, year * 12 + month - 1 - months)
        return CivilDate(year: count / 12, month: count % 12 + 1, day: 1) ?? day
    }

    private static let summarySchema = Schema.object([
        .init("month", .day), .init("currencies", .list(CommissionViews.purse.schema)),
        .init("children", .list(CommissionViews.total.schema)),
    ])

    private var summary: GatewayRoute {
        group.route(
            .get,
            "/commissions/summary",
            "getTenantCommissionSummary",
            .permission(.billingRead),
            "What a tenant has of commissions in each currency, this month's by the tenant next below, and what is asked for.",
            answer: .data(Self.summarySchema)
        ) { request, _ in
            let id = TenantID(try request.pathID())
            let today = parts.time.now().day
            let (month, before) = (Self.month(today, back: 0), Self.month(today, back: 1))
            let (accounts, open, totals) = try await parts.read(request) { transaction, caller in
                _ = try await found(id, transaction, caller)
                let statements = CommissionStatements(transaction)
                return (
                    try await statements.accounts(of: id), try await PayoutRequests(transaction).open(of: id),
                    try await statements.totals(of: id, since: before.start, until: today.adding(days: 1).start)
                )
            }
            let purses = try accounts.map { try Self.purse($0, open, totals, month) }
            let children = try totals.filter { $0.month == month }
                .map { CommissionViews.Total(total: $0, net: try $0.net) }
            return Response.data { json in
                json.beginObject()
                json.pair("month", month.description)
                json.key("currencies")
                json.beginArray()
                for purse in purses { CommissionViews.purse.write(purse, to: &json) }
                json.endArray()
                json.key("children")
                json.beginArray()
                for child in children { CommissionViews.total.write(child, to: &json) }
                json.endArray()
                json.endObject()
            }
        }
    }

    private static func purse(
        _ account: LedgerAccount,
        _ open: [Currency: Money],
        _ totals: [CommissionTotal],
        _ month: CivilDate
    ) throws -> CommissionViews.Purse {
        func sum(_ isWanted: (CommissionTotal) -> Bool) throws -> Money {
            try totals.filter { $0.currency == account.currency && isWanted($0) }
                .reduce(.zero(account.currency)) { try $0.adding($1.net) }
        }
        return CommissionViews.Purse(
            available: try Money(tenThousandths: account.available, currency: account.currency),
            requested: open[account.currency] ?? .zero(account.currency),
            thisMonth: try sum { $0.month == month },
            lastMonth: try sum { $0.month != month }
        )
    }
}
