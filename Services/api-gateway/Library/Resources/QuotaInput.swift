import Billing
import Domain
import HTTPServer
import Persistence
import WireFormat

/// A plan's quota as it comes and goes.
struct QuotaInput: Sendable {
    enum Policy: String, CaseIterable, Sendable {
        case tell, throttle, block, bill
    }

    struct Hours: Sendable {
        var days = Weekdays.all
        var start = 0
        var end = 0
        var percent = 0

        static let shape = InputShape<Hours>([
            InputField("days", .weekdays, \.days, isRequired: true),
            InputField("start", .clock, \.start, isRequired: true), InputField("end", .clock, \.end, isRequired: true),
            InputField("percent", .whole(0...QuotaHours.greatestPercent), \.percent, isRequired: true),
        ])

        static let kind = InputKind<Hours>(shape.schema(isWhole: true), "hours of the week") { value in
            var hours = Hours()
            guard (try? shape.apply(value, to: &hours, isWhole: true)) != nil else { return nil }
            return hours
        }
    }

    var name = ""
    var resource = QuotaResource.octets
    var direction = QuotaDirection.both
    var allowance = QuotaDefinition.unlimited
    var span = QuotaSpan.month
    var policy = Policy.tell
    var throttleDownload: Int64?
    var throttleUpload: Int64?
    var overagePrice: String?
    var overageUnit: Int64?
    var topUpAmount: Int64?
    var topUpPrice: String?
    var hours: [Hours] = []

    private static let count = InputKind<Int64>(.integer(1...Int64.max), "a whole number of at least 1") { value in
        value.integer.flatMap { $0 > 0 ? $0 : nil }
    }

    private static let limit = InputKind<Int64>(.integer(-1...Int64.max), "a whole number of at least 1, or -1") {
        value in
        value.integer.flatMap { $0 > 0 || $0 == QuotaDefinition.unlimited ? $0 : nil }
    }

    static let shape = InputShape<QuotaInput>([
        InputField("name", .text(60, minimum: 1), \.name, isRequired: true),
        InputField("resource", .choice(), \.resource), InputField("direction", .choice(), \.direction),
        InputField("allowance", limit, \.allowance, isRequired: true), InputField("span", .choice(), \.span),
        InputField("policy", .choice(), \.policy, isRequired: true),
        InputField("throttle_download_bps", .speed, clearable: \.throttleDownload),
        InputField("throttle_upload_bps", .speed, clearable: \.throttleUpload),
        InputField("overage_price", .amount, clearable: \.overagePrice),
        InputField("overage_unit", count, clearable: \.overageUnit),
        InputField("top_up_amount", count, clearable: \.topUpAmount),
        InputField("top_up_price", .amount, clearable: \.topUpPrice),
        InputField("hours", Hours.kind.list(QuotaDefinition.mostHours), \.hours),
    ])

    static let kind = InputKind<QuotaInput>(shape.schema(isWhole: true), "a quota") { value in
        var input = QuotaInput()
        guard (try? shape.apply(value, to: &input, isWhole: true)) != nil else { return nil }
        return input
    }

    private static func incomplete(_ message: String) -> Problem {
        .invalid("/quotas", message, code: "incomplete")
    }

    /// The quota that is meant, its money in the plan's currency.
    func definition(_ id: QuotaID, currency: Currency) throws(Problem) -> QuotaDefinition {
        let price = try Money.of(overagePrice, currency, field: "quotas")
        let topUp = try Money.of(topUpPrice, currency, field: "quotas")
        var quota = QuotaDefinition(id: id, name: name, resource: resource, direction: direction, allowance: allowance)
        quota.span = span
        switch policy {
        case .tell: quota.policy = .tell
        case .block: quota.policy = .block
        case .throttle:
            guard let throttleDownload, let throttleUpload else {
                throw Self.incomplete("policy throttle needs throttle_download_bps and throttle_upload_bps")
            }
            quota.policy = .throttle(SpeedPair(download: throttleDownload, upload: throttleUpload))
        case .bill:
            guard let price, let overageUnit else {
                throw Self.incomplete("policy bill needs overage_price and overage_unit")
            }
            quota.policy = .bill(price: price, unit: overageUnit)
        }
        guard (topUpAmount == nil) == (topUp == nil) else {
            throw Self.incomplete("top_up_amount and top_up_price belong together")
        }
        if let topUpAmount, let topUp { quota.topUp = QuotaTopUp(amount: topUpAmount, price: topUp) }
        quota.hours = hours.map { QuotaHours(days: $0.days, start: $0.start, end: $0.end, percent: $0.percent) }
        return quota
    }
}

