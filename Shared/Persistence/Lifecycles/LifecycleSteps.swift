import Billing
import Domain
import Events
import Postgres

/// Whether a run may be made at all. Changes nothing.
struct EligibilityStep: LifecycleStepPerforming {
    func perform(_ work: inout LifecycleStepping) async throws -> LifecycleOutcome {
        let subscription = try await work.subscription()
        let service = try await work.service()
        if let reason = status(work.run.kind, service.status) { return .refused(reason) }
        if let reason = try await people(service, work) { return .refused(reason) }
        switch work.run.kind {
        case .activate:
            if let access = work.run.parameters.access, !access.isSupported { return .refused("adapter_missing") }
            guard try await plan(service.planID, work)?.isActive == true else { return .refused("plan_inactive") }
        case .resume:
            if let access = subscription?.subscription.access, access != .granted, access != .paused {
                return .refused("unpaid")
            }
        case .upgrade, .downgrade:
            if let reason = try await change(service, subscription, work) { return .refused(reason) }
        case .suspend, .terminate: break
        }
        return .done()
    }

    func compensate(_ work: inout LifecycleStepping) async throws -> LifecycleOutcome { .skipped("no_effect") }

    private func status(_ kind: LifecycleKind, _ status: ServiceStatus) -> LifecycleReason? {
        let isFit =
            switch kind {
            case .activate: status == .pending || status == .active
            case .suspend: status == .active
            case .resume: status == .suspended
            case .upgrade, .downgrade, .terminate: status != .terminated
            }
        return isFit ? nil : "wrong_status"
    }

    /// Whoever is not served any more can be suspended and terminated.
    private func people(_ service: Service, _ work: LifecycleStepping) async throws -> LifecycleReason? {
        guard work.run.kind != .suspend, work.run.kind != .terminate else { return nil }
        let customer = try await CustomerRepository(work.transaction).find(service.customerID)
        guard let customer, customer.deletedAt == nil, customer.status == .active else { return "customer_not_active" }
        // The licence's word too: a tenant beyond it is suspended (TEN-10).
        let standing = try await TenancyStore(work.transaction, ids: work.terms.ids, time: work.terms.time)
            .standing(of: work.run.tenantID)
        return standing.isActive ? nil : "tenant_suspended"
    }

    private func plan(_ id: PlanID, _ work: LifecycleStepping) async throws -> Plan? {
        let plan = try await PlanRepository(work.transaction).find(id)
        return plan?.tenantID == work.run.tenantID ? plan : nil
    }

    private func change(
        _ service: Service,
        _ subscription: SubscriptionRow?,
        _ work: LifecycleStepping
    ) async throws -> LifecycleReason? {
        let parameters = work.run.parameters
        guard let id = parameters.planID, let wanted = try await plan(id, work) else { return "unknown_plan" }
        guard wanted.isActive else { return "plan_inactive" }
        guard wanted.id != service.planID, let present = try await plan(service.planID, work) else {
            return "same_plan"
        }
        guard wanted.price.currency == present.price.currency else { return "currency_mismatch" }
        let step = wanted.price.tenThousandths - present.price.tenThousandths
        if work.run.kind == .upgrade, step < 0 { return "not_an_upgrade" }
        if work.run.kind == .downgrade, step > 0 { return "not_a_downgrade" }
        // Only a contract has a period's end to wait for.
        return parameters.isLater && subscription == nil ? "no_subscription" : nil
    }
}

/// The network password: one is made where there is none; of a service that ends it is taken away.
struct CredentialStep: LifecycleStepPerforming {
    func perform(_ work: inout LifecycleStepping) async throws -> LifecycleOutcome {
        let service = try await work.service()
        guard service.kind != .mac else { return .skipped("not_applicable") }
        let isThere = try await work.services.sealedPassword(of: service) != nil
        if work.run.kind == .terminate {
            guard isThere else { return .skipped("no_password") }
            try await work.services.removePassword(of: service)
            return .done()
        }
        guard !isThere else { return .skipped("has_password") }
        let password = Array(CredentialWriter.made().utf8)
        let sealed = try work.terms.secrets.seal(password: password, of: service.id, tenant: service.tenantID)
        try await work.services.setPassword(of: service, sealed: sealed)
        let status = try await CredentialWriter(work.transaction, secrets: work.terms.secrets).status(service.id)
        work.notes = StepNotes(after: status.map { String($0.version) })
        return .done()
    }

