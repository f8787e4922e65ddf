/// A whole day: what every subscriber and NAS does, when, and what goes wrong on the way. A pure function of the wishes;
/// what the server makes of it is no part of it.
package struct DayScript: Sendable {
    /// One thing that happens; indices into the script's lists.
    package enum Event: Sendable, Equatable {
        case boot(Int)
        case login(Int)
        case record(session: Int, index: Int)
    }

    package let world: World
    package let sessions: [SimSession]
    package let logins: [SimLogin]
    package let boots: [SimBoot]
    /// Everything, in the order in which it happens.
    package let events: [(at: Int, event: Event)]

    /// About 2 us a record.
    package init(_ world: World) {
        self.world = world
        var maker = DayMaker(world)
        maker.run()
        sessions = maker.sessions
        logins = maker.logins
        boots = maker.boots
        events = Self.arrange(maker)
    }

    private static func arrange(_ maker: DayMaker) -> [(at: Int, event: Event)] {
        var order: [(at: Int, rank: Int, event: Event)] = []
        for (index, boot) in maker.boots.enumerated() { order.append((boot.at, 0, .boot(index))) }
        for (index, login) in maker.logins.enumerated() { order.append((login.at, 1, .login(index))) }
        for session in maker.sessions {
            for (index, record) in session.records.enumerated() where !record.isLost {
                order.append((record.at, 2, .record(session: session.number, index: index)))
            }
        }
        // Stable: by time, then by kind, then as listed.
        let sorted = order.enumerated().sorted {
            ($0.element.at, $0.element.rank, $0.offset) < ($1.element.at, $1.element.rank, $1.offset)
        }
        return sorted.map { ($0.element.at, $0.element.event) }
    }

    /// How many records leave their NAS.
    package var reports: Int { sessions.reduce(0) { $0 + $1.records.count { !$0.isLost } } }

    /// The script in text, a line for each thing: equal texts are equal days.
    package var text: String {
        var lines: [String] = []
        for boot in boots { lines.append("boot \(boot.nas) \(boot.at) \(boot.isOn) \(boot.misfortune.text)") }
        for login in logins {
            lines.append(
                "login \(login.subscriber) \(login.nas) \(login.at) \(login.outcome.rawValue) \(login.misfortune.text)"
            )
        }
        for session in sessions {
            lines.append(
                "session \(session.number) \(session.subscriber) \(session.nas) \(session.start) \(session.end) "
                    + "\(session.ending) \(session.id) \(session.port) \(IPv4Text.of(session.address))"
            )
            for record in session.records { lines.append(Self.text(record)) }
        }
        return lines.joined(separator: "\n")
    }

    private static func text(_ record: SimRecord) -> String {
        "  \(record.kind) \(record.at) \(record.age) \(record.input) \(record.output) \(record.countedInput) "
            + "\(record.countedOutput) \(record.isLost) \(record.waitsForOthers) \(record.misfortune.text)"
    }
}
