import Domain
import HTTPServer
import Identity
import Notices
import Persistence
import WireFormat

/// What was told, whom, by which way, and what became of it (NTF-02, NTF-03).
struct NoticeLogRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "notices", under: "/api/v1/notices")

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [list, one, resend, cancel] }

    /// A row, for somebody who may see its address or not.
    struct Shown: Sendable {
        let entry: NoticeEntry
        let seesAddress: Bool
        var trials: [NoticeTrial] = []

        init(_ entry: NoticeEntry, _ caller: Caller, trials: [NoticeTrial] = []) {
            (self.entry, self.trials) = (entry, trials)
            seesAddress = caller.principal.permissions.contains(.noticesManage)
        }

        var address: String? {
            guard let address = entry.address else { return nil }
            return seesAddress ? address : NoticeAddress.masked(entry.channel, address)
        }
    }

    private static let states = Schema.choice(NoticeEntry.State.allCases.map(\.rawValue))
    private static let recipients = Schema.choice(NoticeEntry.RecipientKind.allCases.map(\.rawValue))

    private static let members: [View<Shown>.Member] = [
        .init("id", .uuid) { .id($0.entry.id) }, .init("tenant_id", .uuid) { .id($0.entry.tenantID) },
        .init("kind", .text(50)) { .text($0.entry.kind) },
        .init("channel", NoticeDesk.channels) { .text($0.entry.channel.rawValue) },
        .init("recipient_kind", recipients) { .text($0.entry.recipientKind.rawValue) },
        .init("recipient_id", .uuid) { .text($0.entry.recipientID.description) },
        .init("address", .nullable(.text(320))) { .text($0.address) },
        .init("language", .text(6)) { .text($0.entry.language) },
        .init("state", states) { .text($0.entry.state.rawValue) },
        .init("reason", .nullable(.text(50))) { .text($0.entry.reason) },
        .init("detail", .nullable(.text(300))) { .text($0.entry.detail) },
        .init("attempts", .integer(0...Int64.max)) { .integer($0.entry.attempts) },
        .init("next_at", .nullable(.time)) { .time($0.entry.nextAt) },
        .init("provider_id", .nullable(.uuid)) { .id($0.entry.providerID) },
        .init("segments", .nullable(.integer(1...100))) { .integer($0.entry.segments) },
        .init("template_version", .nullable(.integer(0...Int64.max))) { .integer($0.entry.templateVersion) },
        .init("campaign_id", .nullable(.uuid)) { .text($0.entry.campaignID?.description) },
        .init("digest_id", .nullable(.uuid)) { .id($0.entry.digestID) },
        .init("resend_of", .nullable(.uuid)) { .id($0.entry.resendOf) },
        .init("created_at", .time) { .time($0.entry.createdAt) },
        .init("expires_at", .time) { .time($0.entry.expiresAt) },
        .init("sent_at", .nullable(.time)) { .time($0.entry.sentAt) },
        .init("ended_at", .nullable(.time)) { .time($0.entry.endedAt) },
        .init("read_at", .nullable(.time)) { .time($0.entry.readAt) },
    ]

    static let view = View<Shown>(members)

    private static let trial = View<NoticeTrial>([
        .init("number", .integer(1...Int64.max)) { .integer($0.number) },
        .init("provider_id", .nullable(.uuid)) { .id($0.providerID) },
        .init("outcome", .text(20)) { .text($0.outcome) },
        .init("reason", .nullable(.text(50))) { .text($0.reason) },
        .init("detail", .nullable(.text(300))) { .text($0.detail) }, .init("at", .time) { .time($0.at) },
    ])

    private static let whole = View<Shown>(
        members + [
            .init("trials", .list(trial.schema)) { shown in
                NoticeDesk.json { json in
                    json.beginArray()
                    for one in shown.trials { trial.write(one, to: &json) }
                    json.endArray()
                }
            }
        ]
    )

    // MARK: - Looking

    private var list: GatewayRoute {
        group.route(
            .get,
            "",
            "listNotices",
            .permission(.noticesRead),
            "A page of what was told in one's tenant and those below, the newest first; addresses in full for who manages notices.",
            parameters: [
                NoticeDesk.tenant, .init("state", Self.states, "In one state."),
                .init("kind", NoticeDesk.kinds, "Of one kind."), .init("channel", NoticeDesk.channels, "By one way."),
                .init("recipient_id", .uuid, "To one recipient."), .init("customer_id", .uuid, "To one customer."),
                .init("campaign_id", .uuid, "Of one announcement."),
                .init("since", .time, "Not before that time."), .init("until", .time, "Before that time."),
            ] + Operation.paging,
            answer: .page(Self.view.schema)
        ) { request, caller in
            guard let filter = try Self.filter(request, caller) else { return try Self.view.emptyPage(request) }
            return try await Self.view.page(request, cursor: \.entry.id) { after, limit in
                try await parts.read(request) { transaction, caller in
                    try await NoticeLog(transaction).list(filter, after: after, limit: limit)
                        .map { Shown($0, caller) }
                }
            }
        }
    }

    /// Nil where nothing of it is his to see.
    private static func filter(_ request: Request, _ caller: Caller) throws(Problem) -> NoticeEntryFilter? {
        var filter = NoticeEntryFilter()
        filter.tenantID = try request.queryID("tenant_id")
        switch caller.principal.reach {
        case .subtree: break
        case .tenant(let own):
            guard (filter.tenantID ?? own) == own else { return nil }
            filter.tenantID = own
        case .customer, .nothing: return nil
        }
        filter.state = request.query["state"].flatMap { NoticeEntry.State(rawValue: $0) }
        filter.kind = request.query["kind"].flatMap { NoticeKind(rawValue: $0) }
        filter.channel = request.query["channel"].flatMap { NoticeChannel(rawValue: $0) }
        let recipient: UserID? = try request.queryID("recipient_id")
        filter.recipientID = recipient?.value
        filter.customerID = try request.queryID("customer_id")
        let campaign: NoticeEntryID? = try request.queryID("campaign_id")
        filter.campaignID = campaign?.value
        filter.since = try request.queryMoment("since")
        filter.until = try request.queryMoment("until")
        return filter
    }

    private var one: GatewayRoute {
        group.route(
            .get,
            "/{id:uuid}",
            "getNotice",
            .permission(.noticesRead),
            "One notice, with each time a provider was asked.",
            answer: .data(Self.whole.schema)
        ) { request, _ in
            let id = NoticeEntryID(try request.pathID())
            let shown = try await parts.read(request) { transaction, caller in
                let log = NoticeLog(transaction)
                let entry = try NoticeDesk.seen(try await log.find(id), \.tenantID, caller)
                return Shown(entry, caller, trials: try await log.trials(of: entry))
            }
            return Self.whole.answer(shown)
        }
    }

    // MARK: - Doing something about it

    private var resend: GatewayRoute {
        group.route(
            .post,
            "/{id:uuid}/resend",
            "resendNotice",
            .permission(.noticesSend),
            "Tells the same once more, as a notice of its own, where the first failed, bounced, or nobody knows whether it left.",
            status: 202,
            answer: .data(Self.view.schema),
            repetition: .keyed
        ) { request, _ in
            let id = NoticeEntryID(try request.pathID())
            return try await parts.change(request) { work in
                let log = NoticeLog(work.transaction)
                let entry = try NoticeDesk.seen(try await log.find(id, forUpdate: true), \.tenantID, work.caller)
                guard entry.state.maySendAgain else { throw Self.wrongState(entry) }
                // What stood sealed in it is gone: a code is asked for anew by who needs it.
                guard let kind = NoticeKind(rawValue: entry.kind), !kind.terms.variables.contains(where: \.isSecret)
                else { throw Problem.conflict("holds_secret", "It held a secret, which is not kept; ask for another.") }
                guard entry.channel == .slack || entry.channel == .inApp || entry.address != nil else {
                    throw Problem.conflict("no_address", "Its address was erased.")
                }
                let now = parts.time.now()
                let again = try await log.sendAgain(
                    entry,
                    as: NoticeEntryID(parts.ids.uuid()),
                    at: now,
                    until: now + kind.terms.validity
                )
                guard let again else { throw Problem.notFound }
                work.record(
                    .create,
                    AuditResource("notice", again.id),
                    of: again.tenantID,
                    .created(["kind": .text(again.kind), "resend_of": .described(entry.id)])
                )
                return Self.view.answer(Shown(again, work.caller), status: .accepted)
            }
        }
    }

    private var cancel: GatewayRoute {
        group.route(
            .post,
            "/{id:uuid}/cancel",
            "cancelNotice",
            .permission(.noticesSend),
            "Takes back what has not left yet.",
            answer: .data(Self.view.schema),
            repetition: .keyed
        ) { request, _ in
            let id = NoticeEntryID(try request.pathID())
            return try await parts.change(request) { work in
                let log = NoticeLog(work.transaction)
                let entry = try NoticeDesk.seen(try await log.find(id, forUpdate: true), \.tenantID, work.caller)
                guard entry.state.mayBeCancelled, try await log.cancel(entry, at: parts.time.now()) else {
                    throw Self.wrongState(entry)
                }
                work.record(
                    .update,
                    AuditResource("notice", entry.id),
                    of: entry.tenantID,
                    .updated(["state": .text(entry.state.rawValue)], ["state": "cancelled"])
                )
                guard let after = try await log.find(id) else { throw Problem.notFound }
                return Self.view.answer(Shown(after, work.caller))
            }
        }
    }

    private static func wrongState(_ entry: NoticeEntry) -> Problem {
        .conflict("wrong_state", "It is \(entry.state.rawValue).")
    }
}
