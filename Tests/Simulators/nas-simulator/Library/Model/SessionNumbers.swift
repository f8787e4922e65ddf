/// Gives sessions the Acct-Session-Id, port and address that their NAS would, in the order in which they begin.
struct SessionNumbers {
    private let world: World
    private let outages: [[Outage]]

    init(_ world: World, _ outages: [[Outage]]) {
        self.world = world
        self.outages = outages
    }

    mutating func assign(_ sessions: inout [SimSession]) {
        let order = sessions.indices.sorted {
            (sessions[$0].nas, sessions[$0].start, $0) < (sessions[$1].nas, sessions[$1].start, $1)
        }
        // Where a subscriber stands on a NAS: who comes back first after a boot gets the number he had after the last one.
        var places: [Place: Int] = [:]
        var counted: [Int: Int] = [:]
        var seen: Set<Turn> = []
        for number in order {
            let session = sessions[number]
            let (nas, subscriber) = (world.nases[session.nas], session.subscriber)
            let epoch = outages[session.nas].lastIndex { $0.up <= session.start } ?? 0
            let key = Place(nas: session.nas, subscriber: subscriber)
            if places[key] == nil { places[key] = places.count + 1 }
            let place = places[key] ?? 0
            let isFirst = seen.insert(Turn(place: key, epoch: epoch)).inserted
            counted[session.nas, default: 100_000] += 1
            let count = isFirst ? place : counted[session.nas] ?? 0
            var chance = Chance(seed: world.wishes.seed, "ids", number)
            sessions[number].id = id(nas, session, count, epoch, &chance)
            // pppd knows no ports.
            sessions[number].port = nas.kind == .pppd ? 0 : UInt32(place)
            sessions[number].address = 10 << 24 | UInt32(subscriber & 0xff_ffff)
        }
    }

    private struct Place: Hashable {
        let nas: Int
        let subscriber: Int
    }

    private struct Turn: Hashable {
        let place: Place
        let epoch: Int
    }

    private func id(_ nas: SimNAS, _ session: SimSession, _ count: Int, _ epoch: Int, _ chance: inout Chance) -> String
    {
        if nas.kind.sessionIDs != .second, chance.happens(world.wishes.scenario.oddIDs) {
            return Self.oddities[chance.below(Self.oddities.count)] + String(session.number)
        }
        let boot = UInt64(0x6520_0000 + outages[session.nas][epoch].up)
        switch nas.kind {
        case .mikrotik: return "8" + Hexadecimal.of(UInt64(count), digits: 7).lowercased()
        case .cisco: return Hexadecimal.of(UInt64(count), digits: 8)
        case .juniper: return "jnpr ge-1/0/\(nas.number % 8).1073741824:\(count)"
        case .accelppp: return Hexadecimal.of(UInt64(count), digits: 16).lowercased()
        case .huawei: return "hw\(nas.number)0010100000\(Hexadecimal.of(UInt64(session.number), digits: 8))"
        case .nokia: return Hexadecimal.of(boot << 32 | UInt64(session.number), digits: 16)
        case .ubiquiti: return Hexadecimal.of(boot, digits: 8) + "-" + Hexadecimal.of(UInt64(count), digits: 8)
        case .coovachilli:
            return Hexadecimal.of(boot, digits: 8).lowercased() + Hexadecimal.of(UInt64(count), digits: 8)
        case .pppd: return Hexadecimal.of(UInt64(0x6520_0000 + session.start), digits: 8) + "0401A3"
        }
    }

    /// What only looks like mischief: NASes put such things into their ids.
    private static let oddities = [
        "", "0x", "a b c ", "'; -- ", "\\N\\t", "%s%n", "\u{e4}\u{1f4e1}", "{\"id\":", "\t-\t", "NULL",
        String(repeating: "z", count: 230),
    ]
}
