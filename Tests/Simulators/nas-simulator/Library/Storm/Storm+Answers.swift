import RADIUS
import Sockets

extension Storm {
    /// Reads what waits on a lane.
    func receive(_ lane: StormLane, _ batch: borrowing DatagramBatch) {
        while true {
            let count = batch.receive(from: lane.socket)
            // A refused port (the server is away) counts as silence.
            guard count > 0 else { return }
            for slot in 0..<count { take(unsafe [UInt8](batch.bytes(slot, capacity: 4096)), lane) }
            if count < 64 { return }
        }
    }

    private func take(_ octets: [UInt8], _ lane: StormLane) {
        guard octets.count >= 20, let request = lane.requests[Int(octets[1])],
            let answer = AnswerCheck.authentic(octets, to: request.octets, secret: secrets[lane.nas])
        else {
            // An answer to a request that is long forgotten proves nothing.
            counts.forged += 1
            return
        }
        if case .login(let device, let asked) = request.subject {
            return loggedIn(device, answer, lane, request, octets[1], asked)
        }
        lane.release(octets[1])
        guard !request.isGivenUp else { return }
        counts.acknowledged += 1
        reports -= 1
        switch request.subject {
        case .start(let session): truth.reported(session)
        case .boot(let nas): timers.add(at: after(1.5), .back(nas: Int32(nas)))
        case .login, .interim, .stop: break
        }
    }

    private func loggedIn(
        _ device: Int,
        _ answer: Packet,
        _ lane: StormLane,
        _ request: StormLane.Request,
        _ identifier: UInt8,
        _ asked: Int64
    ) {
        let subscriber = device / StormWorld.devices
        guard !request.losesAnswer, !request.isGivenUp else {
            if answer.code == PacketCode.accessAccept.rawValue, let grant = StormPackets.grant(answer) {
                counts.overheard += 1
                truth.overhear(grant, subscriber, at: wall)
            }
            if request.isGivenUp {
                lane.release(identifier)
            } else {
                counts.answersLost += 1
                lane.requests[Int(identifier)]?.octets = []
            }
            return
        }
        lane.release(identifier)
        logins -= 1
        devices[device].isBusy = false
        guard answer.code == PacketCode.accessAccept.rawValue else {
            let reason = answer.first(AttributeType.replyMessage).map { String(decoding: $0, as: UTF8.self) } ?? "none"
            counts.refusals[reason, default: 0] += 1
            if reason == "Too many sessions" {
                truth.refused(subscriber, device: device % StormWorld.devices, asked: asked, at: wall)
            }
            return
        }
        guard let grant = StormPackets.grant(answer) else {
            unanswered.append("an Access-Accept without Class for subscriber \(subscriber)")
            return
        }
        accepted(grant, device, lane)
    }

    private func accepted(_ grant: StormTruth.Grant, _ device: Int, _ lane: StormLane) {
        let now = now
        counts.accepted += 1
        let milliseconds = Int((now - devices[device].askedAt) / 1_000_000)
        latencies[min(latencies.count - 1, milliseconds == 0 ? 0 : Int.bitWidth - milliseconds.leadingZeroBitCount)] +=
            1
        let pause = Int((now - lastAccept) / 1_000_000)
        if pause > 250 { pauses.append((wall - Int64(pause) * 1_000, pause)) }
        lastAccept = now
        let session = truth.accept(
            grant,
            device / StormWorld.devices,
            device: device % StormWorld.devices,
            nas: lane.nas,
            at: wall
        )
        devices[device].session = Int32(session)
        sessionsOfNAS[lane.nas].append(Int32(session))
        report(.start(session: session))
    }

    /// A request was not answered in time.
    func miss(_ lane: StormLane, _ identifier: UInt8, _ serial: UInt64) {
        guard let request = lane.requests[Int(identifier)], request.serial == serial else { return }
        guard !request.isGivenUp else { return lane.release(identifier) }
        guard case .login(let device, _) = request.subject else { return missReport(lane, identifier, request) }
        if request.octets.isEmpty {
            lane.release(identifier)
        } else {
            // A late answer is recognised for some seconds.
            lane.requests[Int(identifier)]?.isGivenUp = true
            let number = laneNumber(lane.nas, lane.server, accounting: false)
            timers.add(at: after(5), .look(lane: Int32(number), identifier: identifier, serial: serial))
        }
        guard Double(now - devices[device].askedAt) / 1e9 < options.patience else {
            unanswered.append("the login of subscriber \(device / StormWorld.devices) by NAS \(lane.nas)")
            logins -= 1
            devices[device].isBusy = false
            return
        }
        counts.otherServer += 1
        devices[device].server ^= 1
        ask(device)
    }

