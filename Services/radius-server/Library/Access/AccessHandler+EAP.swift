import Concurrency
import Domain
import Observability
import RADIUS

/// What a receiver thread needs for its EAP conversations.
struct EAPShard: Sendable {
    let settings: EAPAnswerer.Settings
    let sessions: EAPSessions
    /// The thread's number, from 0.
    let number: Int
    let metrics: EAPMetrics

    func answerer(_ checker: CredentialChecker) -> EAPAnswerer {
        EAPAnswerer(settings: settings, sessions: sessions, shard: number, metrics: metrics, checker: checker)
    }
}

/// Access-Requests with EAP-Message.
extension AccessHandler {
    /// Answers a packet that proved authentic, is no retransmission and within its NAS's rate.
    func answerEAP(
        _ datagram: Datagram,
        _ view: PacketView,
        _ nas: NASEntry,
        _ directory: Directory,
        _ replies: ReplyBatch,
        _ slot: DuplicateCache.Slot
    ) {
        let answer = eap.answer(
            EAPAnswerer.Question(
                view: view,
                nas: nas,
                directory: directory,
                now: datagram.receivedAt,
                wallTime: Timestamp(microseconds: datagram.wallTime),
                admission: ids.next(wallTime: datagram.wallTime)
            )
        )
        let room = unsafe replies.room
        switch answer {
        case .challenge(let challenge):
            let length = unsafe challenge.write(into: room, view: view, nas: nas)
            send(length: length, nas, datagram, slot, replies, late: challenge.refuses)
        case .refused(let packet):
            let length = unsafe EAPReject.write(into: room, view: view, nas: nas, packet: packet)
            send(length: length, nas, datagram, slot, replies, late: true)
        case .silence(let reason): shed(reason, datagram, nas, directory, slot)
        case .decided(let decision):
            guard case .accept(let sessionTimeout, let confinedFor) = decision.outcome else {
                let packet = decision.reply.packet
                let length = unsafe EAPReject.write(into: room, view: view, nas: nas, packet: packet)
                if !decision.isRepeat { count(decision, datagram, view, nas, directory) }
                return send(length: length, nas, datagram, slot, replies, late: true)
            }
            if !decision.isRepeat { eapMetrics.end(decision.method, accepted: true) }
            let acceptance = Acceptance(
                subscriber: decision.index,
                plan: directory.plan(of: decision.index, confined: confinedFor != nil, tenant: nas.tenant),
                confinedFor: confinedFor,
                sessionTimeout: sessionTimeout,
                admission: decision.admission,
                method: decision.method,
                eap: decision.reply,
                userName: AttributeText.clean(decision.account),
                isRepeat: decision.isRepeat
            )
            accept(acceptance, datagram, view, nas, directory, replies, slot)
        }
    }

    /// Counts a login that was refused.
    private func count(
        _ decision: EAPDecision,
        _ datagram: Datagram,
        _ view: PacketView,
        _ nas: NASEntry,
        _ directory: Directory
    ) {
        eapMetrics.end(decision.method, accepted: false)
        var telling = Telling(datagram, decision.index, decision.method)
        telling.userName = AttributeText.clean(decision.account)
        conclude(telling, decision.outcome, nil, view, nas, directory)
    }
}
