import Concurrency
import Domain
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
        var hasNews = false
        /// The publisher waits until something is acknowledged; otherwise answers wake nobody.
        var waitsForRoom = false
        var isStopping = false
        var replay = false
        var headSince: UInt64 = 0
    }

    private let journal: Journal
    private let encoder: any JournalEncoder
    private let logger: Logger
    private let state: Monitor<State>
    private static let window = 8_192
    private static let stuckAfter: UInt64 = 30_000_000_000

    init(journal: Journal, encoder: any JournalEncoder, logger: Logger) {
        self.journal = journal
        self.encoder = encoder
        self.logger = logger
        state = Monitor(State(tracker: PublishTracker(floor: JournalPosition(segment: 0, offset: 0))))
        journal.whenDurable { [state] in state.withLock(waking: .one) { $0.hasNews = true } }
    }

    /// The answers of JetStream, from any thread.
    func settle(_ token: UInt64, _ result: AckResult) {
        let arrived = if case .acknowledged = result { true } else { false }
        let (sequence, wakes) = state.withLock { state in
            let sequence = state.tracker.settle(token, arrived: arrived)
            state.headSince = SystemClock.monotonicNanoseconds()
            return (sequence, state.waitsForRoom || state.tracker.mustRewind)
        }
        if let sequence { journal.streamHolds(sequence) }
        if wakes { state.withLock(waking: .one) { $0.hasNews = true } }
    }

    /// Publishes everything that is kept once more: the stream has lost what it acknowledged.
    func replayAll() { state.withLock(waking: .one) { $0.replay = true } }

    func stop() { state.withLock(waking: .one) { $0.isStopping = true } }

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
        while true {
            let (stopping, restart) = state.withLock { state in (state.isStopping, shouldRestart(&state)) }
            if stopping { return }
            if let restart { cursor = restart }
            markAcknowledged()
            guard let place = readable(from: cursor) else {
                waitForNews(upTo: .milliseconds(200))
                continue
            }
            cursor = place.position
            let got = (try? unsafe place.info.segment.read(into: limited(buffer, place), at: cursor.offset)) ?? 0
            let sent = unsafe publish(
                UnsafeRawBufferPointer(rebasing: buffer[..<got]),
                segment: cursor.segment,
                from: &cursor.offset,
                through: publisher
            )
            if !sent { waitForNews(upTo: .milliseconds(100)) }
        }
    }

    // MARK: - Private

    /// Where to begin again, when it is time to.
    private func shouldRestart(_ state: inout State) -> JournalPosition? {
        let now = SystemClock.monotonicNanoseconds()
        if state.replay {
            state.replay = false
            for info in journal.segments { info.acknowledgedAt.store(0, ordering: .releasing) }
            state.tracker.rewind(to: JournalPosition(segment: 0, offset: 0))
            journal.metrics.republished.add(1)
            logger.warn("the accounting stream lost what it had acknowledged: publishing all kept records again")
            return state.tracker.floor
        }
        let stuck = state.tracker.outstanding > 0 && now > state.headSince + Self.stuckAfter
        guard state.tracker.mustRewind && state.tracker.outstanding == 0 || stuck else { return nil }
        state.tracker.rewind()
        state.headSince = now
        journal.metrics.republished.add(1)
        return state.tracker.floor
    }

    /// Segments that are acknowledged to their end begin their retention.
    private func markAcknowledged() {
        let (floor, count) = state.withLock { ($0.tracker.floor, $0.tracker.takeAcknowledged()) }
        if count > 0 { journal.metrics.published.add(count) }
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

    /// Publishes the records in `octets`, moving `offset` behind each; false when JetStream takes no more for now.
    private func publish(
        _ octets: UnsafeRawBufferPointer,
        segment: UInt64,
        from offset: inout Int,
        through publisher: JetStreamPublisher
    ) -> Bool {
        var at = 0
        while at < octets.count {
            guard
                let next = unsafe JournalRecord.read(
                    UnsafeRawBufferPointer(rebasing: octets[at...]),
                    segment: segment
                )
            else {
                // The rest of the chunk is a record's first part, to be read again; a damaged one is stepped over.
                if at == 0 { offset += 8 }
                return true
            }
            let after = JournalPosition(segment: segment, offset: offset + (unsafe next.footprint))
            guard unsafe hand(next.record, next.packet, after: after, to: publisher) else { return false }
            at += unsafe next.footprint
            offset = after.offset
        }
        return true
    }

    private func hand(
        _ record: JournalRecord,
        _ packet: UnsafeRawBufferPointer,
        after: JournalPosition,
        to publisher: JetStreamPublisher
    ) -> Bool {
        let message = unsafe encoder.encode(record, packet: packet)
        while true {
            let token: UInt64? = state.withLock { state in
                guard !state.tracker.mustRewind, !state.replay, !state.isStopping else { return nil }
                if state.tracker.outstanding == 0 { state.headSince = SystemClock.monotonicNanoseconds() }
                return state.tracker.handOver(record.sequence, after: after)
            }
            guard let token else { return false }
            let outcome = publisher.publish(
                subject: message.subject,
                payload: message.payload,
                messageID: message.id,
                token: token
            )
            if outcome == .accepted { return true }
            state.withLock { $0.tracker.takeBack() }
            guard outcome == .stalled else { return false }
            state.withLock { $0.waitsForRoom = true }
            waitForNews(upTo: .milliseconds(50))
            state.withLock { $0.waitsForRoom = false }
        }
    }

    private func waitForNews(upTo limit: Duration) {
        _ = state.wait(until: .after(limit), for: { $0.hasNews || $0.isStopping || $0.replay }) { $0.hasNews = false }
    }
}
