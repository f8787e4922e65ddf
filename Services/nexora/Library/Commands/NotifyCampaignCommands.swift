import Domain
import Notices
import Persistence

/// `notify campaign list|show|start|pause|resume|cancel`.
enum NotifyCampaignCommands {
    static let all: [CommandSpec] = [
        list, show,
        act(.start, "Begins to tell a campaign's customers, now or when it says; once."),
        act(.pause, "Stands still: nobody else is told, and what has not left waits."),
        act(.resume, "Goes on with those who were not told."),
        act(.cancel, "Ends it and takes back what has not left."),
    ]

    private static let reference = ArgumentSpec("ID", "The campaign's id, as notify campaign list shows it.")
    private static let example = "0197f0c2-0000-7000-8000-000000000001"

    private static let list = CommandSpec(
        "notify campaign list",
        "Lists announcements to many customers, the newest first.",
        options: [
            .value("state", "STATE", "Only these.", choices: CampaignState.allCases.map(\.rawValue)),
            SharedOptions.scope, SharedOptions.limit, SharedOptions.after,
        ],
        examples: ["nexora notify campaign list --state running"]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        let after: CampaignID? = try SharedOptions.after(invocation)
        var filter = CampaignFilter()
        filter.state = invocation.string("state").flatMap(CampaignState.init(rawValue:))
        let records = try await context.inDirectory(invocation) { [filter] directory in
            try await Campaigns(directory.transaction).list(filter, after: after, limit: limit)
                .map { OutputRecord($0) }
        }
        context.report.page(records, limit: limit, none: "no campaigns")
    }

    private static let show = CommandSpec(
        "notify campaign show",
        "Shows a campaign: for whom it is, how far it came, and how many of its notices stand in which state.",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora notify campaign show \(example)"]
    ) { invocation, context in
        let id: CampaignID = try NotifyCommands.identifier(invocation)
        let record = try await context.inDirectory(invocation) { directory in
            let store = Campaigns(directory.transaction)
            let campaign = try await campaign(id, store)
            var record = OutputRecord(campaign)
            let tally = try await store.tally(of: campaign).map { "\($0.state.rawValue)=\($0.count)" }
            record.add("notices", .text(tally.joined(separator: " ")), detail: true)
            if campaign.state == .draft {
                let audience = try await store.audience(of: campaign.segment, in: campaign.tenantID)
                record.add("now", .integer(audience.recipients), detail: true)
                record.add("refusing", .integer(audience.refusing), detail: true)
                record.add("withoutEmail", .integer(audience.withoutEmail), detail: true)
            }
            return record
        }
        context.report.one(record)
    }

    private static func act(_ act: CampaignState.Act, _ summary: String) -> CommandSpec {
        CommandSpec(
            "notify campaign \(act.rawValue)",
            summary,
            arguments: [reference],
            options: [SharedOptions.scope],
            examples: ["nexora notify campaign \(act.rawValue) \(example)"]
        ) { invocation, context in
            let id: CampaignID = try NotifyCommands.identifier(invocation)
            let record = try await context.inDirectory(invocation) { directory in
                let store = Campaigns(directory.transaction)
                let before = try await campaign(id, store, forUpdate: true)
                if act == .start, try await isOff(before, directory) {
                    throw CommandFailure(.conflict, "the tenant's rule says that announcements are not told")
                }
                let (actor, now) = (AuditActor.system.id, context.time.now())
                guard let after = try await store.take(act, on: before, by: actor, at: now) else {
                    throw CommandFailure(.conflict, "it is \(before.state.rawValue)")
                }
                if act == .start, after.progress.targeted == 0 {
                    throw CommandFailure(.conflict, "no customer is in its segment")
                }
                try await NotifyCommands.audit(
                    .update,
                    "notice_campaign",
                    after.id,
                    ["state": .text(after.state.rawValue)],
                    directory,
                    context,
                    of: after.tenantID
                )
                return OutputRecord(after)
            }
            context.report.one(record)
        }
    }

    private static func isOff(_ campaign: Campaign, _ directory: DirectoryAccess) async throws -> Bool {
        try await NoticeRules(directory.transaction).find(.announcement, of: campaign.tenantID)?.isEnabled == false
    }

    private static func campaign(_ id: CampaignID, _ store: Campaigns, forUpdate: Bool = false) async throws -> Campaign
    {
        guard let campaign = try await store.find(id, forUpdate: forUpdate) else {
            throw CommandFailure(.notFound, "no campaign \(id)")
        }
        return campaign
    }
}

extension OutputRecord {
    /// An announcement to many.
    init(_ campaign: Campaign) {
        self.init()
        add("id", .text(campaign.id.description))
        add("name", .text(campaign.name))
        add("state", .text(campaign.state.rawValue))
        add("targeted", .integer(campaign.progress.targeted))
        add("recipients", .integer(campaign.progress.recipients))
        add("planned", .integer(campaign.progress.planned))
        add("skipped", .integer(campaign.progress.skipped))
        add("perMinute", .integer(Int64(campaign.perMinute)))
        add("languages", .text(campaign.texts.keys.sorted().joined(separator: " ")), detail: true)
        add("channels", .optional(campaign.channels?.joined(separator: " ")), detail: true)
        let segment = campaign.segment
        add("statuses", .text(segment.orderedStatuses.map(\.rawValue).joined(separator: " ")), detail: true)
        add("plans", .text(segment.plans.map(\.description).joined(separator: " ")), detail: true)
        add("tags", .text(segment.tags.joined(separator: " ")), detail: true)
        add("startsAt", .optional(campaign.startsAt?.description), detail: true)
        add("startedAt", .optional(campaign.startedAt?.description), detail: true)
        add("endedAt", .optional(campaign.endedAt?.description), detail: true)
    }
}
