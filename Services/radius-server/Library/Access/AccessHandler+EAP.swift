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
            send(length: length, datagram, slot, replies, late: challenge.refuses)
        case .refused(let packet):
            let length = unsafe EAPReject.write(into: room, view: view, nas: nas, packet: packet)
            send(length: length, datagram, slot, replies, late: true)
        case .silence(let reason): shed(reason, datagram, nas, directory, slot)
        case .decided(let decision):
            let length: Int
            if case .accept(let sessionTimeout) = decision.outcome {
                length = unsafe AcceptReply.write(
                    into: room,
                    view: view,
                    nas: nas,
                    subscriber: decision.index,
                    directory: directory,
                    sessionTimeout: sessionTimeout,
                    admission: decision.admission,
                    keys: nil,
                    eap: decision.reply
                )
                send(length: length, datagram, slot, replies, late: false)
            } else {
                length = unsafe EAPReject.write(into: room, view: view, nas: nas, packet: decision.reply.packet)
                send(length: length, datagram, slot, replies, late: true)
            }
            if !decision.isRepeat { count(decision, datagram, view, nas, directory) }
        }
    }

    private func count(
        _ decision: EAPDecision,
        _ datagram: Datagram,
        _ view: PacketView,
        _ nas: NASEntry,
        _ directory: Directory
    ) {
        let counters = tenantCounters(nas.tenant, directory)
        var admission: UUID128?
        switch decision.outcome {
        case .accept:
            counters.accepted.add(1)
            admission = decision.admission
        case .reject(let reason):
            counters.rejected[Int(reason.rawValue)].add(1)
            feed.failures.failed(tenant: directory.tenants[Int(nas.tenant)].id, now: datagram.receivedAt)
        }
        eapMetrics.end(decision.method, accepted: admission != nil)
        counters.duration.observe(nanoseconds: SystemClock.monotonicNanoseconds() - datagram.receivedAt)
        let account = unsafe decision.account.withUnsafeBytes { unsafe AttributeText.clean($0) }
        tell(
            datagram,
            view,
            nas,
            directory,
            decision.index,
            decision.method,
            decision.outcome,
            admission,
            userName: account
        )
    }
}
