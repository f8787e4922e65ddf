import Concurrency
import Crypto
import Glibc
import RADIUS
import Sockets

/// Drives two radius-servers with logins and reports of simulated NASes, and holds every answer against the truth. Each
/// NAS has a server that it asks first; what is not answered in time it asks the other. Confined to one thread.
final class Storm {
    /// One of a subscriber's devices.
    struct Device {
        var session: Int32 = -1
        /// A login or an end is under way.
        var isBusy = false
        var nas: UInt8 = 0
        var server: UInt8 = 0
        var attempts: UInt16 = 0
        /// Monotonic nanoseconds.
        var askedAt: UInt64 = 0
    }

    struct Counts {
        var accepted = 0
        var refusals: [String: Int] = [:]
        var overheard = 0
        var answersLost = 0
        var otherServer = 0
        var stops = 0
        var stopsLost = 0
        var takeovers = 0
        var interims = 0
        var intents = 0
        var boots = 0
        var deaths = 0
        var forged = 0
        var acknowledged = 0
    }

    let world: StormWorld
    let options: StormOptions
    let secrets: [SharedSecret]
    var truth: StormTruth
    var devices: [Device]
    var lanes: [StormLane] = []
    var timers = StormTimers()
    var counts = Counts()
    var chance: Chance
    var unanswered: [String] = []
    /// By NAS: sessions that began there and are not over, and some that are.
    var sessionsOfNAS: [[Int32]]
    var isDown: [Bool]
    var logins = 0
    var reports = 0
    var serial: UInt64 = 0
    var latencies = [Int](repeating: 0, count: 64)
    /// The longest time in which nobody was let in, from when.
    var pauses: [(from: Int64, milliseconds: Int)] = []
    var lastAccept: UInt64 = 0
    let epoll: Epoll
    var intents: StormIntents?
    private var began: UInt64 = 0
    private var started = 0
    private var nextDeath: Int
    private var toldAt: UInt64 = 0
    private var toldCount = 0

    init(_ world: StormWorld, _ options: StormOptions) throws {
        self.world = world
        self.options = options
        secrets = world.nases.map { SharedSecret(Array($0.secret.utf8)) }
        truth = StormTruth(world)
        devices = [Device](repeating: Device(), count: world.subscribers.count * StormWorld.devices)
        sessionsOfNAS = world.nases.map { _ in [] }
        isDown = world.nases.map { _ in false }
        chance = Chance(seed: options.seed, "storm")
        nextDeath = options.admissions / 12
        epoll = try Epoll()
        for nas in world.nases {
            for (server, target) in options.servers.enumerated() {
                for port in [target.authPort, target.acctPort] {
                    let lane = try StormLane(nas: nas, server: server, target, port: port)
                    try epoll.add(lane.socket.descriptor, .readable, token: UInt64(lanes.count))
                    lanes.append(lane)
                }
            }
        }
        if let path = options.intentsFile { intents = StormIntents(path) }
    }

    func laneNumber(_ nas: Int, _ server: Int, accounting: Bool) -> Int {
        (nas * 2 + server) * 2 + (accounting ? 1 : 0)
    }

    var now: UInt64 { SystemClock.monotonicNanoseconds() }
    var wall: Int64 { SystemClock.microsecondsSince1970() }
    func after(_ seconds: Double) -> UInt64 { now + UInt64(seconds * 1e9) }
    var seconds: Double { Double(now - began) / 1e9 }

    // MARK: - The loop

    func run() throws {
        guard let batch = DatagramBatch(slots: 64, capacity: 4096) else {
            throw SocketError(operation: "receive buffers", number: 12)
        }
        began = now
        lastAccept = began
        var settled: UInt64?
        while true {
            let isDone = counts.accepted >= options.admissions
            if !isDone { fill() }
            try epoll.wait(
                until: Deadline.after(.milliseconds(logins < options.window && !isDone && options.rate == 0 ? 0 : 1))
            ) {
                receive(lanes[Int($0.token)], batch)
            }
            var done = 0
            while done < 512, let entry = timers.take(now: now) {
                perform(entry)
                done += 1
            }
            try look()
            guard isDone, logins == 0, reports == 0 else { continue }
            // Whoever must leave is told within seconds.
            let end = settled ?? after(12)
            settled = end
            if truth.awaited == 0 && now > end - 10_000_000_000 || now > end { break }
        }
        truth.judgeAwaited(at: wall, patience: 0)
    }

