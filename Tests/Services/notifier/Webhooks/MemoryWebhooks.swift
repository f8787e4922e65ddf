import Domain
import Messaging
import Persistence
import Synchronization

@testable import Notifier

/// What the store promises, in memory: one row for each endpoint and event, the first of what waits, claims that lapse.
final class MemoryWebhooks: WebhookKeeping {
    struct Row: Sendable {
        var planned: PlannedDelivery
        var state = WebhookDelivery.State.pending
        var attempts = 0
        var firstAt: Timestamp?
        var nextAt: Timestamp
        var claimedUntil: Timestamp?
    }

    struct State: Sendable {
        var entries: [WebhookRoster.Entry] = []
        var rows: [Row] = []
        var standings: [WebhookRef: WebhookStanding] = [:]
        var disabled: [WebhookRef: String] = [:]
        var place: WebhookPosition?
        /// How often it was moved on.
        var moves = 0
        var finished = 0
        var replay: WebhookReplay?
    }

    let state: Mutex<State>
    /// What signs every endpoint, sealed.
    let sealed: @Sendable (WebhookRef) -> [UInt8]

    init(_ entries: [WebhookRoster.Entry], sealed: @escaping @Sendable (WebhookRef) -> [UInt8]) {
        var begin = State()
        begin.entries = entries
        state = Mutex(begin)
        self.sealed = sealed
    }

    func lead() -> Bool { true }
    func roster() -> WebhookRoster { state.withLock { WebhookRoster($0.entries, parents: [:]) } }
    func position() -> WebhookPosition? { state.withLock { $0.place } }
    func begin(at position: WebhookPosition) { state.withLock { $0.place = position } }

    func advance(
        from place: WebhookPosition,
        through sequence: UInt64,
        _ deliveries: [PlannedDelivery],
        at now: Timestamp
    ) throws(StorageFault) -> Int {
        try state.withLock { state throws(StorageFault) in
            guard state.place == place else { throw .conflict("moved") }
            state.place?.sequence = sequence
            state.moves += 1
            return Self.insert(deliveries, into: &state, now, again: false)
        }
    }

    private static func insert(
        _ deliveries: [PlannedDelivery],
        into state: inout State,
        _ now: Timestamp,
        again: Bool
    ) -> Int {
        var count = 0
        for planned in deliveries {
            let known = state.rows.firstIndex {
                $0.planned.endpointID == planned.endpointID && $0.planned.eventID == planned.eventID
            }
            guard let known else {
                state.rows.append(Row(planned: planned, nextAt: now))
                count += 1
                continue
            }
            guard again, state.rows[known].state.isFinal else { continue }
            state.rows[known] = Row(planned: planned, nextAt: now)
            count += 1
        }
        return count
    }

    private static func head(_ state: State, _ ref: WebhookRef) -> Int? {
        state.rows.indices.filter {
            state.rows[$0].planned.endpointID == ref.id && [.pending, .sending].contains(state.rows[$0].state)
        }.min { state.rows[$0].planned.sequence < state.rows[$1].planned.sequence }
    }

    private static func mayGo(_ state: State, _ ref: WebhookRef, _ index: Int, _ now: Timestamp) -> Bool {
        let row = state.rows[index]
        guard state.disabled[ref] == nil, (state.standings[ref]?.pausedUntil ?? now) <= now else { return false }
        return row.state == .pending ? row.nextAt <= now : (row.claimedUntil ?? now) <= now
    }

    func due(at now: Timestamp, limit: Int) -> [WebhookRef] {
        state.withLock { state in
            state.entries.map { WebhookRef(tenantID: $0.tenantID, id: $0.id) }.filter { ref in
                Self.head(state, ref).map { Self.mayGo(state, ref, $0, now) } ?? false
            }.prefix(limit).map(\.self)
        }
    }

