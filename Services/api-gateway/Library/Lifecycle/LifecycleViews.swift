import Domain
import Persistence
import WireFormat

/// What runs look like when they go out.
enum LifecycleViews {
    private static let step = View<LifecycleStep>([
        .init("name", .choice(LifecycleStepName.allCases.map(\.rawValue))) { .text($0.name.rawValue) },
        .init("state", .choice(LifecycleStep.State.allCases.map(\.rawValue))) { .text($0.state.rawValue) },
        .init("attempts", .integer(0...Int64.max)) { .integer($0.attempts) },
        .init("reason", .nullable(.text(50))) { .text($0.reason?.rawValue) },
        .init("started_at", .nullable(.time)) { .time($0.startedAt) },
        .init("ended_at", .nullable(.time)) { .time($0.endedAt) },
    ])

    static let run = View<LifecycleRun>([
        .init("id", .uuid) { .id($0.id) }, .init("tenant_id", .uuid) { .id($0.tenantID) },
        .init("service_id", .uuid) { .id($0.serviceID) }, .init("customer_id", .uuid) { .id($0.customerID) },
        .init("kind", .choice(LifecycleKind.allCases.map(\.rawValue))) { .text($0.kind.rawValue) },
        .init("state", .choice(LifecycleRun.State.allCases.map(\.rawValue))) { .text($0.state.rawValue) },
        .init("reason", .nullable(.text(50))) { .text($0.reason?.rawValue) },
        .init("access", .nullable(.choice(LifecycleParameters.Access.allCases.map(\.rawValue)))) {
            .text($0.parameters.access?.rawValue)
        },
        .init("static_ipv4", .nullable(.text())) { .text($0.parameters.staticIPv4?.description) },
        .init("plan_id", .nullable(.uuid)) { .id($0.parameters.planID) },
        .init("operation_id", .uuid) { .text($0.operationID.description) },
        .init("requested_by", .uuid) { .text($0.requestedBy.description) },
        .init("requested_at", .time) { .time($0.requestedAt) },
        .init("started_at", .nullable(.time)) { .time($0.startedAt) },
        .init("deadline", .nullable(.time)) { .time($0.deadline) },
        .init("ended_at", .nullable(.time)) { .time($0.endedAt) },
        .init("steps", .list(step.schema)) { run in
            var json = JSONWriter()
            json.beginArray()
            for part in run.steps { step.write(part, to: &json) }
            json.endArray()
            return .json(String(decoding: json.bytes, as: UTF8.self))
        },
    ])

    /// A service as it stands, with what was done to it last.
    struct Standing: Sendable {
        let service: Service
        let run: LifecycleRun?
    }

    static let standing = View<Standing>([
        .init("service_id", .uuid) { .id($0.service.id) }, .init("plan_id", .uuid) { .id($0.service.planID) },
        .init("username", .text(253)) { .text($0.service.username) },
        .init("status", .choice(ServiceStatus.allCases.map(\.rawValue))) { .text($0.service.status.rawValue) },
        .init("run", .nullable(run.schema)) { standing in
            guard let last = standing.run else { return .null }
            var json = JSONWriter()
            run.write(last, to: &json)
            return .json(String(decoding: json.bytes, as: UTF8.self))
        },
    ])
}
