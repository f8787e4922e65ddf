import Domain
import Persistence

/// `profile add|list|show|set|remove`, `profile window add|remove`.
enum ProfileCommands {
    static let all: [CommandSpec] = [add, list, show, set, remove, addWindow, removeWindow]

    private static let reference = ArgumentSpec("PROFILE", "The profile's id or name.")
    private static let details = """
        Speeds are bit/s with a suffix k, M or G (powers of 1000): 50M. Plans that have the profile (plan set --profile) get its \
        speeds and hours in place of their own, each login from the next one on.
        """
    private static let fields: [OptionSpec] =
        [.value("description", "TEXT", "What it is, for people.")] + SpeedOptions.shaping + [
            .value("queue-type", "NAME", "Default pcq."), .value("parent-queue", "NAME", "The queue above."),
        ]

    private static let add = CommandSpec(
        "profile add",
        "Adds a bandwidth profile: named speeds that any number of plans have.",
        details: details,
        arguments: [ArgumentSpec("NAME", "A name, unique within the tenant.")],
        options: [
            SharedOptions.owner, .value("download", "SPEED", "To the subscriber.", required: true),
            .value("upload", "SPEED", "From the subscriber.", required: true),
        ] + fields,
        examples: [
            "nexora profile add \"Fibre 50\" --tenant acme --download 50M --upload 10M",
            "nexora profile add Boost --tenant acme --download 20M --upload 5M --burst-download 40M --burst-upload 10M --burst-seconds 16",
        ]
    ) { invocation, context in
        let name = try invocation.requiredArgument("NAME")
        var profile = BandwidthProfile(
            tenantID: TenantID(.zero),
            id: context.ids.next(),
            name: name,
            speed: try SpeedOptions.speed(invocation, from: nil)
        )
        try apply(invocation, to: &profile)
        let wanted = profile
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                var profile = wanted
                profile.tenantID = directory.root
                try await directory.profiles.insert(profile)
                return try await output(of: profile.id, directory)
            }
        )
    }

    private static let list = CommandSpec(
        "profile list",
        "Lists bandwidth profiles.",
        options: [SharedOptions.scope, SharedOptions.limit, SharedOptions.after],
        examples: ["nexora profile list --tenant acme"]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        let after: BandwidthProfileID? = try SharedOptions.after(invocation)
        let records = try await context.inDirectory(invocation) { directory in
            let names = try await directory.tenantNames()
            return try await directory.profiles.list(after: after, limit: limit).map { OutputRecord($0, names: names) }
        }
        context.report.page(records, limit: limit, none: "no profiles")
    }

    private static let show = CommandSpec(
        "profile show",
        "Shows one bandwidth profile with its windows.",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora profile show \"Fibre 50\""]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("PROFILE")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                try await output(of: try await directory.profile(reference).id, directory)
            }
        )
    }

    private static let set = CommandSpec(
        "profile set",
        "Changes a bandwidth profile: only what is given.",
        details: details + " An empty --burst-download ends the burst.",
        arguments: [reference],
        options: [
            SharedOptions.scope, .value("name", "NAME", "Its name."), .value("download", "SPEED", "To the subscriber."),
            .value("upload", "SPEED", "From the subscriber."),
        ] + fields,
        examples: ["nexora profile set \"Fibre 50\" --download 60M"]
    ) { invocation, context in
        try await edit(invocation, context) { profile in
            profile.name = invocation.string("name") ?? profile.name
            profile.speed = try SpeedOptions.speed(invocation, from: profile.speed)
            try apply(invocation, to: &profile)
        }
    }

    private static let remove = CommandSpec(
        "profile remove",
        "Removes a bandwidth profile that no plan has (exit code 4 while one does).",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora profile remove \"Fibre 50\""]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("PROFILE")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                let profile = try await directory.profile(reference)
                try await directory.profiles.remove(profile)
                return OutputRecord(profile, names: try await directory.tenantNames())
            }
        )
    }

    private static let addWindow = CommandSpec(
        "profile window add",
        "Gives a bandwidth profile another speed at certain hours of the week.",
        details: "Hours are as plan window add has them; no two windows may share an hour of the week.",
        arguments: [
            reference, ArgumentSpec("DAYS", "On which it begins: mon-fri, sat,sun, all."),
            ArgumentSpec("HOURS", "From and to: 22:00-06:00."),
        ],
        options: [
            SharedOptions.scope, .value("download", "SPEED", "To the subscriber.", required: true),
            .value("upload", "SPEED", "From the subscriber.", required: true),
        ] + SpeedOptions.shaping,
        examples: ["nexora profile window add \"Fibre 50\" mon-fri 22:00-06:00 --download 100M --upload 20M"]
    ) { invocation, context in
        let window = try PlanSpeedCommands.window(invocation)
        try await edit(invocation, context) { $0.windows.append(window) }
    }

    private static let removeWindow = CommandSpec(
        "profile window remove",
        "Takes a window from a bandwidth profile.",
        arguments: [reference, ArgumentSpec("POSITION", "Its position, as profile show has it.")],
        options: [SharedOptions.scope],
        examples: ["nexora profile window remove \"Fibre 50\" 1"]
    ) { invocation, context in
        let position = try invocation.position()
        try await edit(invocation, context) { profile in
            guard profile.windows.indices.contains(position - 1) else {
                throw CommandFailure(.notFound, "no window at position \(position)")
            }
            profile.windows.remove(at: position - 1)
        }
    }

    // MARK: - Parts

    private static func edit(
        _ invocation: Invocation,
        _ context: CommandContext,
        _ change: (inout BandwidthProfile) throws -> Void
    ) async throws {
        let reference = try invocation.requiredArgument("PROFILE")
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                let before = try await directory.profile(reference)
                var profile = before
                try change(&profile)
                try await directory.profiles.update(profile, from: before)
                return try await output(of: profile.id, directory)
            }
        )
    }

    private static func output(
        of id: BandwidthProfileID,
        _ directory: DirectoryAccess
    ) async throws -> OutputRecord {
        guard let profile = try await directory.profiles.find(id) else { throw PersistenceError.notFound }
        var record = OutputRecord(profile, names: try await directory.tenantNames())
        let windows = profile.windows.enumerated().map { OutputRecord($0.element, position: $0.offset + 1) }
        record.add("windows", .list(windows.map { .record($0) }))
        return record
    }

    private static func apply(_ invocation: Invocation, to profile: inout BandwidthProfile) throws(UsageError) {
        profile.description = invocation.string("description") ?? profile.description
        if let name = invocation.string("queue-type") { profile.queueType = name.isEmpty ? "pcq" : name }
        if let name = invocation.clearable("parent-queue") { profile.parentQueue = name }
    }
}

