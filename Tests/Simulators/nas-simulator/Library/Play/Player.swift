import CPlatform
import Concurrency
import Crypto
import Sockets

/// Plays a day against a radius-server: every NAS from an address of its own, every answer checked, everything sent again
/// until it is answered. Confined to the thread that calls `run`.
///
/// **Time.** A day is played in minutes although the server takes a session's start as receipt less Acct-Delay-Time less
/// Acct-Session-Time. Nothing is bent for that: the day lies in the past. Second t of the day was the instant
/// `dayBegan` + t, and a NAS that reports it now says so in Acct-Delay-Time, as one that could not reach its server would.
/// The clock of the day runs faster than the real one and meets it when the day is over: the delays shrink to 0, and who is
/// still on then is really on. Played as long as it lasts, the day has no delays at all.
final class Player {
    let script: DayScript
    let options: PlayOptions
    let packets: [NASPackets]
    var result = PlayResult()
    var gates: [Gate]
    var dispatches: [Dispatch] = []
    var lanes: [Lane] = []
    /// Lanes by NAS, and what waits for a free identifier in them.
    var accessLanes: [Int]
    var accountingLanes: [[Int]]
    var queues: [NASQueue]
    var agenda = Agenda()
    var desks: [ControlDesk] = []
    var live: [[Int: LiveSession]]
    var unsettled = 0
    let epoll: Epoll
    var began: UInt64 = 0
    var chance: Chance
    var events: EventLog?
    private var next = 0
    private var saidAt: UInt64 = 0

    struct NASQueue {
        var access: [Int] = []
        var accounting: [Int] = []
    }

    init(_ script: DayScript, _ options: PlayOptions) throws {
        self.script = script
        self.options = options
        packets = script.world.nases.map(NASPackets.init)
        gates = [Gate](repeating: Gate(), count: script.sessions.count)
        accessLanes = []
        accountingLanes = []
        queues = [NASQueue](repeating: NASQueue(), count: packets.count)
        live = [[Int: LiveSession]](repeating: [:], count: packets.count)
        chance = Chance(seed: script.world.wishes.seed, "player")
        epoll = try Epoll()
        result.sessions = script.sessions
        for nas in script.world.nases { try open(nas) }
        if let path = options.eventsPath { events = try EventLog(path) }
    }

    private func open(_ nas: SimNAS) throws {
        func add(_ purpose: Lane.Purpose, _ port: UInt16, _ serverPort: UInt16) throws -> Int {
            let server = SourceKey(address: options.server, port: serverPort)
            let lane = try Lane(nas: nas, purpose: purpose, port: port, server: server)
            try epoll.add(lane.socket.descriptor, .readable, token: UInt64(lanes.count))
            lanes.append(lane)
            return lanes.count - 1
        }
        accessLanes.append(try add(.access, 0, options.authPort))
        accountingLanes.append([try add(.accounting, 0, options.acctPort), try add(.accounting, 0, options.acctPort)])
        desks.append(ControlDesk(packets[nas.number], mode: options.mode))
        if options.listens, ControlRules.of(nas.kind) != nil {
            _ = try add(.control, options.controlPort == 0 ? nas.kind.controlPort : options.controlPort, 0)
        }
    }

    // MARK: - Clocks

    var now: UInt64 { SystemClock.monotonicNanoseconds() }
    var dayLength: Double { Double(script.world.wishes.seconds) }

    /// The second of the day, which runs on in real time once the day is over.
    func second(at now: UInt64) -> Double {
        let elapsed = Double(now - began) / 1e9
        return elapsed < options.duration
            ? elapsed * dayLength / options.duration : dayLength + elapsed - options.duration
    }

    func after(_ seconds: Double) -> UInt64 { now + UInt64(max(0, seconds) * 1e9) }

    /// What a packet that is sent now tells about when its report was taken down.
    func moment(_ at: Int) -> NASPackets.Moment {
        let taken = result.dayBegan + Int64(at) * 1_000_000
        let delay = (SystemClock.microsecondsSince1970() - taken) / 1_000_000
        return NASPackets.Moment(delay: Int(max(0, delay)), takenAt: taken / 1_000_000)
    }

    // MARK: - The loop

    func run() throws -> PlayResult {
        guard let batch = DatagramBatch(slots: 64, capacity: 4096) else {
            throw SocketError(operation: "receive buffers", number: 12)
        }
        began = now
        result.began = SystemClock.microsecondsSince1970()
        result.dayBegan = result.began + Int64((options.duration - dayLength) * 1e6)
        events?.ready(script, lanes)
        var deadline: UInt64?
        while true {
            try turn(batch)
            guard next == script.events.count else { continue }
            let end = deadline ?? startLive()
            deadline = end
            if now > end { break }
            if unsettled == 0, agenda.isEmpty, isLiveOver { break }
        }
        giveUp()
        result.ended = SystemClock.microsecondsSince1970()
        return result
    }

    private func turn(_ batch: borrowing DatagramBatch) throws {
        let now = now
        let second = second(at: now)
        var played = 0
        // A bounded burst, so that answers are read in between.
        while next < script.events.count, Double(script.events[next].at) <= second, played < 256 {
            play(script.events[next].event)
            next += 1
            played += 1
        }
        var done = 0
        while done < 512, let entry = agenda.take(now: now) {
            perform(entry)
            done += 1
        }
        let pauses = played < 256 && done < 512
        try epoll.wait(until: Deadline.after(.milliseconds(pauses ? 1 : 0))) { event in
            receive(lanes[Int(event.token)], Int(event.token), batch)
        }
        say(now, second)
    }

    private func play(_ event: DayScript.Event) {
        switch event {
        case .boot(let index):
            let boot = script.boots[index]
            if boot.isOn { live[boot.nas] = live[boot.nas].filter { script.sessions[$0.key].end > boot.at } }
            dispatch(.boot(boot), nas: boot.nas, boot.misfortune)
        case .login(let index):
            let login = script.logins[index]
            dispatch(.login(index), nas: login.nas, login.misfortune)
        case .record(let session, let index):
            if gates[session].state != .ended { report(session, index) }
        }
    }

    private func perform(_ entry: Agenda.Entry) {
        switch entry {
        case .look(let dispatch, let sent): look(dispatch, sent)
        case .submit(let dispatch): submit(dispatch)
        case .again(let session, let index): sendAgain(session, index)
        case .pump(let session): pump(session)
        case .reply(let lane, let octets, let source): lanes[lane].send(octets, to: source)
        case .end(let session, let cause): disconnect(session, cause)
        case .live(let session): reportLive(session)
        case .boot(let nas): bootNow(nas)
        }
    }

    private func say(_ now: UInt64, _ second: Double) {
        guard now - saidAt > 10_000_000_000 else { return }
        saidAt = now
        Speech.tell(
            "second \(Int(second)) of \(script.world.wishes.seconds): \(result.counts.accepted) logins accepted, "
                + "\(result.counts.acknowledged) records acknowledged, \(unsettled) under way"
        )
    }
}
