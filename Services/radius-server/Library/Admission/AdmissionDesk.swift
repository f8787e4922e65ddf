import Admission
import Concurrency
import Domain
import Observability

/// What was decided about a parked login.
enum AdmissionVerdict {
    /// It may come in, with these units in the order of `AddressPool.Use`; the sessions named must leave.
    case granted(offsets: [UInt64?], replaced: [AdmissionResult.Replaced])
    case refused(RejectReason, pool: AddressPool?)
    /// Nothing can be said for sure: the NAS asks again, or asks another server.
    case silence
}

/// Where logins that passed every rule wait for one of their service's session slots and for addresses. A receive batch
/// asks Redis in one call; without Redis this server's own view decides. Confined to one thread.
final class AdmissionDesk {
    struct Settings: Sendable {
        /// Under which name blocks are reserved: this start of this server's.
        var holder = "radius-1"
        /// Logins that wait at once; more are shed.
        var capacity = 4_096
        /// A session counts for so many seconds at least when it is not heard of.
        var lease: UInt32 = 900
        /// How long logins are left to the NAS's next try after Redis failed, before this server's own view decides: a
        /// failover takes so long, and the other server's view is another. Nanoseconds.
        var patience: UInt64 = 0
    }

    private struct Load {
        let block: UInt32
        let at: UInt64
    }

    private enum Purpose {
        case admit([ParkedLogin])
        case reserve(AddressPool)
        case claim([AdmissionClaim])
        case ends
        case check(PoolID, block: UInt32)
        case beat(sentAt: UInt64)
        case memory
        case other
    }

    /// A server that Redis did not hear of for ten minutes loses the blocks it keeps back: it leaves them alone before.
    private static let reserveLasts: UInt64 = 540_000_000_000
    /// A pool's next block may be loaded by rivals each time: then the login is left to the NAS's next try.
    private static let maximumAttempts = 8
    /// Redis does nothing else during a call: a millisecond and a half.
    private static let maximumBatch = 128
    private static let minimumBatch = 8
    private static let callsAtOnce = 3

    let settings: Settings
    private let link: AdmissionLink
    private let table: SessionTable
    private let reserve: AddressReserve
    private let recent: RecentReports
    private let metrics: AdmissionMetrics
    private var memory = GrantMemory()
    private var batch = AdmissionBatch()
    /// Logins to be asked for; those before `next` were.
    private var gathered: [ParkedLogin] = []
    private var next = 0
    /// Grants whose address turned out to be another service's.
    private(set) var conflicts: [AdmissionClaim] = []
    private var settled: [(ParkedLogin, AdmissionVerdict)] = []
    private var free: [ParkedLogin] = []
    private var made = 0
    private var questions: [UInt64: Purpose] = [:]
    /// The block of each pool that was loaded last over this connection.
    private var loads: [PoolID: Load] = [:]
    private var lastToken: UInt64 = 0
    /// Calls for admission without an answer yet.
    private var asked = 0
    private var wasOpen = false
    /// Whether this desk is counted among the connections that serve.
    private var isCounted = false
    private var beatAt: UInt64 = 0
    private var retelling = Retelling()
    /// Since when Redis does not do what it is asked; nil while it does. Nanoseconds.
    private var failingSince: UInt64?
    /// When Redis was last told that this server lives; nanoseconds.
    private var knownAliveAt: UInt64 = 0

    init(
        settings: Settings,
        link: AdmissionLink,
        table: SessionTable,
        reserve: AddressReserve,
        recent: RecentReports,
        metrics: AdmissionMetrics
    ) {
        self.settings = settings
        self.link = link
        self.table = table
        self.reserve = reserve
        self.recent = recent
        self.metrics = metrics
    }

    var descriptor: Int32 { link.descriptor }
    var wantsWriting: Bool { link.wantsWriting }
    var generation: UInt64 { link.generation }

    /// A place to wait in; nil when too many wait already.
    func place() -> ParkedLogin? {
        if let known = free.popLast() { return known }
        guard made < settings.capacity else { return nil }
        made += 1
        return ParkedLogin()
    }

    /// The logins that were decided since the last call; each is put back when it was answered.
    func takeSettled() -> [(ParkedLogin, AdmissionVerdict)] {
        defer { settled.removeAll(keepingCapacity: true) }
        return settled
    }

    func takeConflicts() -> [AdmissionClaim] {
        defer { conflicts = [] }
        return conflicts
    }

    func putBack(_ login: ParkedLogin) {
        login.nas = nil
        login.attempts = 0
        free.append(login)
    }

