import CPlatform
import Concurrency
import Crypto
import Domain
import Observability
import RADIUS
import Sockets

/// Answers the authentication port. Everything is in RAM and decided at once; on the way of an accepted PAP or CHAP
/// login nothing is allocated. Confined to one thread.
final class AccessHandler: PacketHandler {
    struct Settings: Sendable {
        /// Refused logins are answered this much later, in nanoseconds; half of it again is added at random.
        var rejectDelay: UInt64 = 1_000_000_000
        /// Decisions a second that go to the event stream from this thread; 0 sends none.
        var feedRate: UInt32 = 200
        /// An Access-Request that waited longer in the kernel is dropped: its NAS has given it up; 0 drops none.
        var staleAfter: UInt64 = 2_000_000_000
        /// A source that no NAS has is dropped unseen for so long; 0 looks at each of its packets.
        var unknownMemory: UInt64 = 30_000_000_000
        /// Near a quota's end a NAS is to report no more often than after so many seconds.
        var shortestInterim: UInt32 = 60
    }

    let settings: Settings
    private let store: DirectoryStore
    let metrics: PacketMetrics
    let eapMetrics: EAPMetrics
    private let families: AccessMetricFamilies
    private let refusals: RefusalLog
    var unknown: UnknownClients
    let feed: DecisionFeed
    let cache: DuplicateCache
    private var wheel: RejectWheel
    var ids = FastIDs()
    private var feedBucket: TokenBucket
    private var feedSkipped = DecisionFeed.Skipped()
    private var tenantMetrics: [TenantAccessMetrics?] = []
    private var generation: UInt64 = 0
    private var evictionsSeen: UInt64 = 0
    let checker: CredentialChecker
    let eap: EAPAnswerer
    /// Where accepted logins ask for sessions and addresses; nil where no Redis is configured.
    let desk: AdmissionDesk?
    /// Beginnings of EAP that found no room: a conversation that ends in the same batch may make some.
    private var putOff: [Datagram] = []
    private var isLastLook = false

    init(
        settings: Settings,
        store: DirectoryStore,
        metrics: PacketMetrics,
        families: AccessMetricFamilies,
        refusals: RefusalLog,
        feed: DecisionFeed,
        cache: DuplicateCache,
        eap: EAPShard,
        desk: AdmissionDesk? = nil,
        now: UInt64
    ) {
        let checker = CredentialChecker()
        self.checker = checker
        eapMetrics = eap.metrics
        self.desk = desk
        self.eap = eap.answerer(checker)
        self.settings = settings
        self.store = store
        self.metrics = metrics
        self.families = families
        self.refusals = refusals
        unknown = UnknownClients(
            memory: settings.unknownMemory,
            metrics: metrics,
            refusals: refusals,
            socket: .authentication
        )
        self.feed = feed
        self.cache = cache
        wheel = RejectWheel(capacity: 16_384, now: now)
        feedBucket = TokenBucket(rate: settings.feedRate, burst: settings.feedRate, now: now)
    }

    func handle(_ datagram: Datagram, directory: Directory, replies: ReplyBatch) {
        let candidates = unknown.candidates(for: datagram, directory)
        guard let first = candidates.first else { return }
        guard !isTooOld(datagram) else { return turnAway(.tooOld, datagram, first, directory) }
        let view: PacketView
        do throws(PacketError) {
            view = try unsafe PacketView(validating: datagram.bytes)
        } catch {
            return turnAway(.malformed, datagram, first, directory)
        }
        let code = view.knownCode
        guard code == .accessRequest || code == .statusServer else {
            return turnAway(.unexpectedCode, datagram, first, directory)
        }
        switch PacketGate.access(view, candidates: candidates) {
        case .refused(let reason, let nas): turnAway(reason, datagram, nas ?? first, directory)
        case .authentic(let nas) where code == .statusServer: status(datagram, view, nas, replies)
        case .authentic(let nas): authenticate(datagram, view, nas, directory, replies)
        }
    }

    func handlePutOff(directory: Directory, replies: ReplyBatch) {
        guard !putOff.isEmpty else { return }
        isLastLook = true
        for datagram in putOff { handle(datagram, directory: directory, replies: replies) }
        putOff.removeAll(keepingCapacity: true)
        isLastLook = false
    }

    func finishBatch() {
        flushDesk()
        if feedSkipped.total > 0 {
            feed.skip(feedSkipped)
            feedSkipped = DecisionFeed.Skipped()
        }
        let evictions = cache.earlyEvictions
        if evictions != evictionsSeen {
            metrics.earlyEvictions.add(Int(evictions - evictionsSeen))
            evictionsSeen = evictions
        }
    }

