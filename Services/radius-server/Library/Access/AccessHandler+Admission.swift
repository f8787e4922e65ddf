import Admission
import CPlatform
import Concurrency
import Domain
import RADIUS
import Sockets

/// A login that passed every rule.
struct Acceptance {
    var subscriber: Int?
    /// Under which it comes in: its own, or the walled garden's.
    var plan: Plan?
    var confinedFor: RejectReason?
    var sessionTimeout: UInt32?
    var admission: UUID128
    var method: AuthenticationMethod
    var keys: MSCHAPSuccess?
    var eap: EAPAccept?
    /// Whom it is about, where User-Name does not say it.
    var userName: String?
    /// The same answer was given before: it is no second login.
    var isRepeat = false

    var decision: AccessDecision { .accept(sessionTimeout: sessionTimeout, confinedFor: confinedFor) }
}

/// What the event of a decision says beside the packet.
struct Telling {
    var receivedAt: UInt64
    var wallTime: Int64
    var subject: Int?
    var method: AuthenticationMethod
    var userName: String?

    init(receivedAt: UInt64, wallTime: Int64, subject: Int?, method: AuthenticationMethod) {
        self.receivedAt = receivedAt
        self.wallTime = wallTime
        self.subject = subject
        self.method = method
    }

    init(_ datagram: Datagram, _ subject: Int?, _ method: AuthenticationMethod) {
        self.init(receivedAt: datagram.receivedAt, wallTime: datagram.wallTime, subject: subject, method: method)
    }
}

/// Accepted logins: at once, or by way of the desk where a session slot and addresses are to be had first.
extension AccessHandler {
    func accept(
        _ acceptance: Acceptance,
        _ datagram: Datagram,
        _ view: PacketView,
        _ nas: NASEntry,
        _ directory: Directory,
        _ replies: ReplyBatch,
        _ slot: DuplicateCache.Slot
    ) {
        if let desk { return park(acceptance, at: desk, datagram, view, nas, directory, slot) }
        let room = unsafe replies.room
        let begun = unsafe begin(acceptance, into: room, view, nas, directory, at: datagram.wallTime)
        let length = unsafe AcceptReply.finish(room, length: begun, view: view, nas: nas)
        if !acceptance.isRepeat {
            var telling = Telling(datagram, acceptance.subscriber, acceptance.method)
            telling.userName = acceptance.userName
            conclude(telling, acceptance.decision, acceptance.admission, view, nas, directory)
        }
        send(length: length, nas, datagram, slot, replies, late: false)
    }

    func advance(now: UInt64, directory: Directory, replies: ReplyBatch, socket: borrowing UDPSocket) -> UInt64? {
        guard let desk else { return nil }
        let pause = desk.advance(now: now) { offset, pool in
            !directory.isReserved(poolOf: pool, pool.unit(offset))
        }
        feed.intents.conflicts(desk.takeConflicts())
        for (login, verdict) in desk.takeSettled() {
            if replies.isFull { replies.flush(through: socket) }
            settle(login, verdict, directory, replies)
            desk.putBack(login)
        }
        return pause
    }

    func flushDesk() { desk?.flush(now: SystemClock.monotonicNanoseconds()) }

    var connection: WatchedConnection {
        guard let desk else { return WatchedConnection() }
        return WatchedConnection(
            descriptor: desk.descriptor,
            wantsWriting: desk.wantsWriting,
            generation: desk.generation
        )
    }

    // MARK: - Private

    private func park(
        _ acceptance: Acceptance,
        at desk: AdmissionDesk,
        _ datagram: Datagram,
        _ view: PacketView,
        _ nas: NASEntry,
        _ directory: Directory,
        _ slot: DuplicateCache.Slot
    ) {
        guard let subscriber = acceptance.subscriber, let login = desk.place() else {
            return shed(.admissionUnanswered, datagram, nas, directory, slot)
        }
        unsafe login.keep(datagram.bytes)
        login.replyLength = unsafe begin(acceptance, into: login.reply, view, nas, directory, at: datagram.wallTime)
        unsafe login.asker = RejectWheel.Waiting(
            slot: slot,
            destination: datagram.endpoint.pointee,
            local: datagram.local.pointee
        )
        login.nas = nas
        login.tenant = directory.tenants[Int(nas.tenant)].id
        login.acceptance = acceptance
        login.acceptance.keys = nil
        login.receivedAt = datagram.receivedAt
        login.wallTime = datagram.wallTime
        let isBoundHere = AdmissionTerms.fill(login, view, nas, subscriber, directory, lease: desk.settings.lease)
        guard isBoundHere else { return desk.refuse(login, .deviceMismatch) }
        desk.submit(login, now: datagram.receivedAt)
    }