    /// The same again, every other time to the other server.
    private func missReport(_ lane: StormLane, _ identifier: UInt8, _ request: StormLane.Request) {
        lane.requests[Int(identifier)]?.attempts += 1
        guard request.attempts < 60 else {
            unanswered.append("a report: \(request.subject)")
            reports -= 1
            return lane.release(identifier)
        }
        if request.attempts.isMultiple(of: 2) {
            lane.release(identifier)
            reports -= 1
            return report(request.subject, attempts: request.attempts + 1, server: lane.server ^ 1)
        }
        lane.send(request.octets)
        let number = laneNumber(lane.nas, lane.server, accounting: true)
        timers.add(at: after(2), .look(lane: Int32(number), identifier: identifier, serial: request.serial))
    }

    // MARK: - Reports

    func report(_ subject: StormLane.Subject, attempts: Int = 1, server: Int? = nil) {
        let (nas, session): (Int, Int) =
            switch subject {
            case .start(let session), .interim(let session), .stop(let session):
                (Int(truth.sessions[session].nas), session)
            case .boot(let nas): (nas, -1)
            case .login: (0, -1)
            }
        let server = server ?? nas & 1
        var number = laneNumber(nas, server, accounting: true)
        var taken = lanes[number].takeIdentifier()
        if taken == nil {
            number = laneNumber(nas, server ^ 1, accounting: true)
            taken = lanes[number].takeIdentifier()
        }
        let lane = lanes[number]
        guard let identifier = taken, let octets = encode(subject, nas, session, identifier) else {
            unanswered.append("no identifier for a report: \(subject)")
            return
        }
        reports += 1
        serial += 1
        lane.requests[Int(identifier)] = StormLane.Request(
            subject: subject,
            octets: octets,
            serial: serial,
            attempts: attempts
        )
        lane.send(octets)
        timers.add(at: after(2), .look(lane: Int32(number), identifier: identifier, serial: serial))
    }

    private func encode(_ subject: StormLane.Subject, _ nas: Int, _ session: Int, _ identifier: UInt8) -> [UInt8]? {
        let status: AcctStatusType
        switch subject {
        case .start: status = .start
        case .interim: status = .interimUpdate
        case .stop: status = .stop
        case .boot, .login: return StormPackets.boot(world.nases[nas], secret: secrets[nas], identifier: identifier)
        }
        let known = truth.sessions[session]
        return StormPackets.report(
            status,
            session: session,
            known.grant,
            world.subscribers[Int(known.subscriber)],
            station: StormWorld.station(Int(known.subscriber), Int(known.device)),
            age: status == .start ? 0 : Int((wall - known.from) / 1_000_000),
            world.nases[nas],
            secret: secrets[nas],
            identifier: identifier
        )
    }

    // MARK: - The network

    /// Somebody must leave: most go at once, some are deaf.
    func told(_ admission: UInt64) {
        counts.intents += 1
        guard let session = truth.toldToLeave(admission: admission, at: wall) else { return }
        if !truth.sessions[session].isGone, chance.happens(9_500) {
            timers.add(at: after(Double(chance.within(50...500)) / 1_000), .stop(session: Int32(session)))
        }
    }

    /// The disconnected session's Stop.
    func obey(_ session: Int) {
        let known = truth.sessions[session]
        guard known.state == .leaving, !known.isGone else { return }
        let device = Int(known.subscriber) * StormWorld.devices + Int(known.device)
        guard known.isReported, !devices[device].isBusy else {
            return timers.add(at: after(0.2), .stop(session: Int32(session)))
        }
        if devices[device].session == session { devices[device].session = -1 }
        stop(session)
    }

    /// A NAS dies with all of its sessions. Every other time it tells when it is back.
    func die(_ nas: Int) {
        guard !isDown[nas] else { return }
        counts.deaths += 1
        isDown[nas] = true
        forget(nas, told: false)
        timers.add(at: after(1), counts.deaths.isMultiple(of: 2) ? .boot(nas: Int32(nas)) : .back(nas: Int32(nas)))
    }

    func boot(_ nas: Int) {
        counts.boots += 1
        forget(nas, told: true)
        report(.boot(nas: nas))
    }

    private func forget(_ nas: Int, told: Bool) {
        let wall = wall
        for number in sessionsOfNAS[nas].map({ Int($0) }) where truth.sessions[number].state != .over {
            let session = truth.sessions[number]
            let device = Int(session.subscriber) * StormWorld.devices + Int(session.device)
            if devices[device].session == number { devices[device].session = -1 }
            if told { truth.end(number, at: wall) } else { truth.gone(number) }
        }
        if told { sessionsOfNAS[nas] = [] }
    }
}
