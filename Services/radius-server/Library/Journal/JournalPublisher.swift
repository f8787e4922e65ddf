import Concurrency
import Domain
import Glibc
import NATS
import Observability
import Synchronization

/// Carries the journal to JetStream: reads durable records, publishes each with its message id, and keeps the place up to
/// which everything is acknowledged. An outage stops it, never the answers; it goes on where it stood.
///
/// At start all kept segments are published again, and so they are when the stream was made anew or lost its newest
/// messages: an ack of JetStream is not yet on its disk.
final class JournalPublisher: Sendable {
    private struct State {
        var tracker: PublishTracker
        /// The publisher waits until something is acknowledged; otherwise answers wake nobody.
        var waitsForRoom = false
        var isStopping = false
        var replay = false
        var headSince: UInt64 = 0
        var memory = StreamMemory()
        /// What is on its way, by token.
        var handed: [UInt64: Handed] = [:]
    }

    /// A message on its way.
    private struct Handed {
        var id: String
        /// Its records, named only where answers to NASes wait for the stream.
        var sequences: [UInt64]
    }

    private let journal: Journal
    private let encoder: any JournalEncoder
    private let logger: Logger
    private let state: Mutex<State>
    /// Something to look at. A lock of its own, held for an instant only: the journal's thread, for which NASes wait,
    /// takes it, and must never wait for a publisher that was interrupted in its own work.
    private let news = Monitor(false)
    /// Octets that are worth a round while little is going on, some 60 records, and while much is.
    private static let worthSending = 16 << 10
    private static let worthSendingUnderLoad = 192 << 10
    private static let stuckAfter: UInt64 = 30_000_000_000

    init(journal: Journal, encoder: any JournalEncoder, logger: Logger) {
        self.journal = journal
        self.encoder = encoder
        self.logger = logger
        state = Mutex(State(tracker: PublishTracker(floor: JournalPosition(segment: 0, offset: 0))))
        journal.whenDurable { [news] in news.withLock(waking: .one) { $0 = true } }
    }

    /// The answers of JetStream, from any thread. A token names a round and a message of it.
    func settle(_ token: UInt64, _ result: AckResult) {
        let (sequences, wakes) = state.withLock { state in
            let sequences = note(token, result, &state)
            state.headSince = SystemClock.monotonicNanoseconds()
            return (sequences, state.waitsForRoom || state.tracker.mustRewind || state.replay)
        }
        for sequence in sequences { journal.streamHolds(sequence) }
        if wakes { wake() }
    }

    /// Publishes everything that is kept once more: the stream has lost what it acknowledged.
    func replayAll() {
        state.withLock { $0.replay = true }
        wake()
    }

    /// The connection broke or was made again: what was acknowledged until now is what the stream must still hold.
    func keepNewest() { state.withLock { $0.memory.keepNewest() } }

    /// Messages that the stream must hold; whoever takes them looks for them.
    func takeMarks() -> [StreamMemory.Mark] { state.withLock { $0.memory.takeKept() } }

    /// Gives back marks that could not be looked for.
    func keep(_ marks: some Sequence<StreamMemory.Mark>) { state.withLock { $0.memory.keep(marks) } }

    func stop() {
        state.withLock { $0.isStopping = true }
        wake()
    }

    /// Whether everything durable is acknowledged.
    var isCaughtUp: Bool {
        let floor = state.withLock { $0.tracker.floor }
        guard let last = journal.segments.last(where: { $0.end.load(ordering: .acquiring) > Segment.headerLength })
        else { return true }
        return floor >= JournalPosition(segment: last.segment.number, offset: last.end.load(ordering: .acquiring))
    }

