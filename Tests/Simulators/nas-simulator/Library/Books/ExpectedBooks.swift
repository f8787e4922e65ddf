/// What the books must hold after a day: derived from the truth, never from the server.
package struct ExpectedBooks: Sendable {
    /// Under which names a NAS reports a session. Several sessions may share them.
    package struct Key: Hashable, Sendable, Comparable, CustomStringConvertible {
        package let nas: String
        package let id: String
        package let username: String
        package let station: String
        package let port: UInt32

        package init(nas: String, id: String, username: String, station: String, port: UInt32) {
            self.nas = nas
            self.id = id
            self.username = username
            self.station = station
            self.port = port
        }

        package static func < (left: Key, right: Key) -> Bool {
            (left.nas, left.username, left.id, left.station, left.port)
                < (right.nas, right.username, right.id, right.station, right.port)
        }

        package var description: String { "\(nas) \(username) id \"\(id)\" station \"\(station)\" port \(port)" }
    }

    /// How a row may stand.
    package enum Standing: Sendable, Equatable {
        /// Closed by its Stop at this instant, with this cause.
        case stopped(at: Int64, cause: UInt32?)
        /// Ended by its NAS's boot, or taken for over before. The instants are those of all boots after its last report: the
        /// row ends at the one that the server heard of first, and a boot that overtakes another makes that the wrong one.
        case booted(at: [Int64])
        /// A later session has its names: not open.
        case replaced
        /// Nobody knows that it is over: open, or reaped.
        case open
    }

    package struct Session: Sendable {
        package let number: Int
        package let key: Key
        /// Microseconds since 1970.
        package let start: Int64
        /// By how much a start may be off, microseconds: whole seconds, a retransmission as it was, the NAS's clock.
        package let tolerance: Int64
        package let input: Int64
        package let output: Int64
        package let standing: Standing
    }

    /// A service's octets.
    package struct Usage: Sendable, Equatable {
        package var input: Int64 = 0
        package var output: Int64 = 0
        package var sessions: Int64 = 0
    }

    package private(set) var sessions: [Session] = []
    /// By user name.
    package private(set) var usage: [String: Usage] = [:]
    /// Microseconds by which an instant may be off that the server took from a packet.
    private let slack: Int64
    private let dayBegan: Int64

    /// `slackSeconds` is how late a packet may arrive with an Acct-Delay-Time from before.
    package init(_ script: DayScript, _ result: PlayResult, slackSeconds: Int = 8) {
        slack = Int64(slackSeconds) * 1_000_000
        dayBegan = result.dayBegan
        // When a NAS said that it had ended everything.
        var boots: [Int: [Int]] = [:]
        for boot in script.boots + result.boots { boots[boot.nas, default: []].append(boot.at) }
        // The youngest session of each key.
        var latest: [Key: Int] = [:]
        let known = result.sessions.filter { $0.lastReport != nil }
        for session in known {
            let key = Self.key(session, script.world)
            latest[key] = max(latest[key] ?? 0, session.start)
        }
        for session in known {
            guard let last = session.lastReport else { continue }
            let key = Self.key(session, script.world)
            let nas = script.world.nases[session.nas]
            let drift = Int64(last.age - (last.at - session.start)).magnitude
            sessions.append(
                Session(
                    number: session.number,
                    key: key,
                    start: result.dayBegan + Int64(session.start) * 1_000_000,
                    tolerance: slack + Int64(drift) * 1_000_000,
                    input: last.input,
                    output: last.output,
                    standing: standing(session, nas, boots[session.nas] ?? [], latest[key] ?? 0)
                )
            )
            usage[key.username, default: Usage()].input += last.input
            usage[key.username, default: Usage()].output += last.output
            usage[key.username, default: Usage()].sessions += 1
        }
    }

    package static func key(_ session: SimSession, _ world: World) -> Key {
        let nas = world.nases[session.nas]
        let subscriber = world.subscribers[session.subscriber]
        return Key(
            nas: nas.name,
            id: session.id,
            username: subscriber.username,
            station: nas.kind.sendsCallingStation ? subscriber.station : "",
            port: session.port
        )
    }

    private func standing(
        _ session: SimSession,
        _ nas: SimNAS,
        _ boots: [Int],
        _ latest: Int
    ) -> Standing {
        func instant(_ second: Int) -> Int64 { dayBegan + Int64(second) * 1_000_000 }
        if let stop = session.stop, case .stop(let cause) = session.ending {
            return .stopped(at: instant(stop.at), cause: nas.kind.sendsTerminateCause ? cause : nil)
        }
        let last = session.lastReport?.at ?? session.start
        let after = boots.filter { $0 > session.start && $0 >= last }.sorted()
        if !after.isEmpty { return .booted(at: after.map(instant)) }
        return latest > session.start ? .replaced : .open
    }
}
