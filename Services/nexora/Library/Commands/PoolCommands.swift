import Domain
import Persistence

/// `pool add|list|show|change|exclude|remove`.
enum PoolCommands {
    static let all: [CommandSpec] = [add, list, show, change, exclude, remove]

    private static let reference = ArgumentSpec("POOL", "The pool's id or name.")
    private static let fields: [OptionSpec] = [
        .value("gateway", "ADDRESS", "Never handed out; empty for none."),
        .value(
            "dns",
            "ADDRESS",
            "A DNS server for its subscribers, at most four; given once or more, they replace those there.",
            repeated: true
        ),
        .value("sticky", "SECONDS", "How long a unit is kept for who had it last, 0 for not at all; default 86400."),
        .value("active", "yes|no", "An inactive pool hands nothing out; default yes."),
    ]

    private static let add = CommandSpec(
        "pool add",
        "Adds a pool of addresses or prefixes.",
        details: """
            NASes (nas set --address-pool) and plans (plan set --address-pool) name the pool that their subscribers get
            addresses from. Range, use and unit length never change: units are counted from the range's start.
            """,
        arguments: [
            ArgumentSpec("NAME", "A name, unique within the tenant."),
            ArgumentSpec("RANGE", "The range: 100.64.0.0/16, 2001:db8:100::/40."),
        ],
        options: [
            SharedOptions.owner,
            .value(
                "use",
                "USE",
                "What a unit is for; default ipv4, or ipv6 for an IPv6 range.",
                choices: AddressPool.Use.allCases.map { "\($0.name)" }
            ),
            .value("unit", "LENGTH", "A unit's length; default 32, 64 for ipv6, 56 for delegated."),
            .value("exclude", "RANGE", "An address or range that is never handed out.", repeated: true),
        ] + fields,
        examples: [
            "nexora pool add homes 100.64.0.0/16 --tenant acme --gateway 100.64.0.1 --dns 192.0.2.53",
            "nexora pool add homes6 2001:db8:100::/40 --tenant acme --use delegated --unit 56",
        ]
    ) { invocation, context in
        let name = try invocation.requiredArgument("NAME")
        let range = try prefix(try invocation.requiredArgument("RANGE"), invocation)
        let exclusions = try invocation.strings("exclude").map { text throws(UsageError) in try prefix(text, invocation)
        }
        let record = try await context.inDirectory(invocation) { directory in
            let usual: AddressPool.Use = range.address.family == .ipv4 ? .ipv4 : .ipv6
            let use = invocation.string("use").flatMap { AddressPool.Use(name: $0) } ?? usual
            var pool = IPPool(
                tenantID: directory.root,
                id: context.ids.next(),
                name: name,
                range: range,
                use: use,
                unitLength: try invocation.integer("unit", in: 1...128),
                exclusions: exclusions
            )
            try apply(invocation, to: &pool)
            try pool.validate()
            try await refuseOverlap(of: pool, directory)
            try await directory.pools.insert(pool)
            return try await output(of: pool.id, directory)
        }
        context.report.one(record)
    }

    private static let list = CommandSpec(
        "pool list",
        "Lists pools.",
        options: [
            SharedOptions.scope, .flag("active", "Active ones only."), SharedOptions.limit, SharedOptions.after,
        ],
        examples: ["nexora pool list", "nexora pool list --tenant acme --json"]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        let after: PoolID? = try SharedOptions.after(invocation)
        let records = try await context.inDirectory(invocation) { directory in
            let names = try await directory.tenantNames()
            return try await directory.pools.list(after: after, limit: limit, onlyActive: invocation.has("active"))
                .map { OutputRecord($0, names: names) }
        }
        context.report.page(records, limit: limit, none: "no pools")
    }

