import Billing
import Domain
import Events
import Postgres

/// What a step leaves in the tables: the statements, the subscription's own last, and the events.
struct SubscriptionWriting {
    let before: SubscriptionBook
    let after: SubscriptionBook
    let event: SubscriptionEvent
    let effects: [SubscriptionEffect]
    let now: Timestamp
    let ids: CommitIDs
    let actor: UUID128?
    /// What paid the bill that the event is about.
    let transfer: UUID128?
    let method: String?

    private var subscription: Subscription { after.subscription }

    var statements: [PGStatement] {
        var statements = after.bills.compactMap(statement)
        if let paid = payment { statements.append(paid) }
        if let begun { statements.append(begun) }
        for case .plan(let plan) in effects {
            statements.append(PGStatement(Self.setPlan, key(subscription.serviceID) + [.id(plan)]))
        }
        if let access {
            let sql = access == .granted ? Self.allow : Self.block
            statements.append(PGStatement(sql, key(subscription.serviceID) + [.id(subscription.id)]))
        }
        if let history { statements.append(history) }
        statements.append(update)
        return statements
    }

    /// What its customer may do from now on, where that changed. Prepaid and not paid it is nothing from the start, though its service may be
    /// active as services are made.
    private var access: Subscription.Access? {
        for case .access(let access) in effects { return access }
        return event == .activate && subscription.state == .pending ? .unpaid : nil
    }

    /// Quotas by the period count months from the day on which the subscription began.
    private var begun: PGStatement? {
        guard before.subscription.clock == nil, let clock = subscription.clock else { return nil }
        return PGStatement(
            """
            UPDATE services v SET quota_anchor = ($4::timestamptz AT TIME ZONE s.time_zone)::date FROM subscriptions s
            WHERE v.tenant_id = $1 AND v.id = $2 AND s.tenant_id = $1 AND s.id = $3
                AND v.quota_anchor IS DISTINCT FROM ($4::timestamptz AT TIME ZONE s.time_zone)::date
            """,
            key(subscription.serviceID) + [.id(subscription.id), .time(clock.anchor)]
        )
    }

    // MARK: - Bills

    private func statement(_ bill: Bill) -> PGStatement? {
        let stored = before.bills.first { $0.id == bill.id }
        guard stored != bill else { return nil }
        let values: [PGValue] = [
            .id(subscription.tenantID), .id(bill.id), .time(bill.period.start), .time(bill.period.end),
            .int8(bill.price.tenThousandths), .int8(bill.credit.tenThousandths), .int8(bill.amount.tenThousandths),
            .int8(bill.credited.tenThousandths), .text(bill.status.rawValue), .time(bill.paidAt),
            .int4(Int32(clamping: bill.attempt)), .bool(bill.isSent), .time(bill.nextAttemptAt), .bool(bill.asksAgain),
            .time(bill.refusedAt), .int4(Int32(clamping: bill.reminded)),
        ]
        guard stored == nil else { return PGStatement(Self.updateBill, values) }
        return PGStatement(
            Self.insertBill,
            values + [
                .id(subscription.id), .id(subscription.customerID), .int4(Int32(clamping: bill.ordinal)),
                .text(bill.price.currency.code), .time(bill.issuedAt), .time(bill.dueAt), .time(bill.deadline),
            ]
        )
    }

    private var payment: PGStatement? {
        let ordinal: Int
        switch event {
        case .paid(let number), .settled(let number): ordinal = number
        default: return nil
        }
        guard let bill = after.bills.first(where: { $0.ordinal == ordinal }),
            before.bills.contains(where: { $0.id == bill.id && $0.isOpen })
        else { return nil }
        return PGStatement(
            "UPDATE bills SET transfer_id = $3, method = $4 WHERE tenant_id = $1 AND id = $2",
            [
                .id(subscription.tenantID), .id(bill.id),
                transfer.map { .uuid(high: $0.high, low: $0.low) } ?? .null, .text(method ?? "e_wallet"),
            ]
        )
    }

    // MARK: - The subscription