    func claim(_ ref: WebhookRef, at now: Timestamp, until: Timestamp) -> ClaimedDelivery? {
        state.withLock { state in
            guard let index = Self.head(state, ref), Self.mayGo(state, ref, index, now) else { return nil }
            state.rows[index].state = .sending
            state.rows[index].attempts += 1
            state.rows[index].firstAt = state.rows[index].firstAt ?? now
            state.rows[index].claimedUntil = until
            let row = state.rows[index]
            var delivery = WebhookDelivery(
                tenantID: ref.tenantID,
                id: WebhookDeliveryID(row.planned.eventID.value),
                endpointID: ref.id,
                eventID: row.planned.eventID,
                eventTenantID: row.planned.eventTenantID,
                kind: row.planned.kind,
                sequence: Int64(row.planned.sequence),
                state: .sending,
                attempts: row.attempts,
                createdAt: now
            )
            delivery.firstAt = row.firstAt
            return ClaimedDelivery(
                delivery: delivery,
                payload: row.planned.payload,
                url: "https://\(ref.id).example.net/",
                allowPrivate: false,
                rate: 60_000,
                standing: state.standings[ref] ?? WebhookStanding(),
                sealedSecret: sealed(ref),
                claimedUntil: until
            )
        }
    }

    func finish(_ claimed: ClaimedDelivery, _ outcome: WebhookOutcome, at now: Timestamp) -> Bool {
        state.withLock { state in
            let index = state.rows.firstIndex {
                $0.planned.endpointID == claimed.ref.id && $0.planned.eventID == claimed.delivery.eventID
                    && $0.claimedUntil == claimed.claimedUntil
            }
            guard let index else { return false }
            state.rows[index].claimedUntil = nil
            switch outcome.end {
            case .delivered: state.rows[index].state = .delivered
            case .failed: state.rows[index].state = .failed
            case .held: state.rows[index].state = .held
            case .again(let at):
                state.rows[index].state = .pending
                state.rows[index].nextAt = at
            }
            state.standings[claimed.ref] = outcome.standing
            if let disabled = outcome.disabled { state.disabled[claimed.ref] = disabled.reason }
            state.finished += 1
            return true
        }
    }

    func figures() -> WebhookFigures { WebhookFigures() }
    func forget(before time: Timestamp, limit: Int) -> Int { 0 }

    func openReplay() -> WebhookStore.ReplayTask? {
        state.withLock { state in
            guard let replay = state.replay, !replay.state.isFinal else { return nil }
            return WebhookStore.ReplayTask(replay: replay, entry: state.entries.first { $0.id == replay.endpointID })
        }
    }

    func begin(_ replay: WebhookReplay, after position: UInt64, until: UInt64) -> Bool {
        state.withLock { state in
            state.replay?.state = .running
            state.replay?.position = Int64(position)
            state.replay?.untilSequence = Int64(until)
            return true
        }
    }

    func advance(_ replay: WebhookReplay, through position: UInt64, _ deliveries: [PlannedDelivery], at now: Timestamp)
        -> Int?
    {
        state.withLock { state in
            state.replay?.position = Int64(position)
            let count = Self.insert(deliveries, into: &state, now, again: true)
            state.replay?.found += count
            return count
        }
    }

    func end(_ replay: WebhookReplay, because reason: String?, at now: Timestamp) {
        state.withLock { $0.replay?.state = reason == nil ? .done : .failed }
    }
}

/// A stream in memory, whose reader tells what is there and then stops the service.
final class MemoryStream: WebhookEvents, WebhookEventReader {
    private let messages: [TailedMessage]
    private let place = Mutex(0)
    private let batch: Int

    /// `batch` messages at a time; throws ``Ended`` behind the last.
    init(_ messages: [TailedMessage], batch: Int) {
        self.messages = messages
        self.batch = batch
    }

    struct Ended: Error {}

    func extent() -> StreamExtent? { StreamExtent(first: 1, last: UInt64(messages.count), created: 1) }
    func place(at time: Int64) -> UInt64? { 0 }

    func reader(after sequence: UInt64) -> any WebhookEventReader {
        place.withLock { $0 = Int(sequence) }
        return self
    }

    func next(maximum: Int, within limit: Duration) throws -> [TailedMessage] {
        try place.withLock { place in
            guard place < messages.count else { throw Ended() }
            let end = min(messages.count, place + batch)
            defer { place = end }
            return Array(messages[place..<end])
        }
    }

    func close() {}
}

/// A receiver that answers by a script and writes down what it had.
final class ScriptedReceiver: WebhookTransport {
    private let script: @Sendable (WebhookRequest, Int) -> WebhookReply?
    private let had = Mutex<[WebhookRequest]>([])

    init(_ script: @escaping @Sendable (WebhookRequest, Int) -> WebhookReply?) { self.script = script }

    var requests: [WebhookRequest] { had.withLock { $0 } }

    func send(_ request: WebhookRequest) -> WebhookReply? {
        let number = had.withLock { had in
            had.append(request)
            return had.count
        }
        return script(request, number)
    }
}
