import RADIUS
import Sockets

extension Player {
    /// Reads what waits on a lane.
    func receive(_ lane: Lane, _ number: Int, _ batch: borrowing DatagramBatch) {
        while true {
            let count = batch.receive(from: lane.socket)
            // A refused port (the server is away) counts as silence.
            guard count > 0 else { return }
            for slot in 0..<count {
                let octets = unsafe [UInt8](batch.bytes(slot, capacity: 4096))
                if lane.purpose == .control {
                    let source = unsafe SourceAddress(batch.source(slot))
                    takeControl(octets, from: SourceKey(address: source.ipv4 ?? 0, port: source.port), number)
                } else {
                    take(octets, lane)
                }
            }
            if count < 64 { return }
        }
    }

    private func take(_ answer: [UInt8], _ lane: Lane) {
        guard answer.count >= 20 else { return fault(lane, "an answer of \(answer.count) octets") }
        let secret = packets[lane.nas].secret
        let identifier = answer[1]
        if let (number, request) = lane.waiting[Int(identifier)],
            let packet = AnswerCheck.authentic(answer, to: request, secret: secret)
        {
            return arrive(packet, answer, number, lane)
        }
        for past in lane.past[Int(identifier)].reversed()
        where AnswerCheck.authentic(answer, to: past.request, secret: secret) != nil {
            result.counts.lateAnswers += 1
            // RFC 5080 §2.2.2: the same request has the same answer. A server that was restarted cannot know.
            if let first = past.answer, first != answer, !options.serverRestarts {
                fault(lane, "one request was answered in two ways")
            }
            return
        }
        result.counts.forged += 1
        fault(lane, "an answer that no request of ours proves")
    }

    private func arrive(_ packet: Packet, _ answer: [UInt8], _ number: Int, _ lane: Lane) {
        if dispatches[number].lostAnswers > 0 {
            dispatches[number].lostAnswers -= 1
            return note(number, .answerLost)
        }
        lane.release(dispatches[number].identifier, answer: answer)
        note(number, .answered)
        settle(number)
        switch dispatches[number].subject {
        case .login(let index): loggedIn(index, packet, number)
        case .boot: acknowledged(packet, number)
        case .report(let session, let index, let isRepeat):
            acknowledged(packet, number)
            reported(session, index, isRepeat)
        }
        refill(lane.nas)
    }

    private func acknowledged(_ packet: Packet, _ number: Int) {
        result.counts.acknowledged += 1
        if packet.code != PacketCode.accountingResponse.rawValue {
            result.fault("code \(packet.code) instead of an Accounting-Response: \(describe(number))")
        }
    }

    private func loggedIn(_ index: Int, _ packet: Packet, _ number: Int) {
        let login = script.logins[index]
        let subscriber = script.world.subscribers[login.subscriber]
        let faults = AnswerCheck.faults(
            of: packet,
            to: login,
            subscriber,
            on: script.world.nases[login.nas].kind,
            plan: script.world.plans[subscriber.plan],
            success: dispatches[number].success
        )
        for fault in faults { result.fault("\(fault): \(describe(number))") }
        if packet.code == PacketCode.accessAccept.rawValue {
            result.counts.accepted += 1
        } else {
            result.counts.rejected += 1
        }
        if let session = login.session { admit(session, admission: packet.first(AttributeType.class)) }
    }

    private func fault(_ lane: Lane, _ text: String) {
        result.fault("\(text), at \(script.world.nases[lane.nas].name), seed \(script.world.wishes.seed)")
    }
}