    private static let show = CommandSpec(
        "pool show",
        "Shows one pool and how many of its units are out.",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora pool show homes"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("POOL")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                try await output(of: try await directory.pool(reference).id, directory)
            }
        )
    }

    private static let change = CommandSpec(
        "pool change",
        "Changes a pool: only what is given. What is out stays with who has it.",
        arguments: [reference],
        options: [SharedOptions.scope, .value("name", "NAME", "Its name.")] + fields,
        examples: ["nexora pool change homes --sticky 0", "nexora pool change homes --active no"]
    ) { invocation, context in
        try await edit(invocation, context) { pool in
            pool.name = invocation.string("name") ?? pool.name
            try apply(invocation, to: &pool)
        }
    }

    private static let exclude = CommandSpec(
        "pool exclude",
        "Keeps an address or a range of a pool from being handed out, or lets it be handed out again.",
        details: "Who has such an address keeps it until he gives it back.",
        arguments: [reference, ArgumentSpec("RANGE", "An address or a range: 100.64.0.0/28.")],
        options: [SharedOptions.scope, .flag("lift", "Let it be handed out again.")],
        examples: ["nexora pool exclude homes 100.64.0.0/28", "nexora pool exclude homes 100.64.0.0/28 --lift"]
    ) { invocation, context in
        let range = try prefix(try invocation.requiredArgument("RANGE"), invocation)
        try await edit(invocation, context) { pool in
            if invocation.has("lift") {
                guard pool.exclusions.contains(range) else {
                    throw CommandFailure(.notFound, "\(range) is not excluded from \"\(pool.name)\"")
                }
                pool.exclusions.removeAll { $0 == range }
            } else if !pool.exclusions.contains(range) {
                pool.exclusions.append(range)
            }
        }
    }

    private static let remove = CommandSpec(
        "pool remove",
        "Removes a pool that never handed anything out; make any other inactive.",
        details: "Refused (exit code 4) while it is known who had its units: see nexora ip who.",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora pool remove homes"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("POOL")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                let pool = try await directory.pool(reference)
                try await directory.pools.remove(pool)
                return OutputRecord(pool, names: try await directory.tenantNames())
            }
        )
    }

    // MARK: - Parts

    private static func edit(
        _ invocation: Invocation,
        _ context: CommandContext,
        _ body: @Sendable (inout IPPool) throws -> Void
    ) async throws {
        let reference = try invocation.requiredArgument("POOL")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                var pool = try await directory.pool(reference)
                try body(&pool)
                if pool.isActive { try await refuseOverlap(of: pool, directory) }
                try await directory.pools.update(pool)
                return try await output(of: pool.id, directory)
            }
        )
    }

    private static func refuseOverlap(of pool: IPPool, _ directory: DirectoryAccess) async throws {
        guard let other = try await directory.pools.overlapping(pool).first else { return }
        throw CommandFailure(
            .conflict,
            "\(pool.range) overlaps \(other.range) of pool \"\(other.name)\": one address could be handed out twice"
        )
    }

    private static func output(of id: PoolID, _ directory: DirectoryAccess) async throws -> OutputRecord {
        guard let pool = try await directory.pools.find(id) else { throw PersistenceError.notFound }
        var record = OutputRecord(pool, names: try await directory.tenantNames())
        let usage = try await directory.pools.usage(of: pool)
        record.add("usable", .integer(Int64(clamping: pool.pool?.usableCount ?? 0)), detail: true)
        record.add("allocated", .integer(Int64(usage.allocated)), detail: true)
        record.add("reserved", .integer(Int64(usage.reserved)), detail: true)
        return record
    }

    private static func prefix(_ text: String, _ invocation: Invocation) throws(UsageError) -> IPPrefix {
        guard let range = IPPrefix(text) else {
            throw UsageError(
                "\"\(text)\": must be an address or a range without host bits, such as 100.64.0.0/16",
                command: invocation.command.words
            )
        }
        return range
    }

    private static func apply(_ invocation: Invocation, to pool: inout IPPool) throws(UsageError) {
        if let given = invocation.clearable("gateway") {
            pool.gateway = given.flatMap { IPAddress($0) }
            if given != nil, pool.gateway == nil { throw invocation.invalid("gateway", "must be an IP address") }
        }
        if let sticky = try invocation.integer("sticky", in: 0...31_536_000) { pool.stickySeconds = sticky }
        if let flag = try invocation.boolean("active") { pool.isActive = flag }
        guard invocation.has("dns") else { return }
        pool.dnsServers = []
        for text in invocation.strings("dns") where !text.isEmpty {
            guard let address = IPAddress(text) else { throw invocation.invalid("dns", "must be an IP address") }
            pool.dnsServers.append(address)
        }
    }
}