/// How quotas go out.
enum QuotaViews {
    static let quota = View<QuotaDefinition>([
        .init("id", .uuid) { .id($0.id) }, .init("position", .integer(1...8)) { .integer($0.position) },
        .init("name", .text(60)) { .text($0.name) },
        .init("resource", .choice(QuotaResource.allCases.map(\.rawValue))) { .text($0.resource.rawValue) },
        .init("direction", .choice(QuotaDirection.allCases.map(\.rawValue))) { .text($0.direction.rawValue) },
        .init("allowance", .integer(-1...Int64.max)) { .integer($0.allowance) },
        .init("span", .choice(QuotaSpan.allCases.map(\.rawValue))) { .text($0.span.rawValue) },
        .init("policy", .choice(QuotaInput.Policy.allCases.map(\.rawValue))) { .text($0.policy.name) },
        .init("throttle_download_bps", .nullable(.integer(1...Int64.max))) { .integer(throttle($0)?.download) },
        .init("throttle_upload_bps", .nullable(.integer(1...Int64.max))) { .integer(throttle($0)?.upload) },
        .init("overage_price", .nullable(.amount)) { .text(overage($0)?.price.decimal) },
        .init("overage_unit", .nullable(.integer(1...Int64.max))) { .integer(overage($0)?.unit) },
        .init("top_up_amount", .nullable(.integer(1...Int64.max))) { .integer($0.topUp?.amount) },
        .init("top_up_price", .nullable(.amount)) { .text($0.topUp?.price.decimal) },
        .init("hours", .list(hours, maximum: QuotaDefinition.mostHours)) { .json(hoursJSON($0.hours)) },
    ])

    static let standing = View<QuotaStanding>([
        .init("quota_id", .uuid) { .id($0.quota.id) }, .init("name", .text(60)) { .text($0.quota.name) },
        .init("resource", .choice(QuotaResource.allCases.map(\.rawValue))) { .text($0.quota.resource.rawValue) },
        .init("window_start", .time) { .time($0.window.start) }, .init("window_end", .time) { .time($0.window.end) },
        .init("used", .integer(0...Int64.max)) { .integer($0.use.used) },
        .init("bonus", .integer(0...Int64.max)) { .integer($0.use.bonus) },
        .init("allowance", .integer(-1...Int64.max)) {
            .integer($0.use.allowance($0.quota) ?? QuotaDefinition.unlimited)
        },
        .init("left", .nullable(.integer(0...Int64.max))) { .integer($0.use.left($0.quota)) },
        .init("told", .integer(0...100)) { .integer($0.use.told) },
        .init("policy", .choice(QuotaInput.Policy.allCases.map(\.rawValue))) { .text($0.quota.policy.name) },
        .init("is_used_up", .boolean) { .boolean($0.use.isExhausted) },
        .init("is_unpaid", .boolean) { .boolean($0.use.isUnpaid) },
    ])

    private static let hours = Schema.object([
        .init("days", .text()), .init("start", .text(5)), .init("end", .text(5)),
        .init("percent", .integer(0...Int64(QuotaHours.greatestPercent))),
    ])

    private static func hoursJSON(_ hours: [QuotaHours]) -> String {
        var json = JSONWriter(capacity: 64)
        json.beginArray()
        for hours in hours {
            json.beginObject()
            json.key("days")
            json.value(hours.days.text)
            json.key("start")
            json.value(clock(hours.start))
            json.key("end")
            json.value(clock(hours.end))
            json.key("percent")
            json.value(UInt32(clamping: hours.percent))
            json.endObject()
        }
        json.endArray()
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static func clock(_ minute: Int) -> String {
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }
        return "\(two(minute / 60)):\(two(minute % 60))"
    }

    private static func throttle(_ quota: QuotaDefinition) -> SpeedPair? {
        if case .throttle(let speeds) = quota.policy { speeds } else { nil }
    }

    private static func overage(_ quota: QuotaDefinition) -> (price: Money, unit: Int64)? {
        if case .bill(let price, let unit) = quota.policy { (price, unit) } else { nil }
    }
}
