import Concurrency
import Domain
import Events
import Lifecycle
import Messaging
import Observability
import Persistence
import Synchronization

/// The time in which this process leads. What it holds in memory goes with it: everything that counts is in the database.
struct Reign: Sendable {
    /// Orders of one transaction, and of one look.
    private static let batch = 500
    private static let look = 5_000
    private static let upkeep = Duration.seconds(3_600)

    private let enforcer: Enforcer
    private let orders = OrderQueue(capacity: 65_536)
    private let results = BoundedQueue<EnforcementOutcome>(capacity: 65_536)
    /// Sessions that are to be compared again: something became of an order for them.
    private let again = BoundedQueue<SessionRef>(capacity: 65_536)
    private let reconciler: Reconciler
    private let changes = ChangesUnderWay(most: 1_024)
    private let end = End()

    /// Whether it is over but for what has to be stored.
    private final class End: Sendable {
        let hasCome = Atomic(false)
    }

    init(_ enforcer: Enforcer) {
        self.enforcer = enforcer
        reconciler = Reconciler(
            enforcer.reconciling,
            ids: enforcer.ids,
            time: enforcer.time,
            logger: enforcer.logger
        ) { [orders] new in
            orders.offer(try await enforcer.keeping.store(new).map { EnforcementRef($0) })
        }
    }

