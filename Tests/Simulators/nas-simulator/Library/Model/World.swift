/// What exists before the day begins: plans, NASes and subscribers. A pure function of the wishes.
package struct World: Sendable {
    /// What a run is about: everything that decides its day.
    package struct Wishes: Sendable, Equatable {
        package var seed: UInt64
        package var subscribers: Int
        package var nases: Int
        package var kinds: [NASKind]
        package var scenario: Scenario
        /// Length of the day in seconds.
        package var seconds: Int

        /// A day. Traps unless there is at least one subscriber, NAS, kind and hour, and at most 50,000 NASes.
        package init(
            seed: UInt64,
            subscribers: Int,
            nases: Int,
            kinds: [NASKind] = NASKind.allCases,
            scenario: Scenario = .worst,
            seconds: Int = 86_400
        ) {
            precondition(subscribers > 0 && nases > 0 && nases <= 50_000 && !kinds.isEmpty && seconds >= 3600)
            self.seed = seed
            self.subscribers = subscribers
            self.nases = nases
            self.kinds = kinds
            self.scenario = scenario
            self.seconds = seconds
        }
    }

    package let wishes: Wishes
    package let plans: [SimPlan]
    package let nases: [SimNAS]
    package let subscribers: [SimSubscriber]

    package init(_ wishes: Wishes) {
        self.wishes = wishes
        plans = SimPlan.offered
        var chance = Chance(seed: wishes.seed, "world")
        // Second and third byte by the seed, so that several runs can share a server: 3,200 seeds where none has more NASes.
        let third = wishes.nases <= 3200 ? Int(wishes.seed / 200 % 16) * 16 : 0
        let network = (16 + Int(wishes.seed % 200)) << 8 | third
        nases = (0..<wishes.nases).map { number in
            SimNAS(number: number, kind: wishes.kinds[number % wishes.kinds.count], network, wishes.scenario, &chance)
        }
        subscribers = (0..<wishes.subscribers).map { number in
            SimSubscriber(number: number, wishes: wishes, plans: SimPlan.offered.count, &chance)
        }
    }

    /// The tenant's subdomain and, but for the capital, its name.
    package var tenant: String { "sim\(wishes.seed)" }
}

/// A plan of the directory. Bits in a second, as the subscriber sees them.
package struct SimPlan: Sendable, Equatable {
    package let name: String
    package let downloadMegabits: Int
    package let uploadMegabits: Int
    /// Acct-Interim-Interval in seconds, which NASes obey.
    package let interim: Int

    package static let offered = [
        SimPlan(name: "Sim 20", downloadMegabits: 20, uploadMegabits: 5, interim: 600),
        SimPlan(name: "Sim 50", downloadMegabits: 50, uploadMegabits: 10, interim: 900),
        SimPlan(name: "Sim 100", downloadMegabits: 100, uploadMegabits: 40, interim: 1200),
    ]
}

/// An access server.
package struct SimNAS: Sendable {
    package let number: Int
    package let name: String
    package let kind: NASKind
    /// IPv4 on loopback, host order: each NAS is a source of its own.
    package let address: UInt32
    package let secret: String
    /// NAS-Identifier, which the directory demands of it; nil where none is sent.
    package let identifier: String?
    /// How far its clock is ahead, in seconds: in Event-Timestamp and nowhere else.
    package let skew: Int
    /// By how many millionths its seconds are too short: Acct-Session-Time runs ahead by as much.
    package let drift: Int
    package let echoesClass: Bool

    init(number: Int, kind: NASKind, _ network: Int, _ scenario: Scenario, _ chance: inout Chance) {
        self.number = number
        self.kind = kind
        name = "nas-\(number + 1)"
        address = 127 << 24 | UInt32(network + number / 200) << 8 | UInt32(number % 200 + 1)
        secret = chance.word(24)
        identifier = chance.happens(5000) ? "\(kind.rawValue)-\(number + 1)" : nil
        let isSkewed = chance.happens(scenario.skewed)
        skew = isSkewed ? chance.within(-86_400...86_400) : 0
        drift = isSkewed ? chance.within(-500...500) : 0
        echoesClass = kind.echoesClass && !chance.happens(scenario.forgetsClass)
    }

    /// Dotted quad.
    package var addressText: String { IPv4Text.of(address) }

    /// Whether its reports must come one after another: what is lost between a wrap or a reset and reports that arrive in
    /// the wrong order cannot be told by anybody (Shared/Domain/README.md).
    package var reportsInOrder: Bool { kind.counters == .wrapping }
}

/// Somebody with a service.
package struct SimSubscriber: Sendable {
    package let number: Int
    package let username: String
    package let password: String
    /// Index into the world's plans.
    package let plan: Int
    /// Index of the NAS he usually comes through.
    package let nas: Int
    package let isSuspended: Bool
    /// Calling-Station-Id.
    package let station: String
    package let login: LoginMethod

    init(number: Int, wishes: World.Wishes, plans: Int, _ chance: inout Chance) {
        self.number = number
        let digits = String(number)
        username = "u" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits + "@sim\(wishes.seed)"
        password = chance.word(10)
        plan = chance.below(plans)
        nas = chance.below(wishes.nases)
        isSuspended = chance.happens(wishes.scenario.suspended)
        station =
            "02-"
            + [32, 24, 16, 8, 0].map { Hexadecimal.of(UInt64(number >> $0 & 255), digits: 2) }
            .joined(separator: "-")
        let methods = wishes.kinds[nas % wishes.kinds.count].logins
        login = methods[chance.below(methods.count)]
    }
}

/// Dotted quads.
package enum IPv4Text {
    package static func of(_ address: UInt32) -> String {
        "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
    }
}

/// Upper-case hexadecimal of a fixed width.
package enum Hexadecimal {
    package static func of(_ value: UInt64, digits: Int) -> String {
        let text = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

extension SimNAS {
    /// A NAS of one's own choosing.
    package init(name: String, kind: NASKind, address: UInt32, secret: String, skew: Int = 0) {
        number = 0
        self.name = name
        self.kind = kind
        self.address = address
        self.secret = secret
        identifier = nil
        self.skew = skew
        drift = 0
        echoesClass = kind.echoesClass
    }
}