    func expire(now: UInt64, replies: ReplyBatch, socket: borrowing UDPSocket) -> UInt64? {
        eap.expire(now: now)
        guard wheel.count > 0 else { return nil }
        var due: [RejectWheel.Waiting] = []
        wheel.expire(now: now) { due.append($0) }
        for waiting in due where cache.owns(waiting.slot) {
            if replies.isFull { replies.flush(through: socket) }
            unsafe withUnsafePointer(to: waiting.destination) { destination in
                unsafe withUnsafePointer(to: waiting.local) { local in
                    unsafe replies.add(copying: cache.keptAnswer(waiting.slot), to: destination, from: local)
                }
            }
            cache.release(waiting.slot)
            metrics.replies.add(1)
        }
        replies.flush(through: socket)
        return wheel.wait(now: now)
    }

    // MARK: - Private

    private func authenticate(
        _ datagram: Datagram,
        _ view: PacketView,
        _ nas: NASEntry,
        _ directory: Directory,
        _ replies: ReplyBatch
    ) {
        guard let authenticator = unsafe view.authenticator.baseAddress else { return }
        nas.live.counts.add(.accessRequests)
        let looked = unsafe cache.look(
            source: datagram.source,
            code: view.code,
            identifier: view.identifier,
            authenticator: authenticator,
            now: datagram.receivedAt
        )
        switch looked {
        case .inProgress: noteDuplicate(nas)
        case .answered(let slot):
            noteDuplicate(nas)
            metrics.replies.add(1)
            unsafe nas.live.counts.answer(cache.keptAnswer(slot))
            unsafe replies.add(copying: cache.keptAnswer(slot), to: datagram.endpoint, from: datagram.local)
        case .fresh(let slot):
            // What goes on with a conversation is never shed: its work would be lost, and the NAS would begin it again.
            let goesOn = view.hasEAP && eap.goesOn(view, nas: nas, now: datagram.receivedAt)
            guard goesOn || nas.live.admits(now: datagram.receivedAt) else {
                cache.forget(slot)
                return refuse(.rateExceeded, datagram, nas, directory)
            }
            observe(view, datagram, nas)
            if view.hasEAP { return answerEAP(datagram, view, nas, directory, replies, slot) }
            decide(datagram, view, nas, directory, replies, slot)
        }
    }

    private func decide(
        _ datagram: Datagram,
        _ view: PacketView,
        _ nas: NASEntry,
        _ directory: Directory,
        _ replies: ReplyBatch,
        _ slot: DuplicateCache.Slot
    ) {
        let subject = checker.find(view, tenant: nas.tenant, directory: directory)
        var login = checker.check(view, subject: subject, nas: nas, directory: directory)
        let decision = decideAccess(login.facts, now: Timestamp(microseconds: datagram.wallTime))
        switch decision {
        case .accept(let sessionTimeout, let confinedFor):
            let acceptance = Acceptance(
                subscriber: subject.index,
                plan: directory.plan(of: subject.index, confined: confinedFor != nil, tenant: nas.tenant),
                confinedFor: confinedFor,
                sessionTimeout: sessionTimeout,
                admission: ids.next(wallTime: datagram.wallTime),
                method: login.method,
                keys: login.takeKeys()
            )
            accept(acceptance, datagram, view, nas, directory, replies, slot)
        case .reject(let reason):
            let length = unsafe RejectReply.write(
                into: replies.room,
                view: view,
                nas: nas,
                reason: reason,
                login: login
            )
            let telling = Telling(datagram, subject.index, login.method)
            conclude(telling, .reject(reason), nil, view, nas, directory)
            send(length: length, nas, datagram, slot, replies, late: true)
        }
    }

    /// Counts a decision and tells it.
    func conclude(
        _ telling: Telling,
        _ decision: AccessDecision,
        _ admission: UUID128?,
        _ view: PacketView,
        _ nas: NASEntry,
        _ directory: Directory
    ) {
        let counters = tenantCounters(nas.tenant, directory)
        switch decision {
        case .accept: counters.accepted.add(1)
        case .reject(let reason):
            counters.rejected[Int(reason.rawValue)].add(1)
            feed.failures.failed(
                tenant: directory.tenants[Int(nas.tenant)].id,
                nas: nas.id,
                nasName: nas.name,
                reason,
                now: telling.receivedAt
            )
        }
        counters.duration.observe(nanoseconds: SystemClock.monotonicNanoseconds() - telling.receivedAt)
        tell(telling, view, nas, directory, decision, admission)
    }

    /// Sends the answer of `length` octets in the batch's room and keeps it for retransmissions; one that is `late` waits
    /// its delay. 0 octets are no answer.
    func send(
        length: Int,
        _ nas: NASEntry,
        _ datagram: Datagram,
        _ slot: DuplicateCache.Slot,
        _ replies: ReplyBatch,
        late: Bool
    ) {
        guard length > 0 else { return cache.forget(slot) }
        let answer = unsafe UnsafeRawBufferPointer(rebasing: replies.room[..<length])
        unsafe nas.live.counts.answer(answer)
        unsafe cache.keep(answer, in: slot)
        if late, postpone(slot, datagram) { return }
        unsafe replies.add(length: length, to: datagram.endpoint, from: datagram.local)
        metrics.replies.add(1)
    }

