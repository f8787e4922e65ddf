import Domain
import Persistence

/// `ip who`.
enum AddressCommands {
    static let all: [CommandSpec] = [who]

    private static let who = CommandSpec(
        "ip who",
        "Tells who had an address or prefix, or what a service had: at a time, or last.",
        details: """
            Looks at the pools' allocations and at what NASes reported with sessions, live, closed and moved to the history.
            An address within a prefix that somebody had counts as his.
            """,
        arguments: [ArgumentSpec("ADDRESS", "An address or a prefix; none with --service.", required: false)],
        options: [
            .value("at", "TIME", "At this time: 2026-11-20T10:00:00Z; without it, the newest first."),
            .value("service", "SERVICE", "What this service had: id or user name."), SharedOptions.scope,
            SharedOptions.limit,
        ],
        examples: [
            "nexora ip who 100.64.3.7 --at 2026-11-20T21:14:05Z", "nexora ip who 2001:db8:100:2a00::1",
            "nexora ip who --service ann",
        ]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        let time = try SessionCommands.time(invocation, "at")
        let words = invocation.command.words
        let prefix = try invocation.argument("ADDRESS").map { text throws(UsageError) in
            guard let prefix = IPPrefix(text) else {
                throw UsageError("\"\(text)\": must be an address, or a prefix without host bits", command: words)
            }
            return prefix
        }
        guard (prefix == nil) == invocation.has("service") else {
            throw UsageError("give an ADDRESS or --service", command: words)
        }
        let records = try await context.inDirectory(invocation) { directory in
            let history = AddressHistory(directory.transaction)
            let names = try await directory.tenantNames()
            var holders: [AddressHolder] = []
            if let prefix {
                holders = try await history.holders(of: prefix, at: time, limit: limit)
            } else if let reference = invocation.string("service") {
                let service = try await directory.service(reference)
                holders = try await history.holdings(of: service.id, at: time, limit: limit)
            }
            return holders.map { OutputRecord($0, names: names) }
        }
        context.report.list(records, none: "nobody, as far as is known")
    }
}

extension OutputRecord {
    /// A pool.
    init(_ pool: IPPool, names: [TenantID: String]) {
        self.init()
        add("id", .text(pool.id.description))
        add("tenant", .text(names[pool.tenantID] ?? pool.tenantID.description))
        add("name", .text(pool.name))
        add("range", .text(pool.range.description))
        add("use", .text("\(pool.use.name)"))
        add("unitLength", .integer(Int64(pool.unitLength)))
        add("isActive", .boolean(pool.isActive))
        add("gateway", .optional(pool.gateway?.description), detail: true)
        add("dnsServers", .list(pool.dnsServers.map { .text($0.description) }), detail: true)
        add("exclusions", .list(pool.exclusions.map { .text($0.description) }), detail: true)
        add("stickySeconds", .integer(Int64(pool.stickySeconds)), detail: true)
        add(pool.stamp)
    }

    /// Who had an address.
    init(_ holder: AddressHolder, names: [TenantID: String]) {
        self.init()
        add("unit", .text(holder.unit.description))
        add("username", .optional(holder.username))
        add("device", .optional(holder.device))
        add("nas", .optional(holder.nasName ?? holder.nasID?.description))
        add("from", .text(holder.from.description))
        add("until", .optional(holder.until?.description))
        add("status", .text(holder.status))
        add("source", .text(holder.source.rawValue))
        add("tenant", .text(names[holder.tenantID] ?? holder.tenantID.description))
        add("serviceId", .optional(holder.serviceID?.description), detail: true)
        add("admissionId", .optional(holder.admissionID?.description), detail: true)
        add("acctSessionId", .optional(holder.acctSessionID), detail: true)
        add("pool", .optional(holder.poolName), detail: true)
    }
}
