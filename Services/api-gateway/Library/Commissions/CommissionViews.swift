import Billing
import Domain
import HTTPServer
import Ledger
import Persistence

/// What commissions look like when they go out, and what bodies about them say.
enum CommissionViews {
    /// What holds for a tenant now.
    struct Standing: Sendable {
        let tenantID: TenantID
        let stored: StoredCommissionRate?
        /// What the caller could set at most; nil for his own tenant.
        let limit: CommissionRate?
    }

    static let percent = Schema.text(pattern: "^(100(\\.0{1,4})?|[0-9]{1,2}(\\.[0-9]{1,4})?)$")

    static let standing = View<Standing>([
        .init("tenant_id", .uuid) { .id($0.tenantID) },
        .init("rate_percent", .nullable(percent)) { .text($0.stored?.rate?.percent) },
        .init("valid_from", .nullable(.time)) { .time($0.stored?.validFrom) },
        .init("limit_percent", .nullable(percent)) { .text($0.limit?.percent) },
    ])

    static let past = View<StoredCommissionRate>([
        .init("number", .integer(1...Int64.max)) { .integer($0.number) },
        .init("rate_percent", .nullable(percent)) { .text($0.rate?.percent) },
        .init("valid_from", .time) { .time($0.validFrom) }, .init("set_at", .time) { .time($0.setAt) },
        .init("set_by", .uuid) { .id($0.setBy) },
    ])

    static let line = View<CommissionLine>([
        .init("number", .integer(1...Int64.max)) { .integer($0.sequence) },
        .init("recorded_at", .time) { .time($0.recordedAt) }, .init("effective_at", .time) { .time($0.effectiveAt) },
        .init("amount", .amount) { .text($0.amount.decimal) }, .init("paid", .amount) { .text($0.paid.decimal) },
        .init("currency", .currency) { .text($0.amount.currency.code) },
        .init("customer_id", .uuid) { .id($0.payerID) },
        .init("customer_tenant_id", .uuid) { .id($0.payerTenantID) },
        .init("transfer_id", .uuid) { .id($0.transferID) }, .init("purpose", .text()) { .text($0.purpose.name) },
        .init("reference", .nullable(.text())) { .text($0.reference) },
    ])

    /// A total with its sum.
    struct Total: Sendable {
        let total: CommissionTotal
        let net: Money
    }

    static let total = View<Total>([
        .init("month", .day) { .described($0.total.month) },
        .init("child_id", .uuid) { .id($0.total.childID) },
        .init("child_name", .nullable(.text())) { .text($0.total.childName) },
        .init("currency", .currency) { .text($0.net.currency.code) },
        .init("payments", .integer(0...Int64.max)) { .integer($0.total.payments) },
        .init("earned", .amount) { .text($0.total.earned.decimal) },
        .init("taken_back", .amount) { .text($0.total.takenBack.decimal) },
        .init("net", .amount) { .text($0.net.decimal) },
    ])

    /// What a tenant has of one currency.
    struct Purse: Sendable {
        let available: Money
        let requested: Money
        let thisMonth: Money
        let lastMonth: Money
    }

    static let purse = View<Purse>([
        .init("currency", .currency) { .text($0.available.currency.code) },
        .init("available", .amount) { .text($0.available.decimal) },
        .init("requested", .amount) { .text($0.requested.decimal) },
        .init("this_month", .amount) { .text($0.thisMonth.decimal) },
        .init("last_month", .amount) { .text($0.lastMonth.decimal) },
    ])

    /// A share of a preview; without a tenant that of everybody above together.
    struct Share: Sendable {
        let tenantID: TenantID?
        let amount: Money
    }

    static let share = View<Share>([
        .init("tenant_id", .nullable(.uuid)) { .described($0.tenantID) },
        .init("amount", .amount) { .text($0.amount.decimal) },
    ])

    /// What a body says about a rate.
    struct RateInput: Sendable {
        var rate: CommissionRate?
        var validFrom: Timestamp?

        static let shape = InputShape<RateInput>([
            InputField("rate_percent", .rate, \.rate, isRequired: true),
            InputField("valid_from", .time, clearable: \.validFrom),
        ])
    }
}

extension InputKind where Value == CommissionRate? {
    /// A rate in percent, or null for none.
    fileprivate static var rate: InputKind {
        InputKind(.nullable(CommissionViews.percent), "percents such as \"12.5\", or null for none") { value in
            if value.isNull { return .some(nil) }
            return value.text.flatMap { CommissionRate(percent: $0) }.map { .some($0) }
        }
    }
}
