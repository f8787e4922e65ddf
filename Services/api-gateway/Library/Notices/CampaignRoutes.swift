import Domain
import HTTPServer
import Identity
import Notices
import Persistence
import Profiles

/// Announcements to many customers: drafted, looked at, started, and stopped again (NTF-02).
struct CampaignRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "notices", under: "/api/v1/notices/campaigns")
    private typealias Body = CampaignBody

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        [
            list, create, one, update, preview,
            act(.start, "startNoticeCampaign", "Begins to tell its customers, now or when it says; once."),
            act(.pause, "pauseNoticeCampaign", "Stands still: nobody else is told, and what has not left waits."),
            act(.resume, "resumeNoticeCampaign", "Goes on with those who were not told."),
            act(.cancel, "cancelNoticeCampaign", "Ends it and takes back what has not left."),
        ]
    }

    // MARK: - Looking

    private var list: GatewayRoute {
        group.route(
            .get,
            "",
            "listNoticeCampaigns",
            .permission(.noticesRead),
            "A page of the announcements of one's tenant and those below, the newest first.",
            parameters: [NoticeDesk.tenant, .init("state", Body.states, "In one state.")] + Operation.paging,
            answer: .page(Body.view.schema)
        ) { request, caller in
            guard let filter = try Self.filter(request, caller) else { return try Body.view.emptyPage(request) }
            return try await Body.view.page(request, cursor: \.campaign.id) { after, limit in
                try await parts.read(request) { transaction, _ in
                    try await Campaigns(transaction).list(filter, after: after, limit: limit).map { Body.Shown($0) }
                }
            }
        }
    }

    /// Nil where nothing of it is his to see.
    private static func filter(_ request: Request, _ caller: Caller) throws(Problem) -> CampaignFilter? {
        var filter = CampaignFilter()
        filter.tenantID = try request.queryID("tenant_id")
        switch caller.principal.reach {
        case .subtree: break
        case .tenant(let own):
            guard (filter.tenantID ?? own) == own else { return nil }
            filter.tenantID = own
        case .customer, .nothing: return nil
        }
        filter.state = request.query["state"].flatMap { CampaignState(rawValue: $0) }
        return filter
    }

    private var one: GatewayRoute {
        group.route(
            .get,
            "/{id:uuid}",
            "getNoticeCampaign",
            .permission(.noticesRead),
            "One announcement, with how far it came and how many of its notices stand in which state.",
            answer: .data(Body.whole.schema)
        ) { request, _ in
            let id = CampaignID(try request.pathID())
            let shown = try await parts.read(request) { transaction, caller in
                let store = Campaigns(transaction)
                let campaign = try NoticeDesk.seen(try await store.find(id), \.tenantID, caller)
                return Body.Shown(campaign, tally: try await store.tally(of: campaign))
            }
            return Body.whole.answer(shown, version: shown.campaign.stamp?.version)
        }
    }

    // MARK: - Drafting

    private var create: GatewayRoute {
        group.route(
            .post,
            "",
            "createNoticeCampaign",
            .permission(.noticesManage),
            "Drafts an announcement to a tenant's customers; nobody is told before it is started.",
            parameters: [NoticeDesk.tenant],
            body: Body.Draft.shape.schema(isWhole: true),
            status: 201,
            answer: .data(Body.view.schema),
            repetition: .keyed
        ) { request, _ in
            let body = try await request.payload()
            return try await parts.change(request) { work in
                var draft = Body.Draft(
                    campaign: Campaign(
                        tenantID: try await NoticeDesk.tenant(request, work.transaction, work.caller),
                        id: CampaignID(parts.ids.uuid()),
                        name: "",
                        createdBy: work.caller.audit.actor.id
                    )
                )
                try Body.Draft.shape.apply(body, to: &draft, isWhole: true)
                try draft.campaign.validate()
                let made = try await Campaigns(work.transaction).insert(draft.campaign)
                let shown = Body.Shown(made)
                work.record(.create, Self.resource(made), of: made.tenantID, .created(Body.view.auditValue(shown)))
                var response = Body.view.answer(shown, status: .created, version: made.stamp?.version)
                response.headers["location"] = HeaderValue(withoutControls: "/api/v1/notices/campaigns/\(made.id)")
                return response
            }
        }
    }

    private var update: GatewayRoute {
        group.route(
            .patch,
            "/{id:uuid}",
            "updateNoticeCampaign",
            .permission(.noticesManage),
            "Changes a draft. What was started is told as it was started.",
            parameters: [Operation.ifMatch],
            body: Body.Draft.shape.schema(isWhole: false),
            answer: .data(Body.view.schema)
        ) { request, _ in
            let id = CampaignID(try request.pathID())
            let version = try request.expectedVersion()
            let body = try await request.payload()
            return try await parts.change(request) { work in
                let store = Campaigns(work.transaction)
                let before = try NoticeDesk.seen(try await store.find(id, forUpdate: true), \.tenantID, work.caller)
                let current = before.stamp?.version ?? 0
                guard version == current else { throw Problem.versionChanged(current) }
                guard before.state == .draft else { throw Self.wrongState(before) }
                var draft = Body.Draft(campaign: before)
                try Body.Draft.shape.apply(body, to: &draft, isWhole: false)
                try draft.campaign.validate()
                let after = try await store.update(draft.campaign)
                work.record(
                    .update,
                    Self.resource(after),
                    of: after.tenantID,
                    .updated(Body.view.auditValue(Body.Shown(before)), Body.view.auditValue(Body.Shown(after)))
                )
                return Body.view.answer(Body.Shown(after), version: after.stamp?.version)
            }
        }
    }

    private var preview: GatewayRoute {
        let preview = CampaignPreview(parts)
        return group.route(
            .post,
            "/{id:uuid}/preview",
            "previewNoticeCampaign",
            .permission(.noticesRead),
            """
            For how many customers it is now, and how it reads to up to three of them; nothing is sent. HTML is text in the answer: show \
            it in a frame that is sandboxed.
            """,
            answer: .data(CampaignPreview.view.schema)
        ) { request, _ in
            let id = CampaignID(try request.pathID())
            let seen = try await parts.read(request) { transaction, caller in
                let campaign = try NoticeDesk.seen(try await Campaigns(transaction).find(id), \.tenantID, caller)
                return try await preview.look(at: campaign, transaction, caller)
            }
            return CampaignPreview.view.answer(seen)
        }
    }

    // MARK: - Its course

    private func act(_ act: CampaignState.Act, _ operationID: String, _ summary: String) -> GatewayRoute {
        group.route(
            .post,
            "/{id:uuid}/\(act.rawValue)",
            operationID,
            .permission(.noticesSend),
            summary,
            answer: .data(Body.view.schema),
            repetition: .keyed
        ) { request, _ in
            let id = CampaignID(try request.pathID())
            return try await parts.change(request) { work in
                let store = Campaigns(work.transaction)
                let before = try NoticeDesk.seen(try await store.find(id, forUpdate: true), \.tenantID, work.caller)
                guard before.state.after(act) != nil else { throw Self.wrongState(before) }
                if act == .start { try await Self.checkStart(of: before, work) }
                let actor = work.caller.audit.actor.id
                guard let after = try await store.take(act, on: before, by: actor, at: parts.time.now()) else {
                    throw Self.wrongState(before)
                }
                if act == .start, after.progress.targeted == 0 {
                    throw Problem.conflict("no_recipients", "No customer is in its segment.")
                }
                work.record(
                    .update,
                    Self.resource(after),
                    of: after.tenantID,
                    .updated(
                        ["state": .text(before.state.rawValue)],
                        ["state": .text(after.state.rawValue), "targeted": .integer(after.progress.targeted)]
                    ),
                    reason: act.rawValue
                )
                return Body.view.answer(Body.Shown(after), version: after.stamp?.version)
            }
        }
    }

    /// Nobody would be told where the tenant's rule is off.
    private static func checkStart(of campaign: Campaign, _ work: Work) async throws {
        let rule = try await NoticeRules(work.transaction).find(.announcement, of: campaign.tenantID)
        if rule?.isEnabled == false {
            throw Problem.conflict("rule_is_off", "The tenant's rule says that announcements are not told.")
        }
    }

    private static func resource(_ campaign: Campaign) -> AuditResource {
        AuditResource("notice_campaign", campaign.id)
    }

    private static func wrongState(_ campaign: Campaign) -> Problem {
        .conflict("wrong_state", "It is \(campaign.state.rawValue).")
    }
}
