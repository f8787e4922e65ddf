import SharedTesting
import Testing

@testable import NASSimulator

/// The model is a pure function of its wishes, and what it calls the truth is one.
@Suite struct ModelTests {
    static func script(_ seed: UInt64, _ scenario: Scenario = .worst, subscribers: Int = 40, nases: Int = 9)
        -> DayScript
    {
        DayScript(World(World.Wishes(seed: seed, subscribers: subscribers, nases: nases, scenario: scenario)))
    }

    @Test func `the same seed gives the same bytes`() {
        for scenario in Scenario.all {
            let (first, second) = (Self.script(7, scenario), Self.script(7, scenario))
            #expect(first.text == second.text)
            #expect(first.events.map(\.event) == second.events.map(\.event))
            #expect(DirectoryFiles.directory(first.world) == DirectoryFiles.directory(second.world))
            #expect(DirectoryFiles.subscribers(first.world) == DirectoryFiles.subscribers(second.world))
            #expect(first.text != Self.script(8, scenario).text)
        }
    }

    @Test func `packets are the same in every replay`() throws {
        let script = Self.script(3)
        func packets() throws -> [[UInt8]] {
            var chance = Chance(seed: 5)
            return try script.logins.prefix(200).map { login in
                let nas = NASPackets(script.world.nases[login.nas])
                let subscriber = script.world.subscribers[login.subscriber]
                return try #require(nas.login(login, subscriber, identifier: 9, chance: &chance)).octets
            }
        }
        #expect(try packets() == packets())
    }

    /// Fixed for ever: a seed that once found something must find it again.
    @Test func `the sequence of a seed never changes`() {
        var chance = Chance(seed: 0)
        // The published first outputs of SplitMix64 for the seed 0.
        #expect(
            [chance.bits(), chance.bits(), chance.bits()] == [
                0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f,
            ]
        )
        var dice = Chance(seed: 1)
        let throwsOfDice = (0..<600).map { _ in dice.within(1...6) }
        #expect(Set(throwsOfDice) == Set(1...6))
    }

    @Test func `NASes and subscribers are distinct`() {
        let world = World(World.Wishes(seed: 11, subscribers: 2000, nases: 450))
        #expect(Set(world.nases.map(\.address)).count == 450)
        #expect(world.nases.allSatisfy { $0.address >> 24 == 127 && $0.address & 255 > 0 && $0.address & 255 < 255 })
        #expect(Set(world.subscribers.map(\.username)).count == 2000)
        #expect(Set(world.subscribers.map(\.station)).count == 2000)
        #expect(Set(world.nases.map(\.kind)) == Set(NASKind.allCases))
    }

    @Test func `a calm day is calm`() {
        let script = Self.script(4, .calm, subscribers: 200)
        #expect(script.sessions.allSatisfy { session in session.records.allSatisfy { !$0.isLost } })
        #expect(script.boots.allSatisfy { $0.isOn && $0.at <= 30 })
    }

    @Test func `a worst day has everything that can go wrong`() {
        let script = Self.script(1, subscribers: 600, nases: 18)
        let records = script.sessions.flatMap(\.records)
        #expect(records.contains { $0.isLost && $0.kind == .start })
        #expect(records.contains { $0.isLost && $0.kind == .stop })
        #expect(records.contains { $0.misfortune.heldBack > 0 })
        #expect(records.contains { $0.misfortune.copies == 2 })
        #expect(records.contains { $0.misfortune.lostRequests > 0 })
        #expect(records.contains { $0.misfortune.lostAnswers > 0 })
        #expect(records.contains { $0.misfortune.repeatsAfter != nil })
        #expect(records.contains { $0.waitsForOthers })
        #expect(script.sessions.contains { $0.ending == .crash })
        #expect(script.sessions.contains { $0.ending == .stillOn })
        #expect(script.boots.contains { !$0.isOn })
        #expect(script.world.nases.contains { $0.skew != 0 && $0.drift != 0 })
        #expect(script.world.nases.contains { $0.kind != .pppd && !$0.echoesClass })
        #expect(Set(script.logins.map(\.outcome)) == [.accept, .wrongPassword, .unknownUser, .suspended])
        // pppd's ids stand for several subscribers; a rebooted NAS gives the same one to the same subscriber.
        let pppd = script.sessions.filter { script.world.nases[$0.nas].kind == .pppd }
        #expect(Set(pppd.map { "\($0.nas) \($0.id)" }).count < pppd.count)
        let keys = script.sessions.map { ExpectedBooks.key($0, script.world) }
        #expect(Set(keys).count < keys.count)
        // A counter wrapped, and another passed 4 GiB with gigawords.
        let wrapping = script.sessions.filter { script.world.nases[$0.nas].kind.counters == .wrapping }
        #expect(wrapping.contains { ($0.lastReport?.output ?? 0) > 1 << 32 })
        #expect(script.sessions.contains { ($0.lastReport?.output ?? 0) > 3 << 32 })
    }
}
