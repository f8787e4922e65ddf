import Domain
import Notices
import SharedTesting
import Testing

@Suite(.proves("NTF-07")) struct DigestFactsTests {
    private static let start = Timestamp(secondsSince1970: 1_795_000_000)

    private static func id(_ number: Int) -> UUID128 { UUID128(high: 7, low: UInt64(number)) }

    private static func offline(_ number: Int, _ second: Int, under parent: Int? = nil) -> DigestFacts.Alarm {
        DigestFacts.Alarm(
            .deviceOffline,
            at: start + .seconds(second),
            name: "device-\(number)",
            device: id(number),
            parent: parent.map(id)
        )
    }

    @Test func `of nothing there is no digest, and of one alarm one that says it`() throws {
        #expect(DigestFacts([]) == nil)
        let facts = try #require(DigestFacts([Self.offline(1, 5)]))
        #expect(facts.total == 1 && facts.more == 0 && facts.first == facts.last)
        #expect(facts.subjects.map(\.name) == ["device-1"])
        #expect(
            facts.values == [
                "count": .count(1), "since": .instant(Self.start + .seconds(5)),
                "until": .instant(Self.start + .seconds(5)), "items": .text("device-1"),
                "count_device_offline": .count(1),
            ]
        )
    }

    @Test func `what everything hangs on comes first, however late it was noticed`() throws {
        var alarms = (1...9999).map { Self.offline($0, $0 % 600, under: $0 <= 99 ? 0 : $0 % 99 + 1) }
        alarms.append(Self.offline(0, 700, under: 20_000))
        alarms.append(Self.offline(10_001, 1))
        let facts = try #require(DigestFacts(alarms, naming: 3))
        #expect(facts.total == 10_001 && facts.more == 9998)
        #expect(facts.first == Self.start && facts.last == Self.start + .seconds(700))
        #expect(facts.subjects.first == DigestFacts.Subject(name: "device-0", below: 9999))
        // The next root, though less hangs on it than on many others.
        #expect(facts.subjects.dropFirst().first == DigestFacts.Subject(name: "device-10001", below: 0))
        #expect(facts.values["more"] == .count(9998))
        guard case .text(let items) = facts.values["items"] else {
            Issue.record("no items")
            return
        }
        #expect(items.hasPrefix("device-0 (+9999)\ndevice-10001\ndevice-"))
    }

    @Test func `kinds are counted, the most frequent first, and a device that flaps is named once`() throws {
        let online = DigestFacts.Alarm(.deviceOnline, at: Self.start, name: "device-1", device: Self.id(1))
        let pool = DigestFacts.Alarm(.poolExhausted, at: Self.start, name: "pool-a")
        let nameless = DigestFacts.Alarm(.licenceExceeded, at: Self.start)
        let facts = try #require(
            DigestFacts([Self.offline(1, 0), online, Self.offline(1, 9), pool, pool, pool, nameless, nameless])
        )
        #expect(facts.counts.map(\.kind) == [.poolExhausted, .deviceOffline, .licenceExceeded, .deviceOnline])
        #expect(facts.counts.map(\.count) == [3, 2, 2, 1])
        // What has no name is told by its kind.
        #expect(facts.subjects.map(\.name) == ["device-1", "licence exceeded", "pool-a"])
        #expect(facts.more == 0)
        let few = try #require(DigestFacts([nameless, pool, nameless], naming: 1))
        #expect(few.values["items"] == .text("licence exceeded") && few.values["more"] == .count(1))
    }

    @Test func `devices that hang on each other in a ring are told as well`() throws {
        let ring = [
            Self.offline(1, 3, under: 2), Self.offline(2, 2, under: 3), Self.offline(3, 1, under: 1),
            Self.offline(4, 0, under: 1), Self.offline(5, 0, under: 5),
        ]
        let facts = try #require(DigestFacts(ring))
        // Cut at the one that came first; what hangs on the ring hangs on it.
        #expect(facts.subjects.first == DigestFacts.Subject(name: "device-3", below: 3))
        #expect(facts.subjects.dropFirst().first == DigestFacts.Subject(name: "device-5", below: 0))
        #expect(facts.subjects.count == 5)
    }

    @Test func `a name is one line and not too long`() throws {
        let long = String(repeating: "x", count: 5000)
        let alarms = (1...50).map { DigestFacts.Alarm(.poolExhausted, at: Self.start, name: "\($0)\(long)") }
        let facts = try #require(DigestFacts(alarms))
        #expect(facts.subjects.allSatisfy { $0.name.count == DigestFacts.greatestName })
        #expect(facts.more == 45)
        let broken = DigestFacts.Alarm(.poolExhausted, at: Self.start, name: "a\nb\r\n\n\u{2028}c")
        #expect(DigestFacts([broken])?.subjects.map(\.name) == ["a b c"])
        let blank = DigestFacts.Alarm(.poolExhausted, at: Self.start, name: "\n")
        #expect(DigestFacts([blank])?.subjects.map(\.name) == ["pool exhausted"])
    }

    @Test func `of any forest each root is counted with all that hangs on it, in any order of the alarms`() throws {
        var random = SeededRandom()
        for round in 0..<200 {
            let count = Int.random(in: 1...40, using: &random)
            // Each hangs on one with a smaller number, or on one that is not told of, or on none.
            let parents = (0..<count).map { number -> Int? in
                switch Int.random(in: 0..<5, using: &random) {
                case 0: nil
                case 1: 1000 + number
                default: number == 0 ? nil : Int.random(in: 0..<number, using: &random)
                }
            }
            let alarms = (0..<count).map { Self.offline($0, Int.random(in: 0...5, using: &random), under: parents[$0]) }
            let facts = try #require(DigestFacts(alarms, naming: count))
            let note: Comment = "seed \(random.seed), round \(round)"
            #expect(facts == DigestFacts(alarms.shuffled(using: &random), naming: count), note)
            #expect(facts.more == 0 && facts.subjects.count == count, note)
            #expect(facts.counts.reduce(0) { $0 + $1.count } == facts.total, note)
            let isRoot = (0..<count).map { number in parents[number].map { $0 >= count } ?? true }
            for (place, subject) in facts.subjects.enumerated() {
                let number = try #require(Int(subject.name.dropFirst(7)))
                #expect(subject.below == (0..<count).count { Self.hangs($0, on: number, parents) }, note)
                #expect(isRoot[number] == (place < isRoot.count { $0 }), note)
            }
            let limit = Int.random(in: 1...count, using: &random)
            let few = try #require(DigestFacts(alarms, naming: limit))
            #expect(few.subjects.elementsEqual(facts.subjects.prefix(limit)) && few.more == count - limit, note)
        }
    }

    private static func hangs(_ number: Int, on root: Int, _ parents: [Int?]) -> Bool {
        guard let parent = parents[number] else { return false }
        return parent == root || parent < parents.count && hangs(parent, on: root, parents)
    }
}
