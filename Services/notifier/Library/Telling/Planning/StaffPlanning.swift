import Domain
import Events
import Notices
import Persistence
import WireFormat

/// What staff are told of their devices, logins, pools, licence and webhooks, and of boosts that somebody asks for.
enum StaffPlanning {
    /// Nil for an event that nobody is told of. Throws for one that is told and cannot be read.
    static func intent(of event: EventEnvelope) throws(JSONError) -> NoticeIntent? {
        switch event.type {
        case DeviceStatusChanged.type: device(try event.payload(), event)
        case PoolExhausted.type: exhausted(try event.payload(), event)
        case LicenceExceeded.type: exceeded(try event.payload(), event)
        case WebhookEndpointDisabled.type: disabled(try event.payload(), event)
        case AuthFailuresSpiked.type: spiked(try event.payload(), event)
        case BoostChanged.type: asked(try event.payload(), event)
        default: nil
        }
    }

    /// Each of those who are told in their place, with the tenant's Slack; the others as they are.
    static func expanded(
        _ intents: [NoticeIntent],
        by plans: any NoticePlanKeeping
    ) async throws(StorageFault) -> [NoticeIntent] {
        var asked: [Asked: Int] = [:]
        let order = Array(Set(intents.lazy.filter { $0.recipient == .staff }.map(Asked.init)))
        guard !order.isEmpty else { return intents }
        for (place, one) in order.enumerated() { asked[one] = place }
        let found = try await plans.staff(order.map { ($0.tenant, $0.kind.rawValue, $0.kind.terms.roles) })
        return intents.flatMap { intent -> [NoticeIntent] in
            guard intent.recipient == .staff, let place = asked[Asked(intent)] else { return [intent] }
            let recipients = (found[place] ?? []).map(NoticeRecipient.user) + [.team(intent.tenantID)]
            return recipients.map { recipient in
                var told = intent
                told.recipient = recipient
                return told
            }
        }
    }

    private struct Asked: Hashable {
        var tenant: TenantID
        var kind: NoticeKind

        init(_ intent: NoticeIntent) { (tenant, kind) = (intent.tenantID, intent.kind) }
    }

    // MARK: - Private

    private static func staff(_ kind: NoticeKind, _ facts: NoticeFacts, _ event: EventEnvelope) -> NoticeIntent {
        NoticeIntent(
            tenantID: event.tenantID,
            cause: "\(event.id)",
            kind: kind,
            recipient: .staff,
            facts: facts,
            expiresAt: event.time + kind.terms.validity
        )
    }

    /// That one answers for the first time, or is not checked any more, is no news.
    private static func device(_ told: DeviceStatusChanged, _ event: EventEnvelope) -> NoticeIntent? {
        var facts: NoticeFacts = ["device": .text(told.deviceName)]
        let kind: NoticeKind
        switch (told.before, told.status) {
        case (_, .offline):
            kind = .deviceOffline
            facts["since"] = .instant(told.at)
            if !told.reason.isEmpty { facts["reason"] = .text(told.reason) }
        case (.offline, .online):
            kind = .deviceOnline
            facts["at"] = .instant(told.at)
        default: return nil
        }
        var intent = staff(kind, facts, event)
        intent.subject = .device(told.deviceID, isOnline: kind == .deviceOnline, at: told.at)
        return intent
    }

    private static func exhausted(_ told: PoolExhausted, _ event: EventEnvelope) -> NoticeIntent {
        staff(
            .poolExhausted,
            ["pool": .text(told.poolName), "refused": .count(Int(clamping: told.count))],
            event
        )
    }

    private static func exceeded(_ told: LicenceExceeded, _ event: EventEnvelope) -> NoticeIntent {
        guard let resource = told.resource else {
            return staff(
                .licenceEnded,
                ["plan": .text(told.plan), "suspends_at": .instant(told.suspendsAt)],
                event
            )
        }
        return staff(
            .licenceExceeded,
            ["what": .text(resource), "used": .count(Int(told.used)), "allowed": .count(Int(told.limit))],
            event
        )
    }

    private static func disabled(_ told: WebhookEndpointDisabled, _ event: EventEnvelope) -> NoticeIntent {
        var facts: NoticeFacts = ["endpoint": .text(told.host)]
        if let since = told.since { facts["since"] = .instant(since) }
        if !told.reason.isEmpty { facts["reason"] = .text(told.reason) }
        return staff(.webhookDisabled, facts, event)
    }

    /// Once for each spike: while it lasts there is no news every minute.
    private static func spiked(_ told: AuthFailuresSpiked, _ event: EventEnvelope) -> NoticeIntent? {
        guard told.phase == .began else { return nil }
        var facts: NoticeFacts = [
            "failures": .count(Int(clamping: told.failures)), "window": .duration(seconds: 60),
        ]
        if let name = told.nasName, !name.isEmpty { facts["place"] = .text(name) }
        return staff(.loginFailuresSpiked, facts, event)
    }

    private static func asked(_ told: BoostChanged, _ event: EventEnvelope) -> NoticeIntent? {
        guard told.state == "pending" else { return nil }
        var intent = staff(.boostRequested, [:], event)
        // Its other changes in the same state tell nothing new.
        intent.cause = "boost:\(told.boostID):\(told.state)"
        (intent.service, intent.plan) = (told.serviceID, told.planID)
        intent.subject = .boostAsked(told.boostID.value)
        return intent
    }
}