    /// Puts a login among those that are asked for together.
    func submit(_ login: ParkedLogin, now: UInt64) {
        login.attempts += 1
        gathered.append(login)
    }

    /// Decides a login that needs no asking.
    func refuse(_ login: ParkedLogin, _ reason: RejectReason) { settle(login, .refused(reason, pool: nil)) }

    /// Asks for those that were submitted. While Redis is busy with what was asked before they wait here: a call of its own
    /// costs as much as four logins more in one, and what waits there would miss its deadline in a storm.
    func flush(now: UInt64) {
        while next < gathered.count, asked < Self.callsAtOnce || !mayAsk(now: now) { send(now: now) }
        guard next > 0, next == gathered.count || next >= Self.maximumBatch else { return }
        gathered.removeFirst(next)
        next = 0
    }

    /// Takes answers, and sees to the connection. Nanoseconds until it must be called again at the latest.
    func advance(now: UInt64, isFree: (UInt64, AddressPool) -> Bool) -> UInt64 {
        let pause = link.advance(now: now) { token, answer in
            guard let purpose = questions.removeValue(forKey: token) else { return }
            switch purpose {
            case .admit(let logins):
                asked -= 1
                take(logins, answer, now, isFree)
            case .reserve(let pool):
                guard case .number(let block) = answer, block >= 0 else { return reserve.giveUp(pool.id, now: now) }
                reserve.put(
                    pool.usable(inBlock: UInt32(block)).filter { isFree($0, pool) },
                    of: pool.id,
                    block: UInt32(block)
                )
                metrics.reserve.set(Double(reserve.count))
            case .check(let pool, let block):
                guard case .octets(let holder) = answer, unsafe !holder.elementsEqual(settings.holder.utf8) else {
                    return
                }
                reserve.forget(block, of: pool)
            case .claim(let claims): judge(claims, answer)
            case .ends: isTold(answer)
            case .memory:
                guard case .octets(let octets) = answer else { return }
                retelling.found(unsafe Array(octets), now: now, patience: settings.patience)
            case .beat(let sentAt):
                if case .octets = answer { knownAliveAt = sentAt }
            case .other: break
            }
        }
        look(now: now)
        if mayAsk(now: now) != isCounted {
            isCounted.toggle()
            metrics.open.add(isCounted ? 1 : -1)
        }
        flush(now: now)
        return pause
    }

    // MARK: - Private

    /// Another memory must know what this server granted before it may give anything.
    private func mayAsk(now: UInt64) -> Bool {
        guard link.isOpen, settings.patience > 0 else { return link.isOpen }
        return retelling.mayAsk(now: now)
    }

    /// Asks for the longest waiting: for a share of them that leaves the other calls something to do, or this server would wait
    /// for Redis and Redis for this server.
    private func send(now: UInt64) {
        let first = next
        let share = (gathered.count - next) / max(1, Self.callsAtOnce - asked)
        let limit = min(Self.maximumBatch, max(share, Self.minimumBatch))
        while next < gathered.count, next - first < limit, batch.append(gathered[next].request) {
            next += 1
        }
        let logins = Array(gathered[first..<next])
        let asks = mayAsk(now: now)
        if asks, link.admit(batch, token: token(.admit(logins)), now: now) {
            asked += 1
        } else {
            if asks { questions[lastToken] = nil }
            for login in logins { decideAlone(login, now: now) }
        }
        batch.removeAll()
    }

    private func token(_ purpose: Purpose) -> UInt64 {
        lastToken += 1
        questions[lastToken] = purpose
        return lastToken
    }

    /// Notices that the connection came or went.
    private func look(now: UInt64) {
        if link.isOpen != wasOpen {
            wasOpen = link.isOpen
            beatAt = 0
            loads = [:]
            retelling.reconnect()
            if wasOpen {
                failingSince = nil
                _ = link.memory(token: token(.memory), now: now)
                checkReserve(now: now)
            }
        }
        guard wasOpen else {
            failingSince = failingSince ?? now
            return
        }
        if retelling.isDue(now: now) { replay(now: now) }
        tell(now: now)
        if now &- beatAt > 60_000_000_000 {
            beatAt = now
            _ = link.beat(settings.holder, token: token(.beat(sentAt: now)), now: now)
        }
    }

    /// Another Redis may have given the blocks that are kept back to somebody else.
    private func checkReserve(now: UInt64) {
        for (pool, block) in reserve.blocks {
            _ = link.holder(of: block, in: pool, token: token(.check(pool, block: block)), now: now)
        }
    }

