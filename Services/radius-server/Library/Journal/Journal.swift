import CPlatform
import Concurrency
import Domain
import Glibc
import Observability
import Synchronization

/// The write-ahead journal of accounting: a packet is answered only when its record is on disk (ACC-13).
///
/// Receivers add packets; one thread writes everything that came meanwhile and calls fdatasync once (group commit), then
/// sends the answers. Segments are kept until JetStream has had them for `retention`. A full disk or a failed fdatasync
/// leaves packets unanswered, so that the NAS keeps them; the journal tries again by itself with a new segment.
final class Journal: Sendable {
    struct Settings: Sendable {
        var directory: String
        var segmentOctets = 64 << 20
        /// How long a segment stays after its last PubAck: the stream flushes to disk every 2 minutes.
        var retention: Duration = .seconds(300)
        var mailboxOctets = 8 << 20
        var mailboxAnswers = 32_768
        /// Answers wait for the stream's PubAck as well (`accounting.acknowledge = replicated`).
        var waitsForStream = false
    }

    /// What receivers and the journal thread share.
    @safe private struct Intake: @unchecked Sendable {
        // SAFETY: a mailbox belongs to whoever took it from here under the lock.
        var filling: JournalMailbox
        var spare: JournalMailbox?
        var nextSequence: UInt64
        var isRefusing = false
        var isStopping = false
        /// Ranges of sequences that were never made durable.
        var lost: [ClosedRange<UInt64>] = []
    }

    let settings: Settings
    let metrics: JournalMetrics
    private let logger: Logger
    private let intake: Monitor<Intake>
    private let keeperEnd = Monitor(false)
    private let segmentList: Mutex<[SegmentInfo]>
    private let durable = Atomic<UInt64>(0)
    private let spareSegment = Mutex<Segment?>(nil)
    private let nextSegmentNumber: Atomic<UInt64>
    private let lockDescriptor: Int32
    private let held = HeldAnswers()
    private let onDurable = Mutex<DurableListener?>(nil)

    /// Opens the directory, finds what an earlier run left, and holds the directory for itself.
    init(settings: Settings, metrics: JournalMetrics, logger: Logger) throws(JournalError) {
        self.settings = settings
        self.metrics = metrics
        self.logger = logger
        lockDescriptor = try JournalDirectory.lock(settings.directory)
        let found = try JournalDirectory.scan(settings.directory, logger: logger)
        segmentList = Mutex(found.segments)
        nextSegmentNumber = Atomic(found.nextNumber)
        intake = Monitor(
            Intake(
                filling: JournalMailbox(capacity: settings.mailboxOctets, answers: settings.mailboxAnswers),
                spare: JournalMailbox(capacity: settings.mailboxOctets, answers: settings.mailboxAnswers),
                nextSequence: found.lastSequence + 1
            )
        )
        durable.store(found.lastSequence, ordering: .relaxed)
        metrics.segments.set(Double(found.segments.count))
    }

    deinit { close(lockDescriptor) }

    /// Lets another process hold the folder; the journal is not used any more.
    func releaseFolder() { flock(lockDescriptor, LOCK_UN) }

    // MARK: - Receivers

    /// Hands a packet over; returns its sequence, or nil when the journal is full or failing (leave it unanswered).
    func append(
        _ record: JournalRecord,
        packet: UnsafeRawBufferPointer,
        answer: UnsafeRawBufferPointer,
        descriptor: Int32,
        destination: cp_endpoint,
        local: cp_local
    ) -> UInt64? {
        intake.withLock { state in
            guard !state.isRefusing, !state.isStopping else { return nil }
            var record = record
            record.sequence = state.nextSequence
            guard
                unsafe state.filling.add(
                    record,
                    packet: packet,
                    answer: answer,
                    descriptor: descriptor,
                    destination: destination,
                    local: local
                )
            else { return nil }
            state.nextSequence += 1
            return record.sequence
        }
    }

