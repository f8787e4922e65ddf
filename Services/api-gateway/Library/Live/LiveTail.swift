import Concurrency
import Domain
import HTTPServer
import Identity
import Messaging

/// One client's tail: from where it begins through the stream's history, where it must, into what the feed has in memory,
/// and then live. It sends in the stream's order, each event that was asked for and may be seen once, and says so
/// wherever something is missing.
struct LiveTail<Output: LiveOutput>: Sendable {
    let feed: LiveFeed
    let audience: LiveAudience
    let output: Output
    let request: LiveRequest
    /// Whether it goes on behind what there is already.
    let follows: Bool
    let histories: LiveHistories
    let sent: @Sendable () -> Void
    let skipped: @Sendable (UInt64) -> Void
    /// Whether the client still may watch.
    let standing: @Sendable () async -> LiveStanding
    let renewal: Duration

    /// How long nobody may be found who knows whether the client still may watch.
    private static var patience: Int { 6 }

    /// Within so long a client must take what was read of the history at once: whoever stalls holds up those who wait for a turn.
    var stall = Duration.seconds(20)

    private struct State: Sendable {
        var principal: Principal
        var scope: LiveScope
        var filter: LiveFilter?
        var place = LiveFeed.Place(generation: 0, sequence: 0)
        var isPlaced = false
        /// Where it begins as soon as the feed knows the stream.
        var start = LiveStart.now
        /// Where the time lies that it begins with, once that was found.
        var found: LiveFeed.Place?
        /// The client waits to be told that what follows is live.
        var isCatchingUp = false
        /// The client was told that it stands here.
        var told: UInt64 = 0
        /// It has had events from memory: when it falls out of that, it was too slow.
        var isLive = false
        var renewAt: Deadline
        var failures = 0
    }

    /// Sends until the client is gone, may no longer watch, or the task is cancelled. `id` is its name at the feed.
    func run(_ id: UInt64, as principal: Principal) async {
        defer { feed.forget(id) }
        do {
            guard let scope = audience.scope(of: principal) else {
                _ = try await end(.forbidden)
                return
            }
            var state = State(principal: principal, scope: scope, renewAt: .after(renewal))
            while !Task.isCancelled {
                guard try await renew(&state), try await follow(id, &state) else { return }
            }
        } catch {
            // The client is gone, or the server ends: nobody is left to be told.
        }
    }

    /// One round: what there is, or a wait. false: that was all.
    private func follow(_ id: UInt64, _ state: inout State) async throws -> Bool {
        if let wish = request.takeChange() { try await begin(wish, &state) }
        guard state.filter != nil else {
            await feed.wait(id, beyond: nil)
            return true
        }
        guard state.isPlaced else {
            let seen = feed.end
            try await place(&state)
            if state.isPlaced {
                try await ready(&state)
                return true
            }
            await feed.wait(id, beyond: seen ?? state.place)
            // Nobody knows what there is.
            if follows || feed.end != nil { return true }
            return try await end(.unavailable)
        }
        switch feed.read(after: state.place) {
        case nil: try await findAgain(id, &state)
        case .nothing:
            guard follows else { return false }
            if state.isCatchingUp {
                state.isCatchingUp = false
                // What came meanwhile is looked for once more before anybody waits.
                try await tell(.live(state.place.sequence), &state)
                return true
            }
            await feed.wait(id, beyond: state.place)
        case .elements(let items, let through):
            state.isLive = true
            try await send(items, &state)
            state.place.sequence = through
        case .ahead: try await jump(.ahead, &state)
        case .behind where state.isLive: try await jump(.slow, &state)
        case .behind: try await readHistory(&state)
        }
        return true
    }

    // MARK: - Places

    private func begin(_ wish: LiveRequest.Wish, _ state: inout State) async throws {
        state.filter = wish.filter
        guard wish.filter != nil else {
            (state.isPlaced, state.start) = (false, .now)
            return
        }
        if let start = wish.start {
            state.start = start
            state.isPlaced = false
            state.found = nil
        }
        if !state.isPlaced { try await place(&state) }
        if state.isPlaced { try await ready(&state) }
    }

    /// Puts the tail to where it begins; leaves it unplaced while the feed does not know the stream.
    private func place(_ state: inout State) async throws {
        let tree = feed.tenants.tree
        let place =
            switch state.start {
            case .now: feed.end
            case .last(let count):
                feed.place(before: count) { [filter = state.filter, scope = state.scope] event in
                    filter?.matches(event) == true && scope.covers(event, in: tree)
                }
            case .after(let sequence): feed.end.map { LiveFeed.Place(generation: $0.generation, sequence: sequence) }
            case .since(let time): try await find(time, &state)
            }
        guard let place else { return }
        state.place = place
        state.isPlaced = true
        state.isLive = false
        state.isCatchingUp = state.start != .now
    }

    /// Where the stream stood at that time; nil while the feed does not know the stream, or has not read so far. Throws
    /// `LiveClientGone` where the stream cannot be asked now: the client was told.
    private func find(_ time: Timestamp, _ state: inout State) async throws -> LiveFeed.Place? {
        guard let end = feed.end else { return nil }
        if state.found?.generation != end.generation {
            guard let turn = histories.turn(for: state.principal) else { try await refuse() }
            defer { turn.end() }
            guard let sequence = try? await histories.place(at: time) else { try await refuse() }
            state.found = LiveFeed.Place(generation: end.generation, sequence: sequence)
        }
        return state.found.flatMap { found in found.sequence <= end.sequence ? found : nil }
    }