    /// Gathers what Redis may not know: a new primary lacks what its predecessor had not passed on, one that was restarted
    /// its last second. The same one as before lacks only what was granted without it.
    private func replay(now: UInt64) {
        let isKnown = retelling.isComplete
        let claims = memory.due(now: now, onlyOffline: isKnown) {
            table.state(service: $0.service, admission: $0.admission)
        }
        let ends = isKnown ? [] : recent.remembered([.ended], now: now)
        retelling.begin(ends: ends, claims: claims, now: now)
        metrics.replayed.add(claims.count)
        if retelling.finish() { recent.grantsWereTold() }
    }

    /// Tells the next part once the last was taken.
    private func tell(now: UInt64) {
        guard let part = retelling.next() else { return }
        var octets: [UInt8] = []
        let isAsked: Bool
        switch part {
        case .ends(let reports):
            for report in reports { report.append(to: &octets) }
            isAsked = link.report(octets, token: token(.ends), now: now)
        case .claims(let claims):
            for claim in claims { claim.append(to: &octets) }
            isAsked = link.claim(octets, token: token(.claim(claims)), now: now)
        }
        guard !isAsked else { return }
        questions[lastToken] = nil
        retelling.fail()
    }

    private func judge(_ claims: [AdmissionClaim], _ answer: AdmissionLink.Answer) {
        if case .octets(let octets) = answer {
            memory.confirm(claims)
            let stand = unsafe Array(octets)
            for (claim, stands) in zip(claims, stand) where stands == 0 {
                metrics.conflicts.add(1)
                conflicts.append(claim)
            }
        }
        isTold(answer)
    }

    /// A part was answered.
    private func isTold(_ answer: AdmissionLink.Answer) {
        if case .failed = answer { return retelling.fail() }
        retelling.wasAnswered()
        if retelling.finish() { recent.grantsWereTold() }
    }

    private func take(
        _ logins: [ParkedLogin],
        _ answer: AdmissionLink.Answer,
        _ now: UInt64,
        _ isFree: (UInt64, AddressPool) -> Bool
    ) {
        guard case .octets(let octets) = answer else {
            // Carried out or not: if so, the NAS's next try finds the same slot and the same addresses.
            for login in logins { decideAlone(login, now: now) }
            return
        }
        var results = unsafe AdmissionResults(octets)
        failingSince = nil
        for login in logins {
            metrics.duration.observe(nanoseconds: now &- login.receivedAt)
            switch results.next() {
            case .admitted(let admitted): grant(login, admitted, now, isFree)
            case .limitReached: settle(login, .refused(.sessionLimit, pool: nil))
            case .deviceMismatch: settle(login, .refused(.deviceMismatch, pool: nil))
            case .exhausted(let use): exhaust(login, use, now)
            case .blockWanted(let use, let block): load(login, use, block, now, isFree)
            case .notReady:
                // The leases are being loaded: what this server granted lately must be among them.
                retelling.forget()
                decideAlone(login, now: now)
            case nil: settle(login, .silence)
            }
        }
    }

    private func grant(
        _ login: ParkedLogin,
        _ admitted: AdmissionResult.Admitted,
        _ now: UInt64,
        _ isFree: (UInt64, AddressPool) -> Bool
    ) {
        for (pool, offset) in zip(login.pools, admitted.offsets) {
            guard let pool, let offset, !isFree(offset, pool) else { continue }
            // A static address that was given to somebody after its block was loaded.
            _ = link.strike(pool.id, offset: offset, token: token(.other), now: now)
            guard login.attempts < Self.maximumAttempts else { return settle(login, .silence) }
            return submit(login, now: now)
        }
        metrics.granted.add(1)
        remember(login, admitted.offsets, admitted.replaced, now, isOffline: false)
        for case let pool? in login.pools where reserve.wants(pool.id, now: now) {
            guard link.reserve(pool, holder: settings.holder, token: token(.reserve(pool)), now: now) else {
                reserve.giveUp(pool.id, now: now)
                continue
            }
        }
        settle(login, .granted(offsets: admitted.offsets, replaced: admitted.replaced))
    }

    private func load(
        _ login: ParkedLogin,
        _ use: AddressPool.Use,
        _ block: UInt32,
        _ now: UInt64,
        _ isFree: (UInt64, AddressPool) -> Bool
    ) {
        guard let pool = login.pools[Int(use.rawValue)], login.attempts < Self.maximumAttempts else {
            return settle(login, .silence)
        }
        // Others of its batch want the same block, which is on its way then: what is asked next comes after it. Who wants it
        // still after that found a Redis that was emptied.
        if loads[pool.id]?.block != block || login.attempts > 1 {
            let blocks = rush(pool.id, now: now)
            func mayHave(_ offset: UInt64) -> Bool { isFree(offset, pool) }
            let asked = token(.other)
            guard link.load(pool, block: block, count: blocks, isFree: mayHave, token: asked, now: now) else {
                return settle(login, .silence)
            }
            loads[pool.id] = Load(block: block, at: now)
        }
        submit(login, now: now)
    }