    /// Leaves a packet that was looked up unanswered: its retransmission is a new request. A beginning of EAP without
    /// room is looked at once more when the batch was gone through.
    func shed(
        _ reason: RefusalReason,
        _ datagram: Datagram,
        _ nas: NASEntry,
        _ directory: Directory,
        _ slot: DuplicateCache.Slot
    ) {
        cache.forget(slot)
        if reason == .eapSessionsFull, !isLastLook { return putOff.append(datagram) }
        refuse(reason, datagram, nas, directory)
    }

    /// Sends an answer that stands elsewhere, to whoever asked; see `send(length:_:_:_:_:late:)`.
    func send(
        _ answer: UnsafeRawBufferPointer,
        _ nas: NASEntry,
        to asker: RejectWheel.Waiting,
        receivedAt: UInt64,
        _ replies: ReplyBatch,
        late: Bool
    ) {
        guard answer.count > 0 else { return cache.forget(asker.slot) }
        unsafe nas.live.counts.answer(answer)
        unsafe cache.keep(answer, in: asker.slot)
        if late, postpone(asker, receivedAt: receivedAt) { return }
        unsafe withUnsafePointer(to: asker.destination) { destination in
            unsafe withUnsafePointer(to: asker.local) { unsafe replies.add(copying: answer, to: destination, from: $0) }
        }
        metrics.replies.add(1)
    }

    /// Puts a reject aside; false where it must go at once: no delay is set, it was too long to keep, the wheel is full.
    private func postpone(_ slot: DuplicateCache.Slot, _ datagram: Datagram) -> Bool {
        postpone(
            unsafe RejectWheel.Waiting(
                slot: slot,
                destination: datagram.endpoint.pointee,
                local: datagram.local.pointee
            ),
            receivedAt: datagram.receivedAt
        )
    }

    private func postpone(_ asker: RejectWheel.Waiting, receivedAt: UInt64) -> Bool {
        guard settings.rejectDelay > 0, cache.owns(asker.slot) else { return false }
        let delay = settings.rejectDelay + UInt64.random(in: 0...settings.rejectDelay / 2)
        guard wheel.add(asker, delay: delay, now: receivedAt) else { return false }
        cache.hold(asker.slot)
        return true
    }

    private func status(_ datagram: Datagram, _ view: PacketView, _ nas: NASEntry, _ replies: ReplyBatch) {
        var reply = unsafe ReplyWriter(into: replies.room, code: .accessAccept, identifier: view.identifier)
        reply.copyProxyState(from: view)
        let length = unsafe reply.finish(requestAuthenticator: unsafe view.authenticator, secret: nas.secret.context)
        unsafe replies.add(length: length, to: datagram.endpoint, from: datagram.local)
        metrics.statusServer.add(1)
        metrics.replies.add(1)
    }

    private func tell(
        _ telling: Telling,
        _ view: PacketView,
        _ nas: NASEntry,
        _ directory: Directory,
        _ decision: AccessDecision,
        _ admission: UUID128?
    ) {
        // Half is kept for rejects: a flood of logins that succeed must not hide the one that fails.
        let kept = if case .accept = decision { settings.feedRate / 2 } else { UInt32(0) }
        guard settings.feedRate > 0, feedBucket.take(now: telling.receivedAt, leaving: kept) else {
            feedSkipped.add(decision)
            return
        }
        feed.offer(
            DecisionFeed.Decision(
                tenant: directory.tenants[Int(nas.tenant)].id,
                nas: nas.id,
                nasName: nas.name,
                service: telling.subject.map { directory.subscribers.records[$0].serviceID },
                admission: admission,
                username: telling.userName ?? AttributeText.read(view, AttributeType.userName) ?? "",
                callingStationID: AttributeText.read(view, AttributeType.callingStationID) ?? "",
                nasPort: view.uint32(AttributeType.nasPort),
                method: telling.method,
                outcome: decision,
                wallTime: telling.wallTime
            )
        )
    }

    func tenantCounters(_ tenant: UInt32, _ directory: Directory) -> TenantAccessMetrics {
        // A reloaded directory may number its tenants anew.
        if generation != store.generation {
            generation = store.generation
            tenantMetrics.removeAll()
        }
        let index = Int(tenant)
        while tenantMetrics.count <= index { tenantMetrics.append(nil) }
        if let known = tenantMetrics[index] { return known }
        let made = TenantAccessMetrics(families, tenant: directory.tenants[index].id)
        tenantMetrics[index] = made
        return made
    }

    /// Counts and notes a packet that is left unanswered.
    func refuse(_ reason: RefusalReason, _ datagram: Datagram, _ nas: NASEntry, _ directory: Directory) {
        metrics.refuse(reason)
        nas.live.counts.refuse(reason)
        let tenant = directory.tenants[Int(nas.tenant)].id
        refusals.note(reason, datagram, nas: nas, tenant: tenant, socket: .authentication)
    }
}