    private func settle(
        _ login: ParkedLogin,
        _ verdict: AdmissionVerdict,
        _ directory: Directory,
        _ replies: ReplyBatch
    ) {
        // The tenant may have gone meanwhile, or have another number in a reloaded directory.
        guard let nas = login.nas, let view = try? unsafe PacketView(validating: login.requestOctets),
            directory.tenantNumber(login.tenant) == nas.tenant
        else { return cache.forget(login.asker.slot) }
        var telling = Telling(
            receivedAt: login.receivedAt,
            wallTime: login.wallTime,
            subject: directory.subscribers.find(service: login.request.service),
            method: login.acceptance.method
        )
        telling.userName = login.acceptance.userName
        switch verdict {
        case .granted(let offsets, let replaced):
            let units = login.units(offsets)
            let reply = unsafe login.reply
            let length = unsafe AcceptReply.finish(
                reply,
                length: login.replyLength,
                view: view,
                nas: nas,
                units: units,
                dnsServers: dnsServers(login, directory)
            )
            if !login.acceptance.isRepeat {
                conclude(telling, login.acceptance.decision, login.request.admission, view, nas, directory)
            }
            for other in replaced { feed.intents.disconnect(other, for: login) }
            unsafe send(
                UnsafeRawBufferPointer(rebasing: reply[..<length]),
                nas,
                to: login.asker,
                receivedAt: login.receivedAt,
                replies,
                late: false
            )
        case .refused(let reason, let pool):
            if let pool { feed.intents.exhausted(pool, for: login) }
            let length = reject(login, reason, view, nas, directory)
            conclude(telling, .reject(reason), nil, view, nas, directory)
            unsafe send(
                UnsafeRawBufferPointer(rebasing: login.reply[..<length]),
                nas,
                to: login.asker,
                receivedAt: login.receivedAt,
                replies,
                late: true
            )
        case .silence:
            cache.forget(login.asker.slot)
            metrics.refuse(.admissionUnanswered)
            nas.live.counts.refuse(.admissionUnanswered)
        }
    }

    /// The pools' DNS servers, where the plan names none.
    private func dnsServers(_ login: ParkedLogin, _ directory: Directory) -> [IPAddress] {
        guard login.acceptance.plan?.row?.dnsServers.isEmpty != false else { return [] }
        return login.pools.compactMap { $0.flatMap { directory.pool($0.id) }?.dnsServers }.flatMap { $0 }
    }

    private func reject(
        _ login: ParkedLogin,
        _ reason: RejectReason,
        _ view: PacketView,
        _ nas: NASEntry,
        _ directory: Directory
    ) -> Int {
        let room = unsafe login.reply
        if let success = login.acceptance.eap {
            return unsafe EAPReject.write(into: room, view: view, nas: nas, packet: success.failure)
        }
        let subject = checker.find(view, tenant: nas.tenant, directory: directory)
        let proof = checker.check(view, subject: subject, nas: nas, directory: directory)
        return unsafe RejectReply.write(into: room, view: view, nas: nas, reason: reason, login: proof)
    }

    private func begin(
        _ acceptance: Acceptance,
        into room: UnsafeMutableRawBufferPointer,
        _ view: PacketView,
        _ nas: NASEntry,
        _ directory: Directory,
        at wallTime: Int64
    ) -> Int {
        var leftOut = 0
        defer { if leftOut > 0 { feed.overflows.note(leftOut, nas: nas) } }
        return unsafe AcceptReply.begin(
            into: room,
            view: view,
            nas: nas,
            subscriber: acceptance.subscriber,
            plan: acceptance.plan,
            directory: directory,
            sessionTimeout: acceptance.sessionTimeout,
            admission: acceptance.admission,
            keys: acceptance.keys,
            eap: acceptance.eap,
            wallTime: wallTime,
            isConfined: acceptance.confinedFor != nil,
            shortestInterim: settings.shortestInterim,
            leftOut: &leftOut
        )
    }
}
