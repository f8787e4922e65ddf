import Domain
import HTTPServer
import Persistence
import WireFormat

extension Resource where Row == UsageDay {
    static let usage = Resource(
        .usage,
        path: "/api/v1/usage",
        noun: ("UsageDay", "Usage"),
        tag: "usage",
        auditType: "usage",
        read: .usageRead,
        own: .field("customer_id"),
        id: { "\($0.serviceID)/\($0.day)" },
        // The list's own condition keeps it to a customer's services.
        owner: { RecordOwner(tenantID: $0.tenantID) },
        schemas: [
            "service_id": .uuid, "day": .day, "input_octets": .integer(0...Int64.max),
            "output_octets": .integer(0...Int64.max), "sessions": .integer(0...Int64.max),
        ]
    ) { _, _, _ in nil }
}

/// What subscribers used, by UTC day.
struct UsageRoutes {
    private let parts: Parts
    private let usage = Resource<UsageDay>.usage

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { get throws { try [usage.list(parts), usage.export(parts), ofSubscriber, hours] } }

    /// The days of one subscriber to the last report, which the list learns half a minute later.
    private var ofSubscriber: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/radius/usage/{id:uuid}",
            operationID: "getSubscriberUsage",
            metadata: Access(
                .permission(.usageRead),
                operation: Operation(
                    "usage",
                    "A subscriber's usage by UTC day, the oldest first; the last 31 days unless said.",
                    parameters: [
                        Operation.Parameter("from", .day, "The first day."),
                        Operation.Parameter("to", .day, "The last day."),
                    ],
                    .data(.list(usage.schema))
                )
            )
        ) { request in
            let id = try request.pathID()
            let last = try Self.day(request, "to") ?? parts.time.now().day
            let first = try Self.day(request, "from") ?? CivilDate(daysSince1970: last.daysSince1970 - 30)
            guard first <= last, last.daysSince1970 - first.daysSince1970 <= 3_660 else {
                throw Problem.invalid("from", "must be a day before to, ten years at most")
            }
            let days = try await parts.read(request) { transaction, caller in
                let service = try await Resource<Service>.services.found(id, transaction, caller)
                return try await UsageSeries(transaction).days(of: service.id, from: first, through: last)
            }
            return Response.data { json in
                json.beginArray()
                for day in days { usage.source.write(day, to: &json) }
                json.endArray()
            }
        }
    }

    private static let hour = View<UsageHour>([
        .init("hour", .time) { .time($0.hour) },
        .init("input_octets", .integer(0...Int64.max)) { .integer($0.inputOctets) },
        .init("output_octets", .integer(0...Int64.max)) { .integer($0.outputOctets) },
        .init("online_seconds", .integer(0...Int64.max)) { .integer($0.onlineSeconds) },
    ])

    private var hours: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/radius/usage/{id:uuid}/hours",
            operationID: "getSubscriberUsageHours",
            metadata: Access(
                .permission(.usageRead),
                operation: Operation(
                    "usage",
                    "A subscriber's usage by UTC hour, the oldest first, as billing counts it; hours without any are left out.",
                    parameters: [
                        Operation.Parameter("hours", .integer(1...744), "How many, this one the last; 48 unless said.")
                    ],
                    .data(.list(Self.hour.schema, maximum: 745))
                )
            )
        ) { request in
            let id = try request.pathID()
            let count = try Self.count(request)
            let hour: Int64 = 3_600_000_000
            let (now, found) = try await parts.read(request) { transaction, caller in
                let service = try await Resource<Service>.services.found(id, transaction, caller)
                let now = parts.time.now().microseconds
                let first = Timestamp(microseconds: (now / hour - Int64(count) + 1) * hour)
                return (now, try await UsageSeries(transaction).hours(of: service, from: first))
            }
            return Response.data { json in
                json.beginArray()
                for one in found where one.hour.microseconds <= now { Self.hour.write(one, to: &json) }
                json.endArray()
            }
        }
    }

    private static func count(_ request: Request) throws(Problem) -> Int {
        guard let text = request.query["hours"] else { return 48 }
        guard let count = Int(text), (1...744).contains(count) else {
            throw .invalid("hours", "must be a whole number from 1 to 744")
        }
        return count
    }

    private static func day(_ request: Request, _ name: String) throws(Problem) -> CivilDate? {
        guard let text = request.query[name] else { return nil }
        guard let day = CivilDate(text) else { throw .invalid(name, "must be a day such as 2026-11-20") }
        return day
    }
}
