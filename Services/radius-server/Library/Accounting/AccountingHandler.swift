import Admission
import CPlatform
import Crypto
import Domain
import Observability
import RADIUS
import Sockets

/// Answers the accounting port: checks a packet, hands it to the journal with its finished answer, and lets the journal
/// send that answer once the record is on disk. Confined to one thread.
final class AccountingHandler: PacketHandler {
    private let journal: Journal
    private let metrics: PacketMetrics
    private let refusals: RefusalLog
    private var unknown: UnknownClients
    private let cache: DuplicateCache
    private let descriptor: Int32
    /// Tells Redis of sessions; nil where no Redis is configured.
    private let reporter: SessionReporter?
    /// Seconds that a session counts at least when it is not heard of.
    private let lease: UInt32
    private var ids: FastIDs
    private var appended = false
    private var evictionsSeen: UInt64 = 0

    init(
        journal: Journal,
        socket: borrowing UDPSocket,
        metrics: PacketMetrics,
        refusals: RefusalLog,
        cache: DuplicateCache,
        admission: AdmissionParts? = nil,
        unknownMemory: UInt64 = 30_000_000_000
    ) {
        self.journal = journal
        self.metrics = metrics
        self.refusals = refusals
        unknown = UnknownClients(memory: unknownMemory, metrics: metrics, refusals: refusals, socket: .accounting)
        self.cache = cache
        reporter = admission?.reporter()
        lease = admission?.lease ?? 0
        descriptor = socket.descriptor
        ids = FastIDs()
    }

    /// Accounting is worked on as it comes, and never too old: what was received is stored.
    func goesBefore(_ bytes: UnsafeRawBufferPointer) -> Bool { false }

    func handle(_ datagram: Datagram, directory: Directory, replies: ReplyBatch) {
        let candidates = unknown.candidates(for: datagram, directory)
        guard let first = candidates.first else { return }
        let view: PacketView
        do throws(PacketError) {
            view = try unsafe PacketView(validating: datagram.bytes)
        } catch {
            return turnAway(.malformed, datagram, first)
        }
        switch view.knownCode {
        case .accountingRequest: account(datagram, view, candidates, directory, replies)
        case .statusServer: status(datagram, view, candidates, replies)
        default: turnAway(.unexpectedCode, datagram, first)
        }
    }

    /// Nothing is put off: what cannot be journalled goes unanswered.
    func handlePutOff(directory: Directory, replies: ReplyBatch) {}

    func finishBatch() {
        if appended { journal.flush() }
        appended = false
        let evictions = cache.earlyEvictions
        if evictions != evictionsSeen {
            metrics.earlyEvictions.add(Int(evictions - evictionsSeen))
            evictionsSeen = evictions
        }
    }

    func expire(now: UInt64, replies: ReplyBatch, socket: borrowing UDPSocket) -> UInt64? { nil }

    func advance(now: UInt64, directory: Directory, replies: ReplyBatch, socket: borrowing UDPSocket) -> UInt64? {
        reporter?.advance(now: now)
    }

    var connection: WatchedConnection {
        guard let reporter else { return WatchedConnection() }
        return WatchedConnection(
            descriptor: reporter.descriptor,
            wantsWriting: reporter.wantsWriting,
            generation: reporter.generation
        )
    }

    // MARK: - Private

    private func account(
        _ datagram: Datagram,
        _ view: PacketView,
        _ candidates: [NASEntry],
        _ directory: Directory,
        _ replies: ReplyBatch
    ) {
        let nas: NASEntry
        switch PacketGate.accounting(view, candidates: candidates) {
        case .authentic(let found): nas = found
        case .refused(let reason, let found): return turnAway(reason, datagram, found ?? candidates[0])
        }
        nas.live.counts.add(.accountingRequests)
        guard let status = AccountingAttributes.status(view) else { return refuse(.malformed, datagram, nas) }
        guard let slot = admit(datagram, view, nas, replies) else { return }
        observe(view, datagram, nas)
        let room = unsafe replies.room
        var reply = unsafe ReplyWriter(into: room, code: .accountingResponse, identifier: view.identifier)
        reply.copyProxyState(from: view)
        let length = unsafe reply.finish(requestAuthenticator: unsafe view.authenticator, secret: nas.secret.context)
        let record = JournalRecord(
            sequence: 0,
            receivedAt: datagram.wallTime,
            eventID: ids.next(wallTime: datagram.wallTime),
            tenantID: directory.tenants[Int(nas.tenant)].id,
            nasID: nas.id,
            sourceHigh: datagram.source.high,
            sourceLow: datagram.source.low,
            sourcePort: datagram.source.port,
            flags: nas.swapsOctets ? JournalRecord.swapsOctets : 0
        )
        let answer = unsafe UnsafeRawBufferPointer(rebasing: room[..<length])
        let sequence = unsafe journal.append(
            record,
            packet: view.bytes,
            answer: answer,
            descriptor: descriptor,
            destination: datagram.endpoint.pointee,
            local: datagram.local.pointee
        )
        guard let sequence else {
            cache.forget(slot)
            return refuse(.journalUnavailable, datagram, nas)
        }
        unsafe cache.keep(answer, in: slot, journalSequence: sequence)
        unsafe nas.live.counts.answer(answer)
        metrics.replies.add(1)
        appended = true
        if let reporter { note(status, view, nas, directory, datagram, reporter) }
    }

