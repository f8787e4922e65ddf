extension Player {
    /// The subscriber is in: what his session has to report may leave.
    func admit(_ session: Int, admission: [UInt8]?) {
        guard gates[session].state == .awaitingLogin else { return }
        gates[session].state = .open
        gates[session].admission = admission
        if result.sessions[session].isOrderly { return pump(session) }
        let waiting = gates[session].queue
        gates[session].queue = []
        for index in waiting { send(session, index) }
    }

    /// A report was taken down.
    func report(_ session: Int, _ index: Int) {
        let truth = result.sessions[session]
        follow(truth, truth.records[index])
        gates[session].queue.append(index)
        guard gates[session].state != .awaitingLogin else { return }
        if truth.isOrderly { return pump(session) }
        gates[session].queue.removeLast()
        send(session, index)
    }

    /// Sends the next report of an orderly session, once the one before was answered and taken in.
    func pump(_ session: Int) {
        guard gates[session].state != .awaitingLogin, !gates[session].isBusy, let index = gates[session].queue.first
        else {
            return
        }
        // Before the first report of counters that were reset, and after it: whoever misses it cannot tell the reset.
        let records = result.sessions[session].records
        let isBesideReset = records[max(0, index - 1)...index].contains(where: \.waitsForOthers)
        var earliest = gates[session].notBefore
        if isBesideReset { earliest += UInt64((options.resetPause - options.orderlyPause) * 1e9) }
        guard now >= earliest else { return agenda.add(at: earliest, .pump(session: session)) }
        gates[session].queue.removeFirst()
        gates[session].isBusy = true
        send(session, index)
    }

    private func send(_ session: Int, _ index: Int) {
        let truth = result.sessions[session]
        let misfortune = truth.records[index].misfortune
        let subject = Dispatch.Subject.report(session: session, index: index, isRepeat: false)
        dispatch(subject, nas: truth.nas, misfortune, heldBack: misfortune.heldBack)
    }

    /// A report was answered.
    func reported(_ session: Int, _ index: Int, _ isRepeat: Bool) {
        guard !isRepeat else { return }
        if let pause = result.sessions[session].records[index].misfortune.repeatsAfter {
            agenda.add(at: after(Double(pause) / 1000), .again(session: session, index: index))
        }
        guard result.sessions[session].isOrderly else { return }
        gates[session].isBusy = false
        gates[session].notBefore = after(options.orderlyPause)
        if !gates[session].queue.isEmpty { agenda.add(at: gates[session].notBefore, .pump(session: session)) }
    }

    /// Sends a report that was answered once more, as another packet.
    func sendAgain(_ session: Int, _ index: Int) {
        result.counts.repeats += 1
        let subject = Dispatch.Subject.report(session: session, index: index, isRepeat: true)
        dispatch(subject, nas: result.sessions[session].nas, Misfortune())
    }

    /// Keeps what CoA and Disconnect find.
    private func follow(_ truth: SimSession, _ record: SimRecord) {
        guard options.listens else { return }
        if record.kind == .stop { return live[truth.nas][truth.number] = nil }
        guard live[truth.nas][truth.number] == nil else { return }
        let subscriber = script.world.subscribers[truth.subscriber]
        let kind = script.world.nases[truth.nas].kind
        let plan = script.world.plans[subscriber.plan]
        live[truth.nas][truth.number] = LiveSession(
            id: truth.id,
            username: subscriber.username,
            station: kind.sendsCallingStation ? subscriber.station : "",
            address: truth.address,
            port: truth.port,
            speed: Speed(
                upload: UInt64(plan.uploadMegabits) * 1_000_000,
                download: UInt64(plan.downloadMegabits) * 1_000_000
            )
        )
    }
}