    func compensate(_ work: inout LifecycleStepping) async throws -> LifecycleOutcome {
        // What was taken away is kept nowhere: it is not given back, and nobody says that it was.
        guard work.run.kind != .terminate else { return .refused(.final) }
        let service = try await work.service()
        let writer = CredentialWriter(work.transaction, secrets: work.terms.secrets)
        guard let status = try await writer.status(service.id) else { return .done() }
        // Somebody chose another one or saw this one: it is his.
        guard String(status.version) == work.notes.after else { return .refused("changed_meanwhile") }
        try await work.services.removePassword(of: service)
        return .done()
    }
}

/// The fixed address that was asked for; that no other service has it, the database sees to.
struct AddressStep: LifecycleStepPerforming {
    func perform(_ work: inout LifecycleStepping) async throws -> LifecycleOutcome {
        guard let address = work.run.parameters.staticIPv4 else { return .skipped("not_asked_for") }
        var service = try await work.service()
        guard service.staticIPv4 != address else { return .skipped("has_address") }
        work.notes = StepNotes(before: service.staticIPv4?.description, after: address.description)
        service.staticIPv4 = address
        try await work.services.update(service)
        return .done()
    }

    func compensate(_ work: inout LifecycleStepping) async throws -> LifecycleOutcome {
        var service = try await work.service()
        guard service.staticIPv4?.description == work.notes.after else { return .refused("changed_meanwhile") }
        service.staticIPv4 = work.notes.before.flatMap { IPAddress($0) }
        try await work.services.update(service)
        return .done()
    }
}

/// The contract, as people change it: what it costs, and when, its own core decides (docs/BILLING.md).
struct SubscriptionStep: LifecycleStepPerforming {
    func perform(_ work: inout LifecycleStepping) async throws -> LifecycleOutcome {
        guard let row = try await work.subscription() else { return .skipped("no_subscription") }
        let state = row.subscription.state
        let event: SubscriptionEvent
        switch work.run.kind {
        case .activate:
            guard state == .pending, row.subscription.clock == nil else { return .skipped("has_begun") }
            event = .activate
        case .suspend:
            guard state == .active else { return .skipped("not_active") }
            event = .pause
        case .resume:
            guard state == .paused else { return .skipped("not_paused") }
            event = .resume
        case .upgrade, .downgrade: event = try await change(row, work)
        case .terminate: event = .cancel(.now)
        }
        let after = try await tell(row, event, work)
        work.notes = StepNotes(
            before: state.rawValue,
            after: after.rawValue,
            version: try await work.subscription()?.version
        )
        return .done()
    }

    func compensate(_ work: inout LifecycleStepping) async throws -> LifecycleOutcome {
        guard let row = try await work.subscription(), row.subscription.state.rawValue == work.notes.after,
            work.notes.names(row.version)
        else { return .refused("changed_meanwhile") }
        switch work.run.kind {
        case .suspend: _ = try await tell(row, .resume, work)
        case .resume: _ = try await tell(row, .pause, work)
        case .activate, .upgrade, .downgrade, .terminate: return .refused(.final)
        }
        return .done()
    }

    private func change(_ row: SubscriptionRow, _ work: LifecycleStepping) async throws -> SubscriptionEvent {
        guard let id = work.run.parameters.planID,
            let plan = try await PlanRepository(work.transaction).find(id), plan.tenantID == work.run.tenantID
        else { throw PersistenceError.notFound }
        let terms = row.subscription.terms.with(plan, work.terms.ids.next())
        let pinned = try await work.subscriptions.pin(terms, tenant: work.run.tenantID)
        return .change(pinned, work.run.parameters.isLater ? .periodEnd : .now)
    }

    private func tell(
        _ row: SubscriptionRow,
        _ event: SubscriptionEvent,
        _ work: LifecycleStepping
    ) async throws -> Subscription.State {
        guard let calendar = work.terms.calendar(row.timeZone) else { throw UnknownZone() }
        return try await work.subscriptions.step(row, event, at: work.now, calendar: calendar).row.subscription.state
    }
}

/// The service's own status, or its plan where no contract decides it.
struct ServiceStep: LifecycleStepPerforming {
    func perform(_ work: inout LifecycleStepping) async throws -> LifecycleOutcome {
        let subscription = try await work.subscription()
        var service = try await work.service()
        let kind = work.run.kind
        if kind == .upgrade || kind == .downgrade {
            guard subscription == nil else { return .skipped("by_subscription") }
            guard let plan = work.run.parameters.planID else { return .refused("unknown_plan") }
            let before = service.planID.description
            service.planID = plan
            work.notes = StepNotes(before: before, after: plan.description, version: try await work.store(service))
            return .done()
        }
        if kind == .activate || kind == .resume, let subscription, subscription.subscription.access != .granted {
            // It becomes active by itself when its bill is paid: nobody is given what his contract does not give.
            return .skipped("awaits_payment")
        }
        let status = wanted(kind)
        guard service.status != status else { return .skipped("has_status") }
        let before = service.status.rawValue
        service.status = status
        work.notes = StepNotes(before: before, after: status.rawValue, version: try await work.store(service))
        return .done()
    }

