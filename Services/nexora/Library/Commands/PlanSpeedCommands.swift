import Domain
import Persistence
import Profiles
import RADIUS

/// `plan speed show`, `plan window add|list|remove`.
enum PlanSpeedCommands {
    static let all: [CommandSpec] = [show, add, list, remove]

    private static let reference = ArgumentSpec("PLAN", "The plan's id or name.")
    private static let bursts: [OptionSpec] = [
        .value("burst-download", "SPEED", "The burst to the subscriber; needs the other one."),
        .value("burst-upload", "SPEED", "The burst from the subscriber."),
        .value("threshold-download", "SPEED", "The average above which a burst ends; default the speed."),
        .value("threshold-upload", "SPEED", "The same from the subscriber."),
        .value("burst-seconds", "SECONDS", "Over how long the average is taken; default 1."),
        .value("priority", "N", "1 is served first, 8 last; default 8."),
        .value("guaranteed-download", "SPEED", "What is always there to the subscriber."),
        .value("guaranteed-upload", "SPEED", "What is always there from the subscriber."),
    ]

    private static let show = CommandSpec(
        "plan speed show",
        "Shows exactly which attributes a plan gives per vendor.",
        details: """
            All that the plan puts into an Access-Accept: the server's own attributes, the speed in the vendor's units, and the \
            plan's extra attributes, for the hours outside of its windows and for each window. What depends on the login is \
            not among them: addresses and pools, Session-Timeout, Class, and what its NAS and service add or remove.
            """,
        arguments: [reference],
        options: [
            SharedOptions.scope,
            .value("vendor", "VENDOR", "Only this vendor's; default all.", choices: NASVendor.allCases.map(\.rawValue)),
            .value("dictionary", "FILE", "The dictionary that radius-server uses, where it is not the installed one."),
        ],
        examples: ["nexora plan speed show \"Home 50\" --vendor mikrotik", "nexora plan speed show \"Home 50\" --json"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("PLAN")
        let dictionary = try DictionaryFolder.load(invocation.string("dictionary")).dictionary
        let vendors = invocation.string("vendor").flatMap(NASVendor.init(rawValue:)).map { [$0] } ?? NASVendor.allCases
        let records = try await context.inDirectory(invocation) { directory in
            let plan = try await directory.plan(reference)
            let settings = try await directory.plans.advanced(of: plan)
            let windows = try await directory.plans.windows(of: plan)
            let attributes = PlanAttributes(
                plan,
                settings,
                extras: try await directory.attributes.list(of: .plan(plan.tenantID, plan.id)),
                ReplyAttributeEncoder(dictionary)
            )
            let profiles =
                [(nil, SpeedProfile(plan, settings))] + windows.map { (Optional($0.position), $0.window.profile) }
            return vendors.flatMap { vendor in
                profiles.flatMap { window, profile in
                    told(attributes, profile, vendor, AttributeCodec(dictionary)).map { pair, number in
                        var record = OutputRecord()
                        record.add("vendor", .text(vendor.rawValue))
                        if !windows.isEmpty { record.add("window", .optional(window)) }
                        record.add("attribute", .text(pair.tag.map { "\(pair.name):\($0)" } ?? pair.name))
                        record.add("number", .text(number))
                        record.add("value", .text(pair.text))
                        return record
                    }
                }
            }
        }
        context.report.list(records, none: "no attributes")
    }

    private static func told(
        _ attributes: PlanAttributes,
        _ profile: SpeedProfile,
        _ vendor: NASVendor,
        _ codec: AttributeCodec
    ) -> [(AttributePair, String)] {
        let (own, extras) = attributes.encoded(profile, for: vendor)
        return codec.decode(Attribute.parsing(own + extras)).map { pair in
            (pair, codec.dictionary.attribute(named: pair.name).map(codec.dictionary.number) ?? "")
        }
    }

    // MARK: - Windows

    private static let add = CommandSpec(
        "plan window add",
        "Gives a plan another speed at certain hours of the week.",
        details: """
            Hours are those of the tenant's clocks (tenant set --settings '{"time_zone": "Europe/Rome"}', UTC without it), \
            daylight saving time included. The start is part of the window, the end is not; an end at or before the start \
            is on the next day. Of windows that overlap the first one holds. A login gets the speed of its hour.
            """,
        arguments: [
            reference, ArgumentSpec("DAYS", "On which it begins: mon-fri, sat,sun, all."),
            ArgumentSpec("HOURS", "From and to: 22:00-06:00."),
        ],
        options: [
            SharedOptions.scope, .value("download", "SPEED", "To the subscriber.", required: true),
            .value("upload", "SPEED", "From the subscriber.", required: true),
        ] + bursts,
        examples: ["nexora plan window add \"Home 50\" mon-fri 22:00-06:00 --download 100M --upload 20M"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("PLAN")
        let window = try window(invocation)
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                let plan = try await directory.plan(reference)
                return OutputRecord(window, position: try await directory.plans.addWindow(window, to: plan))
            }
        )
    }

