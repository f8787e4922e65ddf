import Domain
import Persistence

/// `exposure list`.
enum ExposureCommands {
    static let all: [CommandSpec] = [list]

    private static let list = CommandSpec(
        "exposure list",
        "Lists where money and the network disagree: who paid and is kept out, and who did not pay and is online.",
        details: """
            As it stands now, by kind, tenant and service. paid_offline: the subscription is paid for and its service may not log in.
            unpaid_online: the subscription is suspended, paused or over, and the service has an open session.
            """,
        options: [
            .value("kind", "KIND", "Only these: paid_offline or unpaid_online."), SharedOptions.scope,
            SharedOptions.limit,
        ],
        examples: ["nexora exposure list", "nexora exposure list --kind unpaid_online --tenant acme --json"]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        var kind: BillingExposure.Kind?
        if let text = invocation.string("kind") {
            kind = BillingExposure.Kind(rawValue: text)
            if kind == nil { throw invocation.invalid("kind", "must be paid_offline or unpaid_online") }
        }
        let records = try await context.inDirectory(invocation) { [kind] directory in
            let names = try await directory.tenantNames()
            return try await BillingExposure(directory.transaction).cases(kind, limit: limit)
                .map { OutputRecord($0, names: names) }
        }
        context.report.list(records, none: "money and the network agree")
    }
}

extension OutputRecord {
    fileprivate init(_ exposure: BillingExposure.Case, names: [TenantID: String]) {
        self.init()
        add("kind", .text(exposure.kind.rawValue))
        add("tenant", .text(names[exposure.tenantID] ?? exposure.tenantID.description))
        add("username", .optional(exposure.username))
        add("serviceStatus", .optional(exposure.serviceStatus))
        add("subscriptionState", .optional(exposure.subscriptionState))
        add("service", .text(exposure.serviceID.description))
        add("customer", .text(exposure.customerID.description))
    }
}
