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

    var routes: [GatewayRoute] { get throws { try [usage.list(parts), usage.export(parts), ofSubscriber] } }

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

    private static func day(_ request: Request, _ name: String) throws(Problem) -> CivilDate? {
        guard let text = request.query[name] else { return nil }
        guard let day = CivilDate(text) else { throw .invalid(name, "must be a day such as 2026-11-20") }
        return day
    }
}
