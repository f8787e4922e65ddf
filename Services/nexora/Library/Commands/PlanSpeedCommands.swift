import Domain
import Persistence
import Profiles
import RADIUS

/// `plan speed show`, `plan window add|list|remove`.
enum PlanSpeedCommands {
    static let all: [CommandSpec] = [show, add, list, remove]

    private static let reference = ArgumentSpec("PLAN", "The plan's id or name.")
    private static let show = CommandSpec(
        "plan speed show",
        "Shows exactly which attributes a plan gives per vendor.",
        details: """
            All that the plan puts into an Access-Accept: the server's own attributes, the speed (of its bandwidth profile, where it \
            has one) in the vendor's units, and the \
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
            let profile = try await directory.profile(of: plan)
            let windows =
                if let profile {
                    profile.windows.enumerated().map { (position: $0.offset + 1, window: $0.element) }
                } else {
                    try await directory.plans.windows(of: plan)
                }
            let attributes = PlanAttributes(
                plan,
                settings,
                extras: try await directory.attributes.list(of: .plan(plan.tenantID, plan.id)),
                ReplyAttributeEncoder(dictionary)
            )
            let profiles =
                [(nil, profile?.speed ?? SpeedProfile(plan, settings))]
                + windows.map { (Optional($0.position), $0.window.profile) }
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
        ] + SpeedOptions.shaping,
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

    static func window(_ invocation: Invocation) throws(UsageError) -> SpeedWindow {
        func wrong(_ text: String) -> UsageError { UsageError(text, command: invocation.command.words) }
        guard let days = Weekdays(try invocation.requiredArgument("DAYS")) else {
            throw wrong("DAYS must be days such as mon-fri, sat,sun or all")
        }
        let ends = try invocation.requiredArgument("HOURS").split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let start = SpeedWindow.minute(ofClock: ends[0]),
            let end = SpeedWindow.minute(ofClock: ends[1])
        else {
            throw wrong("HOURS must be two times of the day such as 22:00-06:00")
        }
        let profile = try SpeedOptions.speed(invocation, from: nil)
        return SpeedWindow(days: days, start: start, end: end, profile: profile)
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
        add("position", .integer(Int64(position)))
        add("days", .text(window.days.text))
        add("hours", .text("\(SpeedWindow.clock(window.start))-\(SpeedWindow.clock(window.end))"))
        add(window.profile)
    }
}