    /// Leads until another process does, or the daemon ends. What NASes have answered by then is stored; what they have not
    /// stays as it is, for whoever leads next.
    func run() async throws {
        let intents = try enforcer.intents()
        let changes: ChangeConsumers
        do { changes = try enforcer.reconciling.changes() } catch {
            await intents.close()
            throw error
        }
        let failure = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await keepBooks() }
            let failure = await work(intents, changes)
            end.hasCome.store(true, ordering: .releasing)
            results.finish()
            try await group.waitForAll()
            return failure
        }
        await intents.close()
        await changes.close()
        if let failure { throw failure }
    }

    private func work(_ intents: IntentConsumers, _ changes: ChangeConsumers) async -> (any Error)? {
        await withTaskGroup(of: (any Error)?.self) { group in
            for part in [
                { try await listen(intents) }, { try await pump() }, { try await watch() }, { await reconciler.run() },
                { try await reconciler.follow(changes) }, { try await sweep() }, { try await lookAgain() },
            ] as [@Sendable () async throws -> Void] {
                group.addTask {
                    do {
                        try await part()
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            // Whichever ends first: without it the others are no use.
            let first = await group.next() ?? nil
            intents.stop()
            changes.stop()
            orders.finish()
            reconciler.finish()
            again.finish()
            group.cancelAll()
            for await _ in group {}
            return first is CancellationError ? nil : first
        }
    }

    // MARK: - What is asked for

    private func listen(_ intents: IntentConsumers) async throws {
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await intents.disconnects.run(DisconnectRequested.self) { events in
                        let now = enforcer.time.now()
                        try await keep(
                            try events.map { event in
                                guard let order = Enforcer.order(event, storedAt: now) else { throw NamesNoSession() }
                                return order
                            }
                        )
                    }
                }
                group.addTask {
                    try await intents.reconciliations.run(ReconcileRequested.self) { events in
                        let now = enforcer.time.now()
                        try await keep(events.map { Enforcer.order($0, storedAt: now) })
                    }
                }
                try await group.next()
                intents.stop()
                try await group.waitForAll()
            }
        } onShutdown: {
            intents.stop()
        }
    }

    private func keep(_ asked: [EnforcementOrder]) async throws {
        orders.offer(try await enforcer.keeping.store(asked).map { EnforcementRef($0) })
    }

    /// Looks again and again for what is due, for sessions that ended, and whether this process still leads.
    private func watch() async throws {
        var isRecovering = true
        var tidy = enforcer.time.now()
        while !GracefulShutdown.isShuttingDown {
            guard try await persisting({ try await enforcer.keeping.lead() }) else {
                return enforcer.logger.warn("another process carries orders out now")
            }
            let now = enforcer.time.now()
            let recovers = isRecovering
            orders.offer(
                try await persisting {
                    try await enforcer.keeping.due(at: now, limit: Self.look, isRecovering: recovers)
                }
            )
            orders.offer(try await persisting { try await enforcer.keeping.over(limit: Self.look) })
            isRecovering = false
            let figures = try await persisting { try await enforcer.keeping.figures() }
            enforcer.metrics.pending.set(Double(figures.waiting))
            let age = figures.oldest.map { max(0, now.microseconds(since: $0)) } ?? 0
            enforcer.metrics.oldest.set(Double(age) / 1e6)
            if now >= tidy {
                _ = try await persisting {
                    try await enforcer.keeping.forget(
                        before: now - enforcer.pace.retention,
                        lessonsBefore: now - enforcer.pace.lessons,
                        limit: 10_000
                    )
                }
                try await persisting { try await reconciler.forget() }
                tidy = now + Self.upkeep
            }
            try await rest(for: enforcer.pace.interval)
        }
    }

    // MARK: - What sessions have

    private func sweep() async throws {
        while !GracefulShutdown.isShuttingDown {
            try await comparing { try await reconciler.sweep() }
            try await rest(for: reconciler.untilNextSweep())
        }
    }

    private func lookAgain() async throws {
        while true {
            let sessions = await again.nextBatch(maximum: Self.batch)
            guard !sessions.isEmpty else { return }
            try await comparing { _ = try await reconciler.look(Look(.sessions(sessions))) }
        }
    }

    /// What is asked for goes on being carried out where sessions cannot be compared.
    private func comparing(_ body: () async throws -> Void) async throws {
        do {
            try await persisting(body)
        } catch let fault as StorageFault {
            enforcer.logger.error("sessions cannot be compared", ["error": .string(fault.reason)])
        }
    }

    // MARK: - What is done

    private func pump() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            while true {
                let refs = await orders.next(maximum: Self.batch)
                guard !refs.isEmpty else { break }
                for (target, order, terms) in try await begin(refs) {
                    if running >= enforcer.pace.inFlight {
                        _ = try await group.next()
                        running -= 1
                    }
                    group.addTask { await carryOut(target, order, terms) }
                    running += 1
                }
            }
            try await group.waitForAll()
        }
    }

    /// Looks at orders as they are now, and stores what that means; returns those that the NAS is to be asked for.
    private func begin(
        _ refs: [EnforcementRef]
    ) async throws -> [(EnforcementTarget, EnforcementOrder, TermsSight?)] {
        let now = enforcer.time.now()
        let targets = try await persisting {
            try await enforcer.keeping.targets(refs, lessonsSince: now - enforcer.pace.lessons)
        }
        var changed: [EnforcementOutcome] = []
        var asked: [(EnforcementTarget, EnforcementOrder, TermsSight?)] = []
        let weighed = targets.map(\.order).filter { $0.kind == .change || $0.cause.isByState }.compactMap(\.session)
        let sights = try await persisting { try await reconciler.sights(weighed) }
        for target in targets {
            // One NAS's changes leave room for everybody else's; they stay due.
            guard target.order.kind == .disconnect || changes.has(room: target.order.nasID) else { continue }
            var order = target.order
            let terms = order.session.flatMap { sights[$0] }
            let step = order.step(seeing: target.sight, terms, at: now, enforcer.rules)
            if order != target.order { changed.append(EnforcementOutcome(order)) }
            guard step == .send else { continue }
            if order.kind == .change { changes.began(order.nasID) }
            asked.append((target, order, terms))
        }
        try await store(changed, at: now)
        let sent = Set(asked.map { EnforcementRef($0.1) })
        for ref in refs where !sent.contains(ref) { orders.release(ref) }
        return asked
    }

    private func carryOut(_ target: EnforcementTarget, _ sent: EnforcementOrder, _ terms: TermsSight?) async {
        let report = await enforcer.conduct.carryOut(target, sent, terms)
        if sent.kind == .change { changes.ended(sent.nasID) }
        guard let answer = report.answer else { return orders.release(EnforcementRef(sent)) }
        var order = sent
        order.take(answer, at: enforcer.time.now(), enforcer.rules)
        if [.acknowledged, .changed, .changedButEnd].contains(answer) { enforcer.metrics.acknowledged(order) }
        let outcome = EnforcementOutcome(
            order,
            isAnswer: true,
            trials: report.trials,
            learned: report.learned,
            unlearned: report.unlearned
        )
        // Without room for it the order is looked at again as one that was sent.
        if !results.offer(outcome) { orders.release(EnforcementRef(sent)) }
    }

    private func keepBooks() async throws {
        while true {
            let batch = await results.nextBatch(maximum: Self.batch)
            guard !batch.isEmpty else { return }
            try await store(batch, at: enforcer.time.now())
            for outcome in batch { orders.release(EnforcementRef(outcome.order)) }
        }
    }

    /// Stores what orders have become. One that the database refuses does not hold the others up: it is told, and looked at
    /// again later.
    private func store(_ outcomes: [EnforcementOutcome], at now: Timestamp) async throws {
        do {
            let ended = try await persisting { try await enforcer.keeping.write(outcomes, at: now) }
            for order in ended { enforcer.metrics.ended(order) }
            for outcome in outcomes where outcome.order.state.isFinal || outcome.isAnswer {
                let order = outcome.order
                // What was changed may have changed again meanwhile; a sweep finds what has no room here.
                guard order.kind == .change || order.cause.isByState, let session = order.session else { continue }
                _ = again.offer(session)
            }
        } catch let fault as StorageFault where fault.blamesData {
            guard outcomes.count > 1 else {
                return enforcer.logger.error(
                    "an order cannot be stored",
                    ["order": .string("\(outcomes[0].order.id)"), "error": .string(fault.reason)]
                )
            }
            for outcome in outcomes { try await store([outcome], at: now) }
        }
    }

    /// Tries again while the database is away; a few times only once the end has come.
    private func persisting<Success: Sendable>(_ body: () async throws -> Success) async throws -> Success {
        var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(2))
        var attempts = 0
        while true {
            do {
                return try await body()
            } catch let fault as StorageFault {
                attempts += 1
                switch fault {
                case .outage where !end.hasCome.load(ordering: .acquiring) || attempts < 3: break
                case .conflict where attempts < 10: break
                default: throw fault
                }
                enforcer.health.set(.degraded("orders: \(fault.reason)"))
                try await pause(for: backoff.next())
                enforcer.health.set(.ready)
            }
        }
    }
}

extension EnforcementOrder {
    fileprivate var session: SessionRef? { sessionID.map { SessionRef(tenantID: tenantID, id: $0) } }
}