    /// Runs on a thread of its own until `stop`. `publisher` is JetStream's.
    func run(publisher: JetStreamPublisher) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { unsafe buffer.deallocate() }
        var cursor = JournalPosition(segment: 0, offset: 0)
        var isBusy = false
        while true {
            let (stopping, restart) = state.withLock { state in (state.isStopping, shouldRestart(&state)) }
            if stopping { return }
            if let restart { cursor = restart }
            markAcknowledged()
            guard encoder.isReady, let place = readable(from: cursor) else {
                waitForNews(upTo: .milliseconds(200))
                continue
            }
            cursor = place.position
            isBusy = gather(place, isBusy: isBusy)
            let got = (try? unsafe place.info.segment.read(into: limited(buffer, place), at: cursor.offset)) ?? 0
            let round = unsafe JournalRound(
                UnsafeRawBufferPointer(rebasing: buffer[..<got]),
                segment: cursor.segment
            )
            cursor.offset += round.length
            if !publish(round, after: cursor, through: publisher) { waitForNews(upTo: .milliseconds(100)) }
        }
    }

    // MARK: - Private

    /// A token is the tracker's, then 12 bits that tell the round's messages apart.
    private static let messageBits: UInt64 = 12

    /// Waits a moment for more where only a few records stand there: a millisecond when little is going on, longer under
    /// load, when many small messages would cost more than the wait. Returns whether this was load.
    private func gather(_ place: (info: SegmentInfo, position: JournalPosition), isBusy: Bool) -> Bool {
        func standing() -> Int { place.info.end.load(ordering: .acquiring) - place.position.offset }
        let worth = isBusy ? Self.worthSendingUnderLoad : Self.worthSending
        let patience = isBusy ? 25 : 1
        for _ in 0..<patience {
            guard standing() < worth, !place.info.isClosed.load(ordering: .acquiring) else { break }
            if state.withLock({ $0.isStopping || $0.replay }) { break }
            usleep(1_000)
        }
        return standing() >= Self.worthSending
    }

    /// Returns the sequences of the records that arrived.
    private func note(_ token: UInt64, _ result: AckResult, _ state: inout State) -> [UInt64] {
        let handed = state.handed.removeValue(forKey: token)
        guard case .acknowledged(let number, let duplicate) = result else {
            state.tracker.settle(token >> Self.messageBits, arrived: false)
            return []
        }
        guard state.tracker.settle(token >> Self.messageBits, arrived: true), let handed else { return [] }
        let mark = StreamMemory.Mark(sequence: number, id: handed.id)
        if !state.memory.acknowledged(mark, duplicate: duplicate) { state.replay = true }
        return handed.sequences
    }

    /// Where to begin again, when it is time to.
    private func shouldRestart(_ state: inout State) -> JournalPosition? {
        let now = SystemClock.monotonicNanoseconds()
        if state.replay {
            state.replay = false
            state.memory.forget()
            for info in journal.segments { info.acknowledgedAt.store(0, ordering: .releasing) }
            state.tracker.rewind(to: JournalPosition(segment: 0, offset: 0))
            state.handed.removeAll()
            journal.metrics.republished.add(1)
            logger.warn("the accounting stream lost what it had acknowledged: publishing all kept records again")
            return state.tracker.floor
        }
        let stuck = state.tracker.outstanding > 0 && now > state.headSince + Self.stuckAfter
        guard state.tracker.mustRewind && state.tracker.outstanding == 0 || stuck else { return nil }
        state.tracker.rewind()
        state.handed.removeAll()
        state.headSince = now
        journal.metrics.republished.add(1)
        return state.tracker.floor
    }

    /// Segments that are acknowledged to their end begin their retention.
    private func markAcknowledged() {
        let floor = state.withLock { $0.tracker.floor }
        var pending = 0
        for info in journal.segments {
            let end = info.end.load(ordering: .acquiring)
            let position = JournalPosition(segment: info.segment.number, offset: end)
            if floor >= position {
                if info.acknowledgedAt.load(ordering: .relaxed) == 0, info.isClosed.load(ordering: .acquiring) {
                    info.acknowledgedAt.store(SystemClock.monotonicNanoseconds(), ordering: .releasing)
                }
            } else {
                pending += end - (floor.segment == info.segment.number ? floor.offset : Segment.headerLength)
            }
        }
        journal.metrics.pending.set(Double(pending))
    }

    private func readable(from cursor: JournalPosition) -> (info: SegmentInfo, position: JournalPosition)? {
        for info in journal.segments where info.segment.number >= cursor.segment {
            let offset = info.segment.number == cursor.segment ? cursor.offset : 0
            let start = max(offset, Segment.headerLength)
            if info.end.load(ordering: .acquiring) > start {
                return (info, JournalPosition(segment: info.segment.number, offset: start))
            }
        }
        return nil
    }

    private func limited(
        _ buffer: UnsafeMutableRawBufferPointer,
        _ place: (info: SegmentInfo, position: JournalPosition)
    ) -> UnsafeMutableRawBufferPointer {
        let left = place.info.end.load(ordering: .acquiring) - place.position.offset
        return unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(left, buffer.count)])
    }

    /// Hands a round over, waiting for room as often as it takes; false when JetStream takes nothing for now, and the
    /// round will come again.
    private func publish(_ round: JournalRound, after: JournalPosition, through publisher: JetStreamPublisher) -> Bool {
        let began: UInt64? = state.withLock { state in
            guard !state.tracker.mustRewind, !state.replay, !state.isStopping else { return nil }
            if state.tracker.outstanding == 0 { state.headSince = SystemClock.monotonicNanoseconds() }
            return state.tracker.begin(messages: round.messages.count, after: after)
        }
        guard let began else { return false }
        for (index, packets) in round.messages.enumerated() {
            let token = began << Self.messageBits | UInt64(index)
            guard hand(packets, token, to: publisher) else {
                state.withLock { state in
                    for _ in index..<round.messages.count { state.tracker.settle(began, arrived: false) }
                }
                return false
            }
            journal.metrics.published.add(packets.count)
        }
        return true
    }

    private func hand(_ packets: [JournalledPacket], _ token: UInt64, to publisher: JetStreamPublisher) -> Bool {
        let message = encoder.encode(packets)
        let sequences = journal.settings.waitsForStream ? packets.map(\.record.sequence) : []
        state.withLock { $0.handed[token] = Handed(id: message.id, sequences: sequences) }
        while true {
            let outcome = publisher.publish(
                subject: message.subject,
                payload: message.payload,
                messageID: message.id,
                token: token
            )
            if outcome == .accepted { return true }
            guard outcome == .stalled, state.withLock({ !$0.tracker.mustRewind && !$0.isStopping }) else {
                state.withLock { _ = $0.handed.removeValue(forKey: token) }
                return false
            }
            state.withLock { $0.waitsForRoom = true }
            waitForNews(upTo: .milliseconds(50))
            state.withLock { $0.waitsForRoom = false }
        }
    }

    private func wake() { news.withLock(waking: .one) { $0 = true } }

    private func waitForNews(upTo limit: Duration) {
        _ = news.wait(until: .after(limit), for: { $0 }) { $0 = false }
    }
}