    /// Tells whose session it is: by Class, or by the name and device that were admitted.
    private func note(
        _ status: AccountingStatus,
        _ view: PacketView,
        _ nas: NASEntry,
        _ directory: Directory,
        _ datagram: Datagram,
        _ reporter: SessionReporter
    ) {
        let kind: SessionReport.Kind
        switch status {
        case .start: kind = .began
        case .interimUpdate: kind = .isAlive
        case .stop: kind = .ended
        // Their sessions are ended where all of them are known: in Postgres.
        case .accountingOn, .accountingOff: return
        }
        let subscribers = directory.subscribers
        var admission = UUID128.zero
        var subscriber: Int?
        if let value = unsafe view.first(AttributeType.class), let grant = unsafe AdmissionClass(value) {
            admission = grant.admissionID
            subscriber = subscribers.find(service: grant.serviceID)
        } else if let name = unsafe view.first(AttributeType.userName) {
            subscriber = unsafe subscribers.find(tenant: nas.tenant, username: name)
        }
        // What a NAS sends back as Class says nothing of another tenant's services.
        guard let subscriber, subscribers.records[subscriber].tenant == nas.tenant else { return }
        let record = subscribers.records[subscriber]
        let report = SessionReport(
            kind,
            service: record.serviceID,
            device: DeviceKey(view, nas: nas),
            admission: admission,
            nas: nas.id,
            leaseSeconds: max(lease, directory.plan(record.plan)?.sessionLease ?? 0)
        )
        reporter.note(report, now: datagram.receivedAt)
    }

    /// A slot for a new packet; nil for a retransmission, which is answered again where its record is on disk.
    private func admit(
        _ datagram: Datagram,
        _ view: PacketView,
        _ nas: NASEntry,
        _ replies: ReplyBatch
    ) -> DuplicateCache.Slot? {
        guard let authenticator = unsafe view.authenticator.baseAddress else { return nil }
        func look() -> DuplicateCache.Lookup {
            unsafe cache.look(
                source: datagram.source,
                code: view.code,
                identifier: view.identifier,
                authenticator: authenticator,
                now: datagram.receivedAt
            )
        }
        switch look() {
        case .fresh(let slot): return slot
        case .answered(let slot): repeatAnswer(slot, datagram, nas, replies)
        case .inProgress(let slot):
            guard case .awaitingJournal(let sequence) = cache.progress(slot) else { break }
            switch journal.isDurable(sequence) {
            case true?: repeatAnswer(slot, datagram, nas, replies)
            case false?: noteDuplicate(nas)
            case nil:
                cache.forget(slot)
                if case .fresh(let slot) = look() { return slot }
            }
        }
        return nil
    }

    private func noteDuplicate(_ nas: NASEntry) {
        metrics.duplicates.add(1)
        nas.live.counts.add(.dupAccountingRequests)
    }

    private func repeatAnswer(
        _ slot: DuplicateCache.Slot,
        _ datagram: Datagram,
        _ nas: NASEntry,
        _ replies: ReplyBatch
    ) {
        noteDuplicate(nas)
        unsafe nas.live.counts.answer(cache.keptAnswer(slot))
        metrics.replies.add(1)
        unsafe replies.add(copying: cache.keptAnswer(slot), to: datagram.endpoint, from: datagram.local)
    }

    private func status(
        _ datagram: Datagram,
        _ view: PacketView,
        _ candidates: [NASEntry],
        _ replies: ReplyBatch
    ) {
        let nas: NASEntry
        switch PacketGate.access(view, candidates: candidates) {
        case .authentic(let found): nas = found
        case .refused(let reason, let found): return turnAway(reason, datagram, found ?? candidates[0])
        }
        var reply = unsafe ReplyWriter(
            into: replies.room,
            code: .accountingResponse,
            identifier: view.identifier,
            messageAuthenticator: true
        )
        reply.copyProxyState(from: view)
        let length = unsafe reply.finish(requestAuthenticator: unsafe view.authenticator, secret: nas.secret.context)
        unsafe replies.add(length: length, to: datagram.endpoint, from: datagram.local)
        metrics.statusServer.add(1)
        metrics.replies.add(1)
    }

    /// Notes what a new Accounting-Request carries: the NAS's posture.
    private func observe(_ view: PacketView, _ datagram: Datagram, _ nas: NASEntry) {
        nas.live.sight(datagram.source, wallTime: datagram.wallTime)
        nas.live.counts.add(.reports)
        if view.contains(AttributeType.eventTimestamp) { nas.live.counts.add(.timestamped) }
    }

    /// Leaves a packet unanswered that got no further than the gate.
    private func turnAway(_ reason: RefusalReason, _ datagram: Datagram, _ nas: NASEntry) {
        nas.live.counts.add(.accountingRequests)
        refuse(reason, datagram, nas)
    }

    private func refuse(_ reason: RefusalReason, _ datagram: Datagram, _ nas: NASEntry) {
        metrics.refuse(reason)
        nas.live.counts.refuseAccounting(reason)
        refusals.note(reason, datagram, nas: nas, socket: .accounting)
    }
}