    private func refuse() async throws -> Never {
        try await output.send(.end(.unavailable))
        throw LiveClientGone()
    }

    private func ready(_ state: inout State) async throws {
        state.told = state.place.sequence
        try await output.send(.ready(sequence: state.place.sequence, mask: state.scope.mask))
    }

    /// The feed lost the place: the stream went back, or is not known for the moment.
    private func findAgain(_ id: UInt64, _ state: inout State) async throws {
        guard let start = feed.start, start.generation != state.place.generation else {
            return await feed.wait(id, beyond: state.place)
        }
        try await tell(.gap(.rewound, from: state.place.sequence, through: start.sequence), &state)
        state.place = start
    }

    private func jump(_ gap: LiveNotice.Gap, _ state: inout State) async throws {
        guard let end = feed.end else { return }
        if gap == .slow { skipped(end.sequence - state.place.sequence) }
        try await tell(.gap(gap, from: state.place.sequence + 1, through: end.sequence), &state)
        state.place = end
    }

    // MARK: - Events

    private func send(_ items: [LiveItem], _ state: inout State) async throws {
        let tree = feed.tenants.tree
        for item in items {
            switch item {
            case .event(let entry):
                guard state.filter?.matches(entry.event) == true, state.scope.covers(entry.event, in: tree) else {
                    continue
                }
                try await output.send(entry, as: state.scope.mask)
                state.told = entry.event.sequence
                sent()
            case .notice(let notice): try await tell(notice, &state)
            }
        }
    }

    private func tell(_ notice: LiveNotice, _ state: inout State) async throws {
        try await output.send(notice)
        if let sequence = notice.sequence { state.told = sequence }
    }

    /// Reads the stream itself until the feed has what follows.
    private func readHistory(_ state: inout State) async throws {
        guard let turn = histories.turn(for: state.principal) else { try await refuse() }
        defer { turn.end() }
        let reader = try histories.open(after: state.place.sequence)
        do {
            while !Task.isCancelled, case .behind? = feed.read(after: state.place, limit: 1) {
                let messages = try await reader.next(maximum: 256, within: .seconds(1))
                state = try await take(messages, state)
                guard try await renew(&state), !request.isChanged else { break }
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
    }

    /// Sends messages while the time for them runs. Throws `LiveClientGone` where the client takes them too slowly: it comes back,
    /// and goes on where it stood, when it can.
    private func take(_ messages: [TailedMessage], _ state: State) async throws -> State {
        guard !messages.isEmpty else { return state }
        return try await withThrowingTaskGroup(of: State?.self) { group in
            group.addTask {
                var state = state
                for message in messages { try await take(message, &state) }
                return state
            }
            group.addTask {
                try await pause(for: stall)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let state = first else { throw LiveClientGone() }
            return state
        }
    }

    private func take(_ message: TailedMessage, _ state: inout State) async throws {
        switch message {
        case .message(let sequence, let subject, let payload):
            if let event = try? LiveEvent(sequence: sequence, subject: subject, json: payload) {
                try await send([.event(LiveEntry(event))], &state)
            }
            state.place.sequence = sequence
        case .removed(let from, let through):
            try await tell(.gap(.removed, from: from, through: through), &state)
            state.place.sequence = through
        case .rewound:
            guard let start = feed.start else { return }
            try await tell(.gap(.rewound, from: state.place.sequence, through: start.sequence), &state)
            state.place = start
        }
    }

    // MARK: - Standing

    /// Asks again, where it is time to, whether the client still may watch, and tells it where it stands. false: it may not.
    private func renew(_ state: inout State) async throws -> Bool {
        guard state.renewAt.hasPassed else { return true }
        state.renewAt = .after(renewal)
        switch await standing() {
        case .allowed(let principal):
            state.failures = 0
            guard let scope = audience.scope(of: principal) else { return try await end(.forbidden) }
            state.principal = principal
            state.scope = scope
        case .refused: return try await end(.unauthenticated)
        case .unknown:
            state.failures += 1
            guard state.failures < Self.patience else { return try await end(.unavailable) }
        }
        if state.isPlaced, state.filter != nil, state.place.sequence > state.told {
            try await tell(.position(state.place.sequence), &state)
        }
        return true
    }

    private func end(_ reason: LiveNotice.End) async throws -> Bool {
        try await output.send(.end(reason))
        return false
    }
}

/// For whom tails are.
enum LiveAudience: Sendable {
    /// Who watches what happens, to whomever he may see.
    case watchers
    /// Everybody, for what happens to himself.
    case oneself

    /// What somebody is told; nil where he may not be told anything.
    func scope(of principal: Principal) -> LiveScope? {
        switch self {
        case .watchers:
            principal.permissions.contains(.tailRead) ? LiveScope(principal) : nil
        case .oneself: .own(principal.userID, principal.tenantID)
        }
    }
}

extension LiveScope {
    /// What somebody may watch of others.
    init(_ principal: Principal) { self = .watched(principal.reach, principal.permissions) }
}