    private var update: PGStatement {
        let clock = subscription.clock
        var (pending, version): (String?, PlanVersionID?) = (nil, nil)
        switch subscription.pending {
        case .plan(let terms): (pending, version) = ("plan", terms.version)
        case .cancel: pending = "cancel"
        case nil: break
        }
        return PGStatement(
            Self.updateSubscription,
            [
                .id(subscription.tenantID), .id(subscription.id), .id(subscription.terms.version),
                .text(subscription.state.rawValue), .time(clock?.anchor), .number(clock?.boundary),
                .time(clock?.period.start), .time(clock?.period.end), .number(clock?.ordinal), .number(clock?.count),
                .number(clock?.still), .time(subscription.stoppedAt), .int8(subscription.credit.tenThousandths),
                .time(subscription.promiseUntil), .int4(Int32(clamping: subscription.promises)), .text(pending),
                .id(version), .time(subscription.endedAt), .time(after.nextMoment),
            ]
        )
    }

    /// Time that went by leaves no trace where it changed nothing that people see.
    private var history: PGStatement? {
        let states = (before.subscription.state, after.subscription.state)
        let isAsked: Bool
        switch event {
        case .time, .funds, .refused: isAsked = false
        default: isAsked = true
        }
        guard isAsked || states.0 != states.1 || before.subscription.clock?.ordinal != subscription.clock?.ordinal
        else { return nil }
        return PGStatement(
            """
            INSERT INTO subscription_events (tenant_id, id, subscription_id, kind, state_before, state_after, actor_id, at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [
                .id(subscription.tenantID), .id(ids.next()), .id(subscription.id), .text(event.name),
                .text(states.0.rawValue), .text(states.1.rawValue),
                actor.map { .uuid(high: $0.high, low: $0.low) } ?? .null, .time(now),
            ]
        )
    }

    private func key(_ service: ServiceID) -> [PGValue] { [.id(subscription.tenantID), .id(service)] }

    // MARK: - Events

    func events(version: Int64, service: Int64?) -> [OutboxRow] {
        var rows: [OutboxRow] = []
        let visible = (before.subscription.visible, subscription.visible)
        if visible.0 != visible.1 { rows.append(row(subscriptionChanged(version))) }
        for bill in after.bills {
            let stored = before.bills.first { $0.id == bill.id }
            guard stored?.status != bill.status || stored?.amount != bill.amount else { continue }
            rows.append(row(changed(bill)))
        }
        for case .remind(let id, let offset) in effects {
            guard let bill = after.bills.first(where: { $0.id == id }) else { continue }
            rows.append(row(reminded(bill, offset)))
        }
        // What is told of a service's access is told of one that was changed.
        if let access, let service { rows.append(row(accessChanged(access, UInt64(clamping: service)))) }
        return rows
    }

    private func row(_ payload: some EventPayload) -> OutboxRow {
        OutboxRow(
            id: ids.next(),
            tenantID: subscription.tenantID,
            aggregateID: subscription.id.value,
            payload: payload,
            createdAt: now
        )
    }

    private func subscriptionChanged(_ version: Int64) -> SubscriptionChanged {
        SubscriptionChanged(
            subscriptionID: subscription.id,
            customerID: subscription.customerID,
            serviceID: subscription.serviceID,
            state: subscription.state.rawValue,
            planID: subscription.terms.planID,
            periodStart: subscription.clock?.period.start,
            periodEnd: subscription.clock?.period.end,
            version: UInt64(clamping: version)
        )
    }

    private func changed(_ bill: Bill) -> BillChanged {
        BillChanged(
            billID: bill.id,
            subscriptionID: subscription.id,
            customerID: subscription.customerID,
            status: bill.status.rawValue,
            amount: bill.amount,
            dueAt: bill.dueAt
        )
    }

    private func reminded(_ bill: Bill, _ offset: Duration) -> BillReminded {
        BillReminded(
            billID: bill.id,
            subscriptionID: subscription.id,
            customerID: subscription.customerID,
            amount: bill.amount,
            dueAt: bill.dueAt,
            offsetSeconds: offset.components.seconds
        )
    }

    private func accessChanged(_ access: Subscription.Access, _ version: UInt64) -> AccessChanged {
        let wasPaused = before.subscription.access == .paused
        let cause: AccessChanged.Cause =
            switch access {
            case .paused: .pause
            case .granted: wasPaused ? .pause : .unpaid
            case .unpaid, .none: .unpaid
            case .over: .manual
            }
        return AccessChanged(
            serviceID: subscription.serviceID,
            customerID: subscription.customerID,
            effect: access == .granted ? .restored : .blocked,
            cause: cause,
            version: version
        )
    }
}

extension Subscription {
    /// What ``SubscriptionChanged`` tells.
    fileprivate var visible: Visible {
        Visible(state: state, plan: terms.planID, period: clock?.period)
    }

    fileprivate struct Visible: Equatable {
        let state: State
        let plan: PlanID
        let period: BillingPeriod?
    }
}

extension SubscriptionEvent {
    /// What the history calls it.
    var name: String {
        switch self {
        case .time: "time"
        case .activate: "activate"
        case .paid: "paid"
        case .refused: "refused"
        case .funds: "funds"
        case .settled: "settled"
        case .change(_, .now): "change_now"
        case .change(_, .periodEnd): "change_later"
        case .cancel(.now): "cancel_now"
        case .cancel(.periodEnd): "cancel_later"
        case .keep: "keep"
        case .pause: "pause"
        case .resume: "resume"
        case .promise: "promise"
        }
    }
}

extension SubscriptionWriting {
    private static let insertBill = """
        INSERT INTO bills (tenant_id, id, period_start, period_end, price, credit, amount, credited, status, paid_at, attempt, sent,
            next_attempt_at, asks_again, refused_at, reminded, subscription_id, customer_id, ordinal, currency, issued_at, due_at, deadline)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
        """

    private static let updateBill = """
        UPDATE bills SET period_start = $3, period_end = $4, price = $5, credit = $6, amount = $7, credited = $8, status = $9,
            paid_at = $10, attempt = $11, sent = $12, next_attempt_at = $13, asks_again = $14, refused_at = $15, reminded = $16
        WHERE tenant_id = $1 AND id = $2
        """

    private static let updateSubscription = """
        UPDATE subscriptions SET plan_version_id = $3, state = $4, anchor = $5, boundary = $6::bigint, period_start = $7,
            period_end = $8, ordinal = $9::bigint, period_count = $10::bigint, still_seconds = $11, stopped_at = $12, credit = $13,
            promise_until = $14, promises = $15, pending = $16, pending_version_id = $17, ended_at = $18, next_action_at = $19
        WHERE tenant_id = $1 AND id = $2
        RETURNING row_version
        """

    private static let setPlan = """
        UPDATE services SET plan_id = $3 WHERE tenant_id = $1 AND id = $2 AND plan_id <> $3 RETURNING row_version AS service_version
        """

    /// Suspends an active service, and remembers who did so: what people suspended stays as they left it.
    private static let block = """
        WITH hit AS (
            UPDATE services SET status = 'suspended' WHERE tenant_id = $1 AND id = $2 AND status = 'active' RETURNING row_version),
        \(inherit)
        UPDATE subscriptions SET suspended_service = true
        WHERE tenant_id = $1 AND id = $3 AND (EXISTS (SELECT FROM hit) OR EXISTS (SELECT FROM former))
        RETURNING (SELECT row_version FROM hit) AS service_version
        """

    /// Activates a service that waits for it, or that was suspended for this subscription.
    private static let allow = """
        WITH mine AS (SELECT suspended_service FROM subscriptions WHERE tenant_id = $1 AND id = $3),
        \(inherit),
        hit AS (
            UPDATE services v SET status = 'active' FROM mine
            WHERE v.tenant_id = $1 AND v.id = $2 AND (v.status = 'pending'
                OR (v.status = 'suspended' AND (mine.suspended_service OR EXISTS (SELECT FROM former))))
            RETURNING v.row_version)
        UPDATE subscriptions SET suspended_service = false WHERE tenant_id = $1 AND id = $3
        RETURNING (SELECT row_version FROM hit) AS service_version
        """

    /// The service was suspended when its former contract ended: whose turn it is now answers for that.
    private static let inherit = """
        former AS (
            UPDATE subscriptions SET suspended_service = false WHERE tenant_id = $1 AND service_id = $2 AND id <> $3
                AND suspended_service AND state IN ('cancelled', 'ended') RETURNING id)
        """
}