    /// How many blocks to load at once: two where the last was loaded less than a second ago. Redis does nothing else
    /// meanwhile, a millisecond a block: more at once would be felt by one login in a hundred.
    private func rush(_ pool: PoolID, now: UInt64) -> UInt32 {
        guard let last = loads[pool], now &- last.at < 1_000_000_000 else { return 1 }
        return 2
    }

    /// What this server kept back goes into the pool again before anybody is refused.
    private func exhaust(_ login: ParkedLogin, _ use: AddressPool.Use, _ now: UInt64) {
        guard let pool = login.pools[Int(use.rawValue)] else { return settle(login, .silence) }
        let kept = reserve.giveBack(pool.id, now: now)
        guard !kept.isEmpty, login.attempts < Self.maximumAttempts,
            link.giveBack(pool.id, offsets: kept, token: token(.other), now: now)
        else { return settle(login, .refused(.noAddress, pool: pool)) }
        submit(login, now: now)
    }

    /// Without Redis: this server's own sessions, and addresses it kept back.
    private func decideAlone(_ login: ParkedLogin, now: UInt64) {
        let since = failingSince ?? now
        failingSince = since
        guard now &- since >= settings.patience else { return settle(login, .silence) }
        let request = login.request
        var replaced: [AdmissionResult.Replaced] = []
        switch table.verdict(
            service: request.service,
            device: request.device,
            limit: Int(request.limit),
            replaces: request.replacesOldest,
            now: UInt32(truncatingIfNeeded: now / 1_000_000_000)
        ) {
        case .free: break
        case .full: return settle(login, .refused(.sessionLimit, pool: nil))
        case .replaces(let others): replaced = others
        }
        let pools = login.pools.map { $0?.id }
        let needsUnits = pools.contains { $0 != nil }
        guard !needsUnits || now &- knownAliveAt < Self.reserveLasts, let offsets = reserve.take(pools) else {
            return settle(login, .silence)
        }
        metrics.grantedOffline.add(1)
        metrics.reserve.set(Double(reserve.count))
        remember(login, offsets, replaced, now, isOffline: true)
        settle(login, .granted(offsets: offsets, replaced: replaced))
    }

    private func remember(
        _ login: ParkedLogin,
        _ offsets: [UInt64?],
        _ replaced: [AdmissionResult.Replaced],
        _ now: UInt64,
        isOffline: Bool
    ) {
        let request = login.request
        let seconds = UInt32(truncatingIfNeeded: now / 1_000_000_000)
        table.admit(
            service: request.service,
            SessionTable.Entry(
                device: request.device,
                admission: request.admission,
                nas: request.nas,
                since: seconds,
                heardAt: seconds,
                toldAt: seconds,
                lease: request.leaseSeconds
            ),
            replacing: replaced
        )
        for other in replaced {
            let report = SessionReport(
                .isLeaving,
                service: request.service,
                device: DeviceKey(0),
                admission: other.admission,
                nas: other.nas
            )
            recent.note(report, now: now)
        }
        // Redis may be there all the same, and only have failed this question.
        if isOffline { retelling.want() }
        var claim = AdmissionClaim(
            service: request.service,
            device: request.device,
            admission: request.admission,
            nas: request.nas,
            since: Timestamp(microseconds: login.wallTime)
        )
        claim.state = .pending
        claim.leaseSeconds = 60
        claim.hardwareAddress = request.hardwareAddress
        var hasUnit = false
        for (use, pool) in zip(AddressPool.Use.allCases, login.pools) {
            guard let pool, let offset = offsets[Int(use.rawValue)] else { continue }
            claim.unit = (PoolTerms(pool), use, offset)
            memory.append(GrantMemory.Grant(claim: claim, at: now, isOffline: isOffline))
            hasUnit = true
        }
        if !hasUnit { memory.append(GrantMemory.Grant(claim: claim, at: now, isOffline: isOffline)) }
    }

    private func settle(_ login: ParkedLogin, _ verdict: AdmissionVerdict) {
        switch verdict {
        case .granted: break
        case .refused(.sessionLimit, _): metrics.limited.add(1)
        case .refused(.deviceMismatch, _): metrics.mismatched.add(1)
        case .refused: metrics.exhausted.add(1)
        case .silence: metrics.unanswered.add(1)
        }
        settled.append((login, verdict))
    }
}
