import Domain
import Notices
import SharedTesting

/// A store that does what decisions say, for one recipient and channel: what comes is held, a worker comes when something is due.
struct GatheringWorld {
    struct Telling {
        var at: Timestamp
        var key: String?
        var alarms: [Int]
        var isDigest: Bool
        var priority: Int
    }

    struct Key {
        var held: [Int] = []
        var oldest = Timestamp.epoch
        var lastTold: Timestamp?
        var due: Timestamp?
        var reason: Gathering.Reason?
    }

    let gathering: Gathering
    private(set) var keys: [String: Key] = [:]
    private(set) var told: [Telling] = []
    /// Decisions to hold that did not lie ahead.
    private(set) var stuck = 0
    private(set) var asked = 0

    init(_ gathering: Gathering) {
        self.gathering = gathering
    }

    mutating func alarm(_ id: Int, key name: String, at now: Timestamp) {
        hold(id, name, now)
    }

    /// A notice that is told as it comes, unless there are too many.
    mutating func notice(_ id: Int, priority: Int, at now: Timestamp) {
        let waiting = keys.values.filter { $0.reason == .budget }.reduce(0) { $0 + $1.held.count }
        guard gathering.overflows(priority: priority, toldLastHour: lastHour(now).count, heldForBudget: waiting) else {
            told.append(Telling(at: now, alarms: [id], isDigest: false, priority: priority))
            return
        }
        hold(id, Gathering.overflowKey, now)
    }

    private mutating func hold(_ id: Int, _ name: String, _ now: Timestamp) {
        // In place: a storm is not to be copied with each of its alarms.
        if keys[name]?.held.isEmpty ?? true { keys[name, default: Key()].oldest = now }
        keys[name, default: Key()].held.append(id)
        if keys[name]?.due == nil { ask(name, at: now) }
    }

    /// Asks what becomes of a key, at any time.
    mutating func ask(_ name: String, at now: Timestamp) {
        guard var key = keys[name], !key.held.isEmpty else { return }
        asked += 1
        let hour = lastHour(now)
        let decision = gathering.decision(
            on: Gathering.Held(
                oldest: key.oldest,
                count: key.held.count,
                lastTold: key.lastTold,
                toldLastHour: hour.count,
                firstToldLastHour: hour.first
            ),
            at: now
        )
        switch decision {
        case .hold(let until, let reason):
            if until <= now { stuck += 1 }
            (key.due, key.reason) = (until, reason)
        case .tellOne, .tellDigest:
            told.append(Telling(at: now, key: name, alarms: key.held, isDigest: decision == .tellDigest, priority: 2))
            key = Key(lastTold: now)
        }
        keys[name] = key
    }

    /// When the next key is due, the one whose oldest came first where several are at once.
    var next: (name: String, at: Timestamp)? {
        keys.compactMap { name, key in key.due.map { (name, $0, key.oldest) } }
            .min { ($0.1, $0.2, $0.0) < ($1.1, $1.2, $1.0) }.map { ($0.0, $0.1) }
    }

    private func lastHour(_ now: Timestamp) -> (count: Int, first: Timestamp?) {
        var found: (count: Int, first: Timestamp?) = (0, nil)
        for telling in told.reversed() {
            guard telling.at > now - Gathering.hour else { break }
            guard telling.priority > 0 else { continue }
            found = (found.count + 1, telling.at)
        }
        return found
    }
}

/// How alarms come.
enum Storm: CaseIterable {
    case atOnce, everyMoment, bursts, slow, justTooLate, justInTime, mixed

    /// Times of arrival, ascending.
    func arrivals(_ count: Int, _ gathering: Gathering, _ random: inout SeededRandom) -> [Timestamp] {
        var at = Timestamp(secondsSince1970: 1_795_000_000)
        return (0..<count).map { number in
            at = at.adding(microseconds: gap(number, gathering, &random))
            return at
        }
    }

    private func gap(_ number: Int, _ gathering: Gathering, _ random: inout SeededRandom) -> Int64 {
        let second: Int64 = 1_000_000
        switch self {
        case .atOnce: return number == 0 ? 0 : Int64.random(in: 0...10, using: &random)
        case .everyMoment: return Int64.random(in: 0...2 * second, using: &random)
        case .bursts: return number % 500 == 0 ? Int64.random(in: 0...7200, using: &random) * second : 1000
        case .slow: return Int64.random(in: 0...1800, using: &random) * second
        case .justTooLate: return gathering.wait.wholeMicroseconds + 1
        case .justInTime: return gathering.rest.wholeMicroseconds - 1
        case .mixed:
            let other = Self.allCases.dropLast().randomElement(using: &random) ?? .slow
            return other.gap(number, gathering, &random)
        }
    }
}