    /// Wakes the journal thread; call once per receive batch.
    func flush() { intake.withLock(waking: .one) { _ in } }

    /// Whether the record of this sequence is on disk. nil: it was lost, treat its packet as new.
    func isDurable(_ sequence: UInt64) -> Bool? {
        guard sequence <= durable.load(ordering: .acquiring), !held.holds(sequence) else { return false }
        return intake.withLock { $0.lost.contains { $0.contains(sequence) } } ? nil : true
    }

    /// Whether accounting is being refused at this moment.
    var isRefusing: Bool { intake.withLock { $0.isRefusing } }

    // MARK: - Publisher

    /// All segments, oldest first.
    var segments: [SegmentInfo] { segmentList.withLock { $0 } }

    /// JetStream has the record: an answer that waited for that leaves now.
    func streamHolds(_ sequence: UInt64) {
        if settings.waitsForStream { held.release(sequence) }
    }

    /// Called on the journal thread whenever new records are durable.
    func whenDurable(_ body: @escaping @Sendable () -> Void) { onDurable.withLock { $0 = DurableListener(body: body) } }

    // MARK: - Threads

    /// Writes until `stop`; then writes what was still handed over, and returns.
    func runWriter() {
        var current: SegmentInfo?
        while true {
            let taken: JournalMailbox? =
                intake.wait(
                    until: .after(.milliseconds(250)),
                    for: { !$0.filling.isEmpty || $0.isStopping || $0.isRefusing }
                ) { state in
                    guard !state.filling.isEmpty, let spare = state.spare else { return nil }
                    let full = state.filling
                    state.filling = spare
                    state.spare = nil
                    return full
                } ?? nil
            if let taken {
                commit(taken, into: &current)
                taken.removeAll()
                intake.withLock { $0.spare = taken }
            } else if intake.withLock({ $0.isStopping }) {
                return
            } else if intake.withLock({ $0.isRefusing }) {
                _ = intake.wait(until: .after(.milliseconds(250)), for: { $0.isStopping }) { _ in }
                recover(&current)
            }
        }
    }

    /// Keeps a spare segment ready and deletes those that JetStream has had for long enough. Returns after `stop`.
    func runKeeper() {
        while !intake.withLock({ $0.isStopping }) {
            prepareSpare()
            deleteOld()
            // Waits apart from the writer: a wake-up for new records must never reach this thread instead.
            _ = keeperEnd.wait(until: .after(.milliseconds(500)), for: { $0 }) { _ in }
        }
    }

    func stop() {
        intake.withLock(waking: .all) { $0.isStopping = true }
        keeperEnd.withLock(waking: .all) { $0 = true }
    }

    // MARK: - Private

    private func commit(_ mailbox: JournalMailbox, into current: inout SegmentInfo?) {
        do throws(JournalError) {
            try write(mailbox, into: &current)
        } catch {
            // Records of this mailbox that reached an earlier, synced segment are repeated by their NAS: harmless.
            current?.isClosed.store(true, ordering: .releasing)
            current = nil
            let range = mailbox.firstSequence...mailbox.lastSequence
            intake.withLock { state in
                state.isRefusing = true
                state.lost.append(range)
                if state.lost.count > 1_000 { state.lost.removeFirst() }
            }
            durable.store(mailbox.lastSequence, ordering: .releasing)
            metrics.failures.add(1)
            metrics.refusing.set(1)
            logger.error(
                "accounting is refused: the journal cannot be written; free disk space or replace the disk",
                ["error": .string("\(error)"), "records.unanswered": .int(mailbox.recordCount)]
            )
            return
        }
        // Held before it is called durable, so that a retransmission in between is not answered early.
        if settings.waitsForStream {
            unsafe mailbox.forEachAnswer { answer, octets in unsafe held.add(answer, octets) }
        }
        durable.store(mailbox.lastSequence, ordering: .releasing)
        if !settings.waitsForStream { mailbox.sendAnswers() }
        onDurable.withLock { $0 }?.body()
    }