    private static let list = CommandSpec(
        "plan window list",
        "Lists the hours in which a plan has another speed.",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora plan window list \"Home 50\""]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("PLAN")
        let windows = try await context.inDirectory(invocation) { directory in
            try await directory.plans.windows(of: try await directory.plan(reference))
        }
        context.report.list(windows.map { OutputRecord($0.window, position: $0.position) }, none: "no windows")
    }

    private static let remove = CommandSpec(
        "plan window remove",
        "Takes a window from a plan.",
        arguments: [reference, ArgumentSpec("POSITION", "Its position, as the list shows it.")],
        options: [SharedOptions.scope],
        examples: ["nexora plan window remove \"Home 50\" 1"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("PLAN")
        let position = try invocation.position()
        context.report.one(
            try await context.inDirectory(invocation) { directory in
                let plan = try await directory.plan(reference)
                guard let gone = try await directory.plans.windows(of: plan).first(where: { $0.position == position })
                else { throw CommandFailure(.notFound, "no window at position \(position)") }
                try await directory.plans.removeWindow(position: position, of: plan)
                return OutputRecord(gone.window, position: position)
            }
        )
    }

    private static func window(_ invocation: Invocation) throws(UsageError) -> SpeedWindow {
        func wrong(_ text: String) -> UsageError { UsageError(text, command: invocation.command.words) }
        guard let days = Weekdays(try invocation.requiredArgument("DAYS")) else {
            throw wrong("DAYS must be days such as mon-fri, sat,sun or all")
        }
        let ends = try invocation.requiredArgument("HOURS").split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let start = minute(ends[0]), let end = minute(ends[1]) else {
            throw wrong("HOURS must be two times of the day such as 22:00-06:00")
        }
        guard let download = try invocation.bitRate("download"), let upload = try invocation.bitRate("upload") else {
            throw wrong("--download and --upload are required")
        }
        let rate = SpeedPair(download: download, upload: upload)
        var profile = SpeedProfile(rate: rate, priority: try invocation.integer("priority", in: 1...8) ?? 8)
        profile.guaranteed = SpeedPair(
            download: try invocation.bitRate("guaranteed-download") ?? 0,
            upload: try invocation.bitRate("guaranteed-upload") ?? 0
        )
        let burst = (try invocation.bitRate("burst-download"), try invocation.bitRate("burst-upload"))
        guard (burst.0 == nil) == (burst.1 == nil) else { throw wrong("a burst needs both of its speeds") }
        if let download = burst.0, let upload = burst.1 {
            profile.burst = SpeedProfile.Burst(
                rate: SpeedPair(download: download, upload: upload),
                threshold: SpeedPair(
                    download: try invocation.bitRate("threshold-download") ?? rate.download,
                    upload: try invocation.bitRate("threshold-upload") ?? rate.upload
                ),
                seconds: try invocation.integer("burst-seconds", in: 1...86_400) ?? 1
            )
        }
        return SpeedWindow(days: days, start: start, end: end, profile: profile)
    }

    /// Minutes after midnight of `22:00`; 24:00 is midnight.
    private static func minute(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let hours = Int(parts[0]), let minutes = Int(parts[1]), minutes < 60, hours * 60 + minutes <= 1440
        else { return nil }
        return (hours * 60 + minutes) % 1440
    }
}

extension PlanAttributes {
    /// As radius-server has it: extra attributes that the dictionary refuses are left out.
    fileprivate init(
        _ plan: Plan,
        _ settings: PlanAdvancedSettings?,
        extras: [ReplyAttribute],
        _ encoder: ReplyAttributeEncoder
    ) {
        self.init(
            interimInterval: UInt32(clamping: plan.interimIntervalSeconds),
            idleTimeout: plan.idleTimeoutSeconds.map { UInt32(clamping: $0) },
            dnsServers: (settings?.dnsServers.prefix(2) ?? []).compactMap(\.ipv4),
            addressList: settings?.addressList,
            extras: extras.compactMap { try? encoder.operation($0) }
        )
    }
}

extension OutputRecord {
    /// A plan's window.
    init(_ window: SpeedWindow, position: Int) {
        self.init()
        func time(_ minute: Int) -> String {
            func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
            return two(minute / 60) + ":" + two(minute % 60)
        }
        add("position", .integer(Int64(position)))
        add("days", .text(window.days.text))
        add("hours", .text("\(time(window.start))-\(time(window.end))"))
        add("downloadBps", .integer(window.profile.rate.download))
        add("uploadBps", .integer(window.profile.rate.upload))
        let burst = window.profile.burst
        add("burstDownloadBps", .optional(burst?.rate.download), detail: true)
        add("burstUploadBps", .optional(burst?.rate.upload), detail: true)
        add("thresholdDownloadBps", .optional(burst?.threshold.download), detail: true)
        add("thresholdUploadBps", .optional(burst?.threshold.upload), detail: true)
        add("burstSeconds", .optional(burst?.seconds), detail: true)
        add("priority", .integer(Int64(window.profile.priority)))
        add("guaranteedDownloadBps", .integer(window.profile.guaranteed.download), detail: true)
        add("guaranteedUploadBps", .integer(window.profile.guaranteed.upload), detail: true)
    }
}