extension OutputRecord {
    /// A bandwidth profile without its windows.
    init(_ profile: BandwidthProfile, names: [TenantID: String]) {
        self.init()
        add("id", .text(profile.id.description))
        add("tenant", .text(names[profile.tenantID] ?? profile.tenantID.description))
        add("name", .text(profile.name))
        add(profile.speed)
        add("description", .text(profile.description), detail: true)
        add("queueType", .text(profile.queueType), detail: true)
        add("parentQueue", .optional(profile.parentQueue), detail: true)
        add(profile.stamp)
    }

    /// A speed's parts.
    mutating func add(_ speed: SpeedProfile) {
        add("downloadBps", .integer(speed.rate.download))
        add("uploadBps", .integer(speed.rate.upload))
        let burst = speed.burst
        add("burstDownloadBps", .optional(burst?.rate.download), detail: true)
        add("burstUploadBps", .optional(burst?.rate.upload), detail: true)
        add("thresholdDownloadBps", .optional(burst?.threshold.download), detail: true)
        add("thresholdUploadBps", .optional(burst?.threshold.upload), detail: true)
        add("burstSeconds", .optional(burst?.seconds), detail: true)
        add("priority", .integer(Int64(speed.priority)))
        add("guaranteedDownloadBps", .integer(speed.guaranteed.download), detail: true)
        add("guaranteedUploadBps", .integer(speed.guaranteed.upload), detail: true)
    }
}