    /// The word alone does not tell who wrote it: somebody may have suspended it too, for a reason of his own. Whatever was written since
    /// is his, and it stays as it is.
    func compensate(_ work: inout LifecycleStepping) async throws -> LifecycleOutcome {
        var service = try await work.service()
        guard work.notes.names(try await work.services.version(of: service)) else {
            return .refused("changed_meanwhile")
        }
        if work.run.kind == .upgrade || work.run.kind == .downgrade {
            guard service.planID.description == work.notes.after, let plan = work.notes.before.flatMap({ PlanID($0) })
            else { return .refused("changed_meanwhile") }
            service.planID = plan
        } else {
            guard service.status.rawValue == work.notes.after,
                let status = work.notes.before.flatMap(ServiceStatus.init(rawValue:))
            else { return .refused("changed_meanwhile") }
            service.status = status
        }
        try await work.services.update(service)
        return .done()
    }

    private func wanted(_ kind: LifecycleKind) -> ServiceStatus {
        switch kind {
        case .activate, .resume, .upgrade, .downgrade: .active
        case .suspend: .suspended
        case .terminate: .terminated
        }
    }
}

/// Nobody is online with it any more: each of its sessions is asked to leave, once, and their ends are waited for.
struct SessionStep: LifecycleStepPerforming {
    /// Between two looks.
    private static let pause = Duration.milliseconds(500)

    func perform(_ work: inout LifecycleStepping) async throws -> LifecycleOutcome {
        let asked = Set((work.notes.after ?? "").split(separator: ",").map(String.init))
        let live = try await work.transaction.query(
            """
            SELECT id, nas_id, admission_id FROM sessions
            WHERE tenant_id = $1 AND service_id = $2 AND ended_at IS NULL ORDER BY id
            """,
            [.id(work.run.tenantID), .id(work.run.serviceID)]
        )
        guard !live.isEmpty else { return asked.isEmpty ? .skipped("nobody_online") : .done() }
        var orders: [OutboxRow] = []
        var told = asked
        for row in live {
            let session: SessionID = try row.need("id") { $0.id() }
            guard told.insert(session.description).inserted else { continue }
            orders.append(try order(session, row, work))
        }
        if !orders.isEmpty { _ = try await work.transaction.pipeline([OutboxRow.insert(orders)]) }
        work.notes = StepNotes(after: told.sorted().joined(separator: ","))
        if let startedAt = work.step.startedAt, work.now >= startedAt + work.terms.sessions { return .done("unproven") }
        return .waits(Self.pause)
    }

    func compensate(_ work: inout LifecycleStepping) async throws -> LifecycleOutcome { .skipped("no_effect") }

    private func order(_ session: SessionID, _ row: PGRow, _ work: LifecycleStepping) throws -> OutboxRow {
        var order = OutboxRow(
            id: work.terms.ids.next(),
            tenantID: work.run.tenantID,
            aggregateID: session.value,
            payload: DisconnectRequested(
                admissionID: row["admission_id"].id(),
                nasID: try row.need("nas_id") { $0.id() },
                serviceID: work.run.serviceID,
                reason: .requested,
                sessionID: session
            ),
            createdAt: work.now
        )
        order.correlationID = work.run.correlationID
        return order
    }
}

/// What its router is to do was asked for by the triggers of the rows that the steps before changed, in their commits.
struct RouterStep: LifecycleStepPerforming {
    /// Between two looks.
    private static let pause = Duration.milliseconds(500)

    func perform(_ work: inout LifecycleStepping) async throws -> LifecycleOutcome {
        let standing = try RouterStanding(
            try await work.transaction.query(
                RouterStanding.sql,
                RouterStanding.values(work.run.tenantID, work.run.serviceID)
            )
        )
        let isOnRouter = try await work.service().routerID != nil
        guard isOnRouter || standing.unfinished > 0 else { return .skipped("no_router") }
        guard standing.unfinished > 0 else { return .done(standing.failure == nil ? nil : "router_refused") }
        // A router that is away does it when it is back: what is to be done there stays.
        if let startedAt = work.step.startedAt, work.now >= startedAt + work.terms.sessions {
            return .done("router_away")
        }
        return .waits(Self.pause)
    }

    func compensate(_ work: inout LifecycleStepping) async throws -> LifecycleOutcome { .skipped("no_effect") }
}
