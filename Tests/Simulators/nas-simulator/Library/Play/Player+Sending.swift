import RADIUS
import Sockets

extension Player {
    /// Brings a packet on its way.
    func dispatch(_ subject: Dispatch.Subject, nas: Int, _ misfortune: Misfortune, heldBack: Int = 0) {
        let number = dispatches.count
        dispatches.append(Dispatch(subject, nas: nas, misfortune, first: options.firstRetransmission))
        unsettled += 1
        if heldBack > 0 {
            agenda.add(at: after(Double(heldBack) / 1000), .submit(dispatch: number))
        } else {
            submit(number)
        }
    }

    /// Sends a dispatch under a fresh identifier, or lets it wait for one.
    func submit(_ number: Int) {
        let nas = dispatches[number].nas
        let isLogin = dispatches[number].isLogin
        let candidates = isLogin ? [accessLanes[nas]] : accountingLanes[nas]
        guard let lane = candidates.first(where: { lanes[$0].hasRoom }), let identifier = lanes[lane].takeIdentifier()
        else {
            if isLogin { queues[nas].access.append(number) } else { queues[nas].accounting.append(number) }
            return
        }
        guard let request = encode(number, identifier) else {
            result.fault("a packet could not be written: \(describe(number))")
            return settle(number)
        }
        dispatches[number].lane = lane
        dispatches[number].identifier = identifier
        lanes[lane].expect(identifier, dispatch: number, request: request)
        transmit(number, request)
    }

    private func encode(_ number: Int, _ identifier: UInt8) -> [UInt8]? {
        let packets = packets[dispatches[number].nas]
        switch dispatches[number].subject {
        case .boot(let boot):
            let moment = moment(boot.at)
            dispatches[number].delay = moment.delay
            return packets.boot(boot, identifier: identifier, moment: moment)
        case .login(let index):
            let login = script.logins[index]
            let subscriber = script.world.subscribers[login.subscriber]
            let request = packets.login(login, subscriber, identifier: identifier, chance: &chance)
            dispatches[number].success = request?.success
            return request?.octets
        case .report(let session, let index, _):
            let truth = result.sessions[session]
            let moment = moment(truth.records[index].at)
            dispatches[number].delay = moment.delay
            return packets.accounting(
                truth.records[index],
                of: truth,
                script.world.subscribers[truth.subscriber],
                identifier: identifier,
                moment: moment,
                admission: gates[session].admission
            )
        }
    }

    private func transmit(_ number: Int, _ request: [UInt8]) {
        let lane = lanes[dispatches[number].lane]
        if dispatches[number].sent == 0 { dispatches[number].firstSent = now }
        dispatches[number].sent += 1
        if dispatches[number].sent > 1 { result.counts.retransmissions += 1 }
        if dispatches[number].lostRequests > 0 {
            dispatches[number].lostRequests -= 1
            note(number, .lostOnTheWay)
        } else {
            lane.send(request)
            result.counts.transmissions += 1
            note(number, .sent)
            if dispatches[number].copies > 1 {
                lane.send(request)
                dispatches[number].copies = 1
                result.counts.duplicates += 1
                note(number, .sentTwice)
            }
        }
        // RFC 5080 §2.2.1: a tenth of the pause is chance, and each pause is twice the one before.
        let pause = dispatches[number].retransmission
        let spread = Double(chance.within(-1000...1000)) / 10_000
        dispatches[number].retransmission = min(pause * 2, options.lastRetransmission)
        agenda.add(at: after(pause * (1 + spread)), .look(dispatch: number, sent: dispatches[number].sent))
    }

    /// Unanswered: twice as it was, then as a new packet, whose Acct-Delay-Time has grown (RFC 2866 §5.2). A login is
    /// sent as it was for 30 seconds (RFC 5080 §2.2.1).
    func look(_ number: Int, _ sent: Int) {
        let dispatch = dispatches[number]
        guard !dispatch.isAnswered, dispatch.sent == sent else { return }
        let lane = lanes[dispatch.lane]
        if dispatch.isLogin, now - dispatch.firstSent > 30_000_000_000 {
            result.unanswered.append(describe(number))
            lane.release(dispatch.identifier, answer: nil)
            refill(dispatch.nas)
            return settle(number)
        }
        if !dispatch.isLogin, dispatch.sent.isMultiple(of: 3) {
            lane.release(dispatch.identifier, answer: nil)
            submit(number)
            return refill(dispatch.nas)
        }
        if let request = lane.waiting[Int(dispatch.identifier)]?.request { transmit(number, request) }
    }

    /// Gives identifiers that are free to those that wait for one.
    func refill(_ nas: Int) {
        if !queues[nas].access.isEmpty, lanes[accessLanes[nas]].hasRoom { submit(queues[nas].access.removeFirst()) }
        if !queues[nas].accounting.isEmpty, accountingLanes[nas].contains(where: { lanes[$0].hasRoom }) {
            submit(queues[nas].accounting.removeFirst())
        }
    }

    /// The end of a dispatch, answered or given up.
    func settle(_ number: Int) {
        guard !dispatches[number].isAnswered else { return }
        dispatches[number].isAnswered = true
        unsettled -= 1
    }

    /// Whatever is left when patience ends.
    func giveUp() {
        for number in dispatches.indices where !dispatches[number].isAnswered {
            result.unanswered.append(describe(number))
        }
        for session in gates.indices where !gates[session].queue.isEmpty {
            result.unanswered.append("\(gates[session].queue.count) reports of session \(session) were never sent")
        }
    }

    // MARK: - Words

    func note(_ number: Int, _ what: PlayJournal.What) {
        let dispatch = dispatches[number]
        guard case .report(let session, let index, let isRepeat) = dispatch.subject else { return }
        result.journal.add(
            PlayJournal.Note(
                session: Int32(session),
                index: Int32(index),
                milliseconds: UInt32(clamping: (now - began) / 1_000_000),
                delay: UInt32(clamping: dispatch.delay),
                port: lanes[dispatch.lane].socket.port,
                identifier: dispatch.identifier,
                what: what == .sent && isRepeat ? .sentAgain : what
            )
        )
    }

    func describe(_ number: Int) -> String {
        let dispatch = dispatches[number]
        let nas = script.world.nases[dispatch.nas]
        let head = "seed \(script.world.wishes.seed), \(nas.name) (\(nas.kind.rawValue), \(nas.addressText)): "
        let tail = ", sent \(dispatch.sent) times"
        switch dispatch.subject {
        case .boot(let boot): return head + (boot.isOn ? "Accounting-On" : "Accounting-Off") + " at \(boot.at) s" + tail
        case .login(let index):
            let login = script.logins[index]
            return head + "login of \(script.world.subscribers[login.subscriber].username) at \(login.at) s, "
                + "expected \(login.outcome.rawValue)" + tail
        case .report(let session, let index, _):
            let truth = result.sessions[session]
            return head + "\(truth.records[index].kind) of session \(session) (\(truth.id), "
                + "\(script.world.subscribers[truth.subscriber].username)) at \(truth.records[index].at) s" + tail
        }
    }
}