    /// Writes all records, in as many segments as it takes, each synced before the next begins.
    private func write(_ mailbox: JournalMailbox, into current: inout SegmentInfo?) throws(JournalError) {
        let octets = unsafe mailbox.octets
        guard let base = octets.baseAddress else { return }
        var start = 0
        var sequence = mailbox.firstSequence
        while start < octets.count {
            let info: SegmentInfo
            if let open = current { info = open } else { info = try nextSegment() }
            current = info
            let room = info.segment.capacity - info.end.load(ordering: .relaxed)
            var stop = start
            while stop < octets.count {
                let length = Int(UInt32(littleEndian: unsafe octets.load(fromByteOffset: stop, as: UInt32.self)))
                let footprint = (length + 7) & ~7
                guard stop + footprint - start <= room else { break }
                unsafe JournalRecord.seal(base + stop, sequence: sequence, segment: info.segment.number)
                sequence += 1
                stop += footprint
            }
            if stop > start {
                let began = SystemClock.monotonicNanoseconds()
                let offset = info.end.load(ordering: .relaxed)
                unsafe try info.segment.write(unsafe UnsafeRawBufferPointer(rebasing: octets[start..<stop]), at: offset)
                try info.segment.sync()
                info.end.store(offset + stop - start, ordering: .releasing)
                metrics.syncSeconds.observe(Double(SystemClock.monotonicNanoseconds() - began) / 1e9)
                metrics.octets.add(stop - start)
            }
            start = stop
            if start < octets.count {
                info.isClosed.store(true, ordering: .releasing)
                current = nil
            }
        }
        metrics.records.add(mailbox.recordCount)
    }

    private func nextSegment() throws(JournalError) -> SegmentInfo {
        var spare: Segment?
        spareSegment.withLock { held in
            spare = held
            held = nil
        }
        let segment = if let spare { spare } else { try makeSegment() }
        let info = SegmentInfo(segment, end: Segment.headerLength, isClosed: false)
        segmentList.withLock { list in
            list.append(info)
            list.sort { $0.segment.number < $1.segment.number }
            metrics.segments.set(Double(list.count))
        }
        return info
    }

    private func makeSegment() throws(JournalError) -> Segment {
        let number = nextSegmentNumber.wrappingAdd(1, ordering: .relaxed).oldValue
        return try Segment.create(directory: settings.directory, number: number, capacity: settings.segmentOctets)
    }

    /// While refusing: a new segment that can be made means that the disk is back.
    private func recover(_ current: inout SegmentInfo?) {
        do throws(JournalError) {
            current = try nextSegment()
        } catch {
            return
        }
        intake.withLock { $0.isRefusing = false }
        metrics.refusing.set(0)
        logger.info("accounting is accepted again: the journal can be written")
    }

    private func prepareSpare() {
        guard spareSegment.withLock({ $0 == nil }), !isRefusing else { return }
        guard let made = try? makeSegment() else { return }
        spareSegment.withLock { $0 = made }
    }

    private func deleteOld() {
        let now = SystemClock.monotonicNanoseconds()
        let kept = UInt64(settings.retention.components.seconds) * 1_000_000_000
        let removed = segmentList.withLock { list in
            let gone = list.filter { info in
                let at = info.acknowledgedAt.load(ordering: .acquiring)
                return info.isClosed.load(ordering: .acquiring) && at != 0 && now - at > kept
            }
            list.removeAll { info in gone.contains { $0 === info } }
            metrics.segments.set(Double(list.count))
            return gone
        }
        for info in removed { info.segment.delete() }
    }
}

/// Who is told of durable records. In a type of its own: a bare closure that a generic lock hands out and takes back is
/// wrapped anew each time, and the wrappers add up until a call of it overflows the stack.
private struct DurableListener {
    let body: @Sendable () -> Void
}
