import Concurrency

extension Player {
    /// Answers a CoA or Disconnect as the NAS's kind and mode would, and does what it says.
    func takeControl(_ octets: [UInt8], from source: SourceKey, _ lane: Int) {
        let nas = lanes[lane].nas
        result.counts.controlRequests += 1
        let outcome = desks[nas].take(
            octets,
            source: source.number,
            now: SystemClock.microsecondsSince1970() / 1_000_000,
            sessions: live[nas]
        )
        events?.judged(script.world.nases[nas], outcome)
        switch outcome.effect {
        case .none: break
        case .changed(let session, let changed):
            live[nas][session] = changed
            events?.session("changed", script.world.nases[nas], session, changed)
        case .ended(let session, let cause):
            if outcome.effectDelayMilliseconds > 0 {
                let at = after(Double(outcome.effectDelayMilliseconds) / 1000)
                agenda.add(at: at, .end(session: session, cause: cause))
            } else {
                disconnect(session, cause)
            }
        case .reboot: fallOver(nas)
        }
        guard let reply = outcome.reply else { return }
        if outcome.delayMilliseconds > 0 {
            let at = after(Double(outcome.delayMilliseconds) / 1000)
            agenda.add(at: at, .reply(lane: lane, octets: reply, source: source))
        } else {
            for _ in 0..<outcome.copies { lanes[lane].send(reply, to: source) }
        }
    }

    /// Ends a session now, with a Stop; one that is over already stays as it is.
    func disconnect(_ session: Int, _ cause: UInt32) {
        let nas = result.sessions[session].nas
        guard let ended = live[nas][session] else { return }
        events?.session("ended", script.world.nases[nas], session, ended)
        end(session, .stop(cause: cause))
        let at = Int(second(at: now))
        result.sessions[session].records.append(grown(session, .stop, at))
        report(session, result.sessions[session].records.count - 1)
    }

    /// What the script still holds of the session does not happen.
    private func end(_ session: Int, _ ending: SimSession.Ending) {
        let at = Int(second(at: now))
        live[result.sessions[session].nas][session] = nil
        if gates[session].state == .open { gates[session].state = .ended }
        result.sessions[session].end = at
        result.sessions[session].ending = ending
        // What was played stays, and so does what waits in an orderly session.
        result.sessions[session].records.removeAll { $0.at > at }
    }

    /// The NAS is gone without a word, and back 3 seconds later.
    private func fallOver(_ nas: Int) {
        for session in live[nas].keys.sorted() { end(session, .crash) }
        agenda.add(at: after(3), .boot(nas: nas))
    }

    func bootNow(_ nas: Int) {
        desks[nas].mode = .obedient
        guard script.world.nases[nas].kind.sendsAccountingOn else { return }
        let boot = SimBoot(nas: nas, at: Int(second(at: now)), isOn: true, misfortune: Misfortune())
        result.boots.append(boot)
        dispatch(.boot(boot), nas: nas, boot.misfortune)
    }

    // MARK: - After the day

    /// Sessions that are still on go on in real time. Returns when patience ends.
    func startLive() -> UInt64 {
        if options.liveSeconds > 0 {
            for session in result.sessions where session.ending == .stillOn && gates[session.number].state == .open {
                let pause = Double(chance.below(options.liveInterim * 1000)) / 1000
                agenda.add(at: after(pause), .live(session: session.number))
            }
        }
        return after(options.liveSeconds + options.patience)
    }

    var isLiveOver: Bool { second(at: now) >= dayLength + options.liveSeconds }

    func reportLive(_ session: Int) {
        guard gates[session].state == .open, !isLiveOver else { return }
        let at = Int(second(at: now))
        result.sessions[session].end = at
        result.sessions[session].records.append(grown(session, .interim, at))
        report(session, result.sessions[session].records.count - 1)
        agenda.add(at: after(Double(options.liveInterim)), .live(session: session))
    }

    /// A report of what the session has come to by now: four fifths of what its speed allows since the last one.
    private func grown(_ session: Int, _ kind: SimRecord.Kind, _ at: Int) -> SimRecord {
        let truth = result.sessions[session]
        let nas = script.world.nases[truth.nas]
        let speed = live[truth.nas][session]?.speed ?? Speed()
        let last = truth.records.last
        let seconds = Int64(max(0, at - (last?.at ?? truth.start)))
        func octets(_ bits: UInt64?) -> Int64 {
            let most = Int64(clamping: bits ?? 1_000_000) / 10 * seconds
            return nas.reportsInOrder ? min(most, ReportMaker.mostBetweenWrappingReports) : most
        }
        let (input, output) = (octets(speed.upload), octets(speed.download))
        // Later than the last report even within one second: a NAS sends no two reports of one age.
        let elapsed = max(at, (last?.at ?? truth.start) + 1) - truth.start
        return SimRecord(
            kind: kind,
            at: truth.start + elapsed,
            age: elapsed + elapsed * nas.drift / 1_000_000,
            input: (last?.input ?? 0) + input,
            output: (last?.output ?? 0) + output,
            countedInput: (last?.countedInput ?? 0) + input,
            countedOutput: (last?.countedOutput ?? 0) + output,
            countedInputPackets: (last?.countedInputPackets ?? 0) &+ UInt32(clamping: input / 700),
            countedOutputPackets: (last?.countedOutputPackets ?? 0) &+ UInt32(clamping: output / 1100),
            isLost: false,
            misfortune: Misfortune()
        )
    }
}
