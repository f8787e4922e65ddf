import Domain
import Lifecycle
import Messaging
import Observability
import Persistence
import Synchronization

/// Tells other systems what happens (PLT-25): one process at a time reads the stream, writes who is to be told of what, and sends it, each
/// endpoint by itself. A receiver that is slow or away holds up nobody else.
struct WebhookService: Lifecycle.Service {
    let keeping: any WebhookKeeping
    let events: any WebhookEvents
    let sender: WebhookSender
    let interval: Duration
    let inFlight: Int
    let keep: Duration
    let time: TimeSource
    let metrics: WebhookMetrics
    let health: HealthComponent
    let logger: Logger

    /// Messages of one transaction, and how long who is to be told may be a while old.
    static let batch = 500
    private static let rosterAge = Duration.seconds(1)
    private static let upkeep = Duration.seconds(60)
    private static let figuresAge = Duration.seconds(5)
    /// How much of the stream is read again at most, where it held nothing to be told.
    private static let placeAge = Duration.seconds(1)

    /// Endpoints that are being sent to here. No tenant has more than half of the places: receivers may be as slow as they like.
    final class Busy: Sendable {
        private let refs = Mutex<[TenantID: Set<WebhookRef>]>([:])
        private let most: Int

        init(places: Int) { most = (places + 1) / 2 }

        var count: Int { refs.withLock { $0.values.reduce(0) { $0 + $1.count } } }

        /// Whether it was not under way, and its tenant has a place for it.
        func begin(_ ref: WebhookRef) -> Bool {
            refs.withLock { refs in
                refs[ref.tenantID, default: []].count < most && refs[ref.tenantID, default: []].insert(ref).inserted
            }
        }

        func end(_ ref: WebhookRef) {
            refs.withLock { refs in
                refs[ref.tenantID]?.remove(ref)
                if refs[ref.tenantID]?.isEmpty == true { refs[ref.tenantID] = nil }
            }
        }
    }

    func run() async throws {
        defer { metrics.rests() }
        try await repeating(
            every: .seconds(1),
            logger,
            "webhooks wait",
            failed: {
                metrics.rests()
                health.set(.degraded("webhooks: \($0)"))
            },
            {
                guard try await keeping.lead() else {
                    metrics.rests()
                    return health.set(.ready)
                }
                health.set(.ready)
                metrics.leads()
                do {
                    try await reign()
                } catch is CancellationError where !Task.isCancelled {
                    // What was under way ended with the lead: another process goes on with it.
                }
                metrics.rests()
            }
        )
    }

