import Billing
import Domain
import HTTPServer
import Persistence
import WireFormat

/// How metering goes out.
enum MeteringViews {
    static let project = View<MeteredProject>([
        .init("id", .uuid) { .id($0.id) }, .init("tenant_id", .uuid) { .id($0.tenantID) },
        .init("name", .text(100)) { .text($0.name) },
        .init("storage_octets", .integer(0...Int64.max)) { .integer($0.storageOctets) },
        .init("created_at", .time) { .time($0.createdAt) },
        .init("version", .integer(0...Int64.max)) { .integer($0.version) },
    ])

    /// Octets as a number and as people read them: `traffic_octets`, `traffic_mb`, `traffic_gb`.
    private static func octets<Thing>(
        _ name: String,
        _ value: @escaping @Sendable (Thing) -> Int64
    ) -> [View<Thing>.Member] {
        [
            .init("\(name)_octets", .integer(0...Int64.max)) { .integer(value($0)) },
            .init("\(name)_mb", .text()) { .text(OctetText(value($0)).megabytes) },
            .init("\(name)_gb", .text()) { .text(OctetText(value($0)).gigabytes) },
        ]
    }

    private static let year = Schema.integer(1...9_999)
    private static let month = Schema.integer(1...12)

    static let usage = View<ProjectUsage>(
        [
            .init("project_id", .uuid) { .id($0.projectID) },
            .init("year", year) { .integer($0.month.year) }, .init("month", month) { .integer($0.month.month) },
        ] + octets("traffic") { $0.trafficOctets } + octets("storage") { $0.storageOctets }
    )

    static let summary = View<MeteringSummary>(
        [
            .init("tenant_id", .uuid) { .id($0.tenantID) },
            .init("plan", .choice(MeteredPlan.allCases.map(\.rawValue))) { .text($0.plan.rawValue) },
            .init("year", year) { .integer($0.month.year) }, .init("month", month) { .integer($0.month.month) },
            .init("projects", .integer(0...Int64.max)) { .integer($0.projects) },
        ]
            + octets("traffic") { $0.trafficOctets } + octets("storage") { $0.storageOctets }
            + octets("project_storage") { $0.projectStorageOctets } + octets("own_storage") { $0.ownStorageOctets }
            + octets("mean_traffic") { $0.mean($0.trafficOctets) }
            + octets("mean_storage") { $0.mean($0.projectStorageOctets) }
    )

    static let use = View<MeteredUse>([
        .init("resource", .choice(MeteredResource.allCases.map(\.rawValue))) { .text($0.resource.rawValue) },
        .init("used_octets", .integer(0...Int64.max)) { .integer($0.used) },
        .init("limit_octets", .integer(-1...Int64.max)) { .integer($0.limit) },
        .init("used_text", .text()) { .text(OctetText($0.used).readable) },
        .init("limit_text", .nullable(.text())) {
            .text($0.limit == MeteredLimits.unlimited ? nil : OctetText($0.limit).readable)
        },
        .init("percent", .nullable(.integer(0...Int64.max))) { .integer($0.percent) },
        .init("level", .choice(MeteredUse.Level.allCases.map(\.rawValue))) { .text($0.level.rawValue) },
        .init("error", .nullable(.text())) { .text($0.error) },
    ])

    static let plan = View<MeteredSubscription>([
        .init("plan", .choice(MeteredPlan.allCases.map(\.rawValue))) { .text($0.plan.rawValue) },
        .init("completed_at", .nullable(.time)) { .time($0.completedAt) },
        .init("monthly_price", .amount) { .text($0.plan.monthlyPrice.decimal) },
        .init("currency", .currency) { .text($0.plan.monthlyPrice.currency.code) },
        .init("upgrade", .nullable(.choice([MeteredPlan.pro.rawValue]))) {
            .text($0.plan == .free ? MeteredPlan.pro.rawValue : nil)
        },
        limit("teams") { $0.teams }, limit("members") { $0.members }, limit("projects") { $0.projects },
        limit("cpu_millis") { $0.milliCPU }, limit("memory_octets") { $0.memoryOctets },
        limit("traffic_octets") { $0.trafficOctets }, limit("storage_octets") { $0.storageOctets },
        .init("has_custom_domains", .boolean) { .boolean($0.plan.limits.hasCustomDomains) },
    ])

    private static func limit(
        _ name: String,
        _ value: @escaping @Sendable (MeteredLimits) -> Int64
    ) -> View<MeteredSubscription>.Member {
        .init("max_\(name)", .integer(-1...Int64.max)) { .integer(value($0.plan.limits)) }
    }

    static let checkSchema = Schema.object([
        .init("ok", .boolean), .init("error", .nullable(.text())),
        .init("plan", .choice(MeteredPlan.allCases.map(\.rawValue))),
        .init("resources", .list(use.schema)),
    ])

    /// Whether nothing is used up, else why not, and how far each limit is used.
    static func check(_ summary: MeteringSummary) -> Response {
        Response.data { json in
            json.beginObject()
            json.key("ok")
            json.value(summary.isOK)
            json.key("error")
            FieldValue.text(summary.isOK ? nil : summary.errors.joined(separator: " ")).write(to: &json)
            json.key("plan")
            json.value(summary.plan.rawValue)
            json.key("resources")
            json.beginArray()
            for resource in summary.uses { use.write(resource, to: &json) }
            json.endArray()
            json.endObject()
        }
    }

    /// The parameters that name a month.
    static let monthParameters = [
        Operation.Parameter("year", year, "The month's year, this one unless said; both or neither."),
        Operation.Parameter("month", month, "1 to 12, this one unless said, by UTC."),
    ]
}

extension Request {
    /// The month that `year` and `month` name; the present one where they are not said.
    func meteredMonth(now: Timestamp) throws(Problem) -> MeteredMonth {
        switch (query["year"], query["month"]) {
        case (nil, nil): return MeteredMonth(at: now)
        case (let year?, let month?):
            guard let year = Int(year), let month = Int(month), let found = MeteredMonth(year: year, month: month)
            else {
                throw .invalid("month", "must be a month with its year", code: "out_of_range")
            }
            return found
        default: throw .invalid("month", "must be given with year, or neither", code: "incomplete")
        }
    }
}