    /// Begins what fits into the window.
    private func fill() {
        var tries = 0
        while logins < options.window, reports < 4 * options.window, tries < 128 {
            if options.rate > 0, Double(started) > seconds * Double(options.rate) { return }
            tries += 1
            let subscriber = chance.below(world.subscribers.count)
            let number = subscriber * StormWorld.devices + chance.below(world.limit(subscriber) + 1)
            guard !devices[number].isBusy else { continue }
            let session = Int(devices[number].session)
            guard session >= 0 else {
                begin(number)
                continue
            }
            guard truth.sessions[session].isReported else { continue }
            switch chance.below(100) {
            case ..<70: leave(number, session)
            case ..<85:
                counts.takeovers += 1
                begin(number)
            default:
                counts.interims += 1
                report(.interim(session: session))
            }
        }
    }

    private func look() throws {
        let now = now
        guard now - toldAt > 50_000_000 else { return }
        toldAt = now
        for admission in intents?.read() ?? [] { told(admission) }
        if counts.accepted >= nextDeath, counts.accepted < options.admissions * 9 / 10 {
            nextDeath += options.admissions / 12
            die(chance.below(world.nases.count))
        }
        guard Int(seconds) > toldCount else { return }
        toldCount = Int(seconds)
        truth.judgeAwaited(at: wall, patience: 15_000_000)
        tell(second: toldCount)
    }

    private func perform(_ entry: StormTimers.Entry) {
        switch entry {
        case .look(let lane, let identifier, let serial): miss(lanes[Int(lane)], identifier, serial)
        case .stop(let session): obey(Int(session))
        case .boot(let nas): boot(Int(nas))
        case .back(let nas): isDown[Int(nas)] = false
        case .ask(let device): ask(Int(device))
        }
    }

    // MARK: - What devices do

    /// A device comes in: by its NAS, now and then by another.
    private func begin(_ device: Int) {
        let subscriber = device / StormWorld.devices
        let tenant = world.subscribers[subscriber].tenant
        let own =
            chance.happens(1_500) ? chance.below(StormWorld.nasesOfTenant) : subscriber / 2 % StormWorld.nasesOfTenant
        let nas = tenant * StormWorld.nasesOfTenant + own
        guard !isDown[nas] else { return }
        started += 1
        logins += 1
        devices[device].isBusy = true
        devices[device].nas = UInt8(nas)
        devices[device].server = UInt8(nas & 1)
        devices[device].attempts = 0
        devices[device].askedAt = now
        ask(device)
    }

    /// Sends the login to the server whose turn it is.
    func ask(_ device: Int) {
        let (nas, server) = (Int(devices[device].nas), Int(devices[device].server))
        let number = laneNumber(nas, server, accounting: false)
        let lane = lanes[number]
        let subscriber = device / StormWorld.devices
        guard let identifier = lane.takeIdentifier() else {
            return timers.add(at: after(0.05), .ask(device: Int32(device)))
        }
        guard
            let octets = StormPackets.login(
                world.subscribers[subscriber],
                station: StormWorld.station(subscriber, device % StormWorld.devices),
                world.nases[nas],
                secret: secrets[nas],
                identifier: identifier,
                chance: &chance
            )
        else { return lane.giveBack(identifier) }
        devices[device].attempts += 1
        serial += 1
        var request = StormLane.Request(subject: .login(device: device, asked: wall), octets: octets, serial: serial)
        request.losesAnswer = devices[device].attempts == 1 && chance.happens(30)
        lane.requests[Int(identifier)] = request
        lane.send(octets)
        timers.add(at: after(options.timeout), .look(lane: Int32(number), identifier: identifier, serial: serial))
    }

    /// A device goes; now and then without anybody being told.
    private func leave(_ device: Int, _ session: Int) {
        devices[device].session = -1
        if chance.happens(300) {
            counts.stopsLost += 1
            return truth.gone(session)
        }
        stop(session)
    }

    func stop(_ session: Int) {
        counts.stops += 1
        truth.end(session, at: wall)
        report(.stop(session: session))
    }
}