    /// Until another process leads, the database fails, or the daemon ends: what is with a receiver by then is finished.
    private func reign() async throws {
        let busy = Busy(places: inFlight)
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask {
                try await repeating(every: .seconds(1), logger, "events wait to be told") { try await read() }
            }
            group.addTask { try await repeating(every: .seconds(1), logger, "replays wait") { try await replay() } }
            var tidyAt = ContinuousClock.now
            var tellAt = ContinuousClock.now
            while !GracefulShutdown.isShuttingDown {
                guard try await keeping.lead() else {
                    logger.warn("another process sends webhooks now")
                    break
                }
                let now = time.now()
                if tellAt <= .now {
                    metrics.tell(try await keeping.figures(), at: now)
                    tellAt = .now + Self.figuresAge
                }
                if tidyAt <= .now {
                    try await keeping.forget(before: now - keep, limit: 10_000)
                    tidyAt = .now + Self.upkeep
                }
                // Those that are under way may stand among the due ones.
                for ref in try await keeping.due(at: now, limit: inFlight + busy.count) where busy.count < inFlight {
                    guard busy.begin(ref) else { continue }
                    group.addTask {
                        defer { busy.end(ref) }
                        try await serve(ref)
                    }
                }
                try await rest(for: interval)
            }
            if !GracefulShutdown.isShuttingDown { group.cancelAll() }
        }
    }

    /// A fault of one endpoint's rows is told, and holds up no other's.
    private func serve(_ ref: WebhookRef) async throws {
        do {
            try await sender.serve(ref)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            logger.error(
                "what waits for an endpoint cannot be sent",
                ["endpoint": .string("\(ref.id)"), "error": .string("\(error)")]
            )
            try await rest(for: .seconds(1))
        }
    }

    // MARK: - Reading

    /// How far the stream was read, and what of that is kept.
    private struct Progress {
        var kept: WebhookPosition
        var read: WebhookPosition
        /// When the place is to be kept though nobody was to be told of anything before it.
        var keepAt = ContinuousClock.now

        init(_ place: WebhookPosition) { (kept, read) = (place, place) }
    }

    /// Reads the stream from where it was read to, for as long as that goes well.
    func read() async throws {
        var progress = Progress(try await start())
        let reader = try events.reader(after: progress.read.sequence)
        do {
            var roster = try await keeping.roster()
            var until = ContinuousClock.now + Self.rosterAge
            while !GracefulShutdown.isShuttingDown {
                let messages = try await reader.next(maximum: Self.batch, within: .seconds(1))
                if until <= .now {
                    roster = try await keeping.roster()
                    until = .now + Self.rosterAge
                }
                if messages.isEmpty { metrics.lag.set(0) }
                guard try await take(messages, roster, &progress) else { break }
            }
            try await keep([], &progress)
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
    }

    /// Writes who is to be told of those messages. False where the stream was made anew.
    private func take(
        _ messages: [TailedMessage],
        _ roster: WebhookRoster,
        _ progress: inout Progress
    ) async throws -> Bool {
        var planner = WebhookPlanner(roster)
        var isRewound = false
        for message in messages {
            switch message {
            case .message(let sequence, let subject, let payload):
                planner.take(sequence: sequence, subject: subject, payload: payload)
                progress.read.sequence = sequence
            case .removed(let from, let through):
                metrics.missed.add(Int(clamping: through - from + 1))
                logger.error(
                    "the stream removed events before they were told to other systems",
                    ["from": .string("\(from)"), "through": .string("\(through)")]
                )
                progress.read.sequence = through
            case .rewound: isRewound = true
            }
            if isRewound { break }
        }
        metrics.unreadable.add(planner.unreadable)
        if !planner.deliveries.isEmpty || progress.keepAt <= .now { try await keep(planner.deliveries, &progress) }
        return !isRewound
    }

    /// Keeps how far the stream was read, and what is to be sent with it.
    private func keep(_ deliveries: [PlannedDelivery], _ progress: inout Progress) async throws {
        progress.keepAt = .now + Self.placeAge
        guard progress.read.sequence > progress.kept.sequence else { return }
        let written = try await keeping.advance(
            from: progress.kept,
            through: progress.read.sequence,
            deliveries,
            at: time.now()
        )
        progress.kept = progress.read
        metrics.planned.add(written)
    }

    /// Where reading begins. A stream that nobody has read yet is read from its end: nobody asked for what was before. One that was made
    /// anew is read from its beginning: an event that was told keeps its id, and is told once.
    private func start() async throws -> WebhookPosition {
        guard let extent = try await events.extent() else { throw NoStream() }
        let known = try await keeping.position()
        if let known, known.created == extent.created, known.sequence <= extent.last {
            metrics.lag.set(Double(extent.last - known.sequence))
            return known
        }
        let begin = WebhookPosition(
            sequence: known == nil ? extent.last : max(extent.first, 1) - 1,
            created: extent.created
        )
        try await keeping.begin(at: begin)
        return begin
    }

    // MARK: - Replays

    /// Carries out the replay that waits longest, or goes on with it.
    func replay() async throws {
        guard let task = try await keeping.openReplay() else { return }
        let replay = task.replay
        guard let entry = task.entry else {
            return try await keeping.end(replay, because: "disabled", at: time.now())
        }
        guard let extent = try await events.extent() else { throw NoStream() }
        var place = UInt64(clamping: replay.position ?? 0)
        var until = UInt64(clamping: replay.untilSequence ?? 0)
        if replay.position == nil {
            switch replay.start {
            case .sequence(let sequence): place = max(UInt64(clamping: sequence), 1) - 1
            case .time(let time):
                guard let found = try await events.place(at: time.microseconds) else { throw NoStream() }
                place = found
            }
            until = extent.last
            guard try await keeping.begin(replay, after: min(place, until), until: until) else { return }
        }
        place = max(min(place, until), max(extent.first, 1) - 1)
        if place < until {
            let reason = try await carryOut(replay, entry, from: place, until: until)
            guard reason != .stopped else { return }
            return try await keeping.end(replay, because: reason == .tooMany ? "too_many" : nil, at: time.now())
        }
        try await keeping.end(replay, because: nil, at: time.now())
    }

    private enum ReplayEnd { case done, tooMany, stopped }

    private func carryOut(
        _ replay: WebhookReplay,
        _ entry: WebhookRoster.Entry,
        from start: UInt64,
        until: UInt64
    ) async throws -> ReplayEnd {
        // The tree is needed where the endpoint asks for what is below it.
        let parents = try await keeping.roster()
        let roster = parents.only(entry)
        let reader = try events.reader(after: start)
        var (place, found, quiet) = (start, replay.found, 0)
        do {
            while place < until {
                guard !GracefulShutdown.isShuttingDown else { return await closed(reader, .stopped) }
                let messages = try await reader.next(maximum: Self.batch, within: .seconds(1))
                // The last ones may have been removed since.
                quiet = messages.isEmpty ? quiet + 1 : 0
                if quiet > 5 { place = until }
                var planner = WebhookPlanner(roster)
                for message in messages {
                    switch message {
                    case .message(let sequence, let subject, let payload):
                        if sequence <= until { planner.take(sequence: sequence, subject: subject, payload: payload) }
                        place = max(place, sequence)
                    case .removed(_, let through): place = max(place, through)
                    case .rewound: place = until
                    }
                }
                let through = min(place, until)
                guard
                    let count = try await keeping.advance(replay, through: through, planner.deliveries, at: time.now())
                else { return await closed(reader, .stopped) }
                found += count
                guard found < WebhookReplay.most else { return await closed(reader, .tooMany) }
            }
        } catch {
            await reader.close()
            throw error
        }
        return await closed(reader, .done)
    }

    private func closed(_ reader: any WebhookEventReader, _ end: ReplayEnd) async -> ReplayEnd {
        await reader.close()
        return end
    }
}

/// There is no stream of events yet.
struct NoStream: Error, CustomStringConvertible {
    var description: String { "there is no stream of events yet" }
}
