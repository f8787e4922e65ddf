import SharedTesting
import Testing

@testable import NASSimulator

@Suite struct InvocationTests {
    @Test func `everything that is asked for is understood`() throws {
        let line = try Invocation([
            "--seed", "18446744073709551615", "--subscribers", "10000", "--nases", "50", "--vendors",
            "mikrotik,accel-ppp",
            "--scenario", "busy", "--server", "127.0.0.1:18120:18130", "--database", "postgresql:///x", "--duration",
            "30",
            "--listen", "--control-mode", "slow:250", "--live", "20", "--server-restarts",
        ])
        #expect(line.seed == .max && line.subscribers == 10_000 && line.nases == 50)
        #expect(line.kinds == [.mikrotik, .accelppp] && line.scenario == .busy)
        #expect(line.plays && line.play.server == 0x7f00_0001 && line.play.acctPort == 18_130)
        #expect(line.play.mode == .slow(milliseconds: 250) && line.play.listens && line.play.serverRestarts)
        #expect(line.database == "postgresql:///x" && line.play.duration == 30 && line.play.liveSeconds == 20)
        #expect(try Invocation([], environment: "postgresql:///y").database == "postgresql:///y")
        #expect(try !Invocation([]).plays)
        let modes: [(String, ControlDesk.Mode)] = [
            ("late:900", .late(milliseconds: 900)), ("doubling", .doubling), ("forging", .forging), ("lying", .lying),
        ]
        for (word, mode) in modes { #expect(try Invocation(["--control-mode", word]).play.mode == mode) }
    }

    @Test(arguments: [
        ["--seed"], ["--seed", "-1"], ["--nases", "0"], ["--vendors", "zyxel"], ["--vendors", ""],
        ["--scenario", "good"],
        ["--server", "localhost:1:2"], ["--server", "127.0.0.1:1"], ["--server", ""], ["--control-mode", "slow"],
        ["--unknown", "1"], ["--live", "5"],
    ])
    func `what is wrong is said`(arguments: [String]) {
        #expect(throws: Invocation.Mistake.self) { try Invocation(arguments) }
    }

    @Test func `the agenda gives what is due, earliest first, in the order it was added`() {
        var agenda = Agenda()
        var chance = Chance(seed: 3)
        let times = (0..<500).map { _ in UInt64(chance.below(50)) }
        for (number, time) in times.enumerated() { agenda.add(at: time, .pump(session: number)) }
        var taken: [Int] = []
        #expect(agenda.next == times.min())
        while case .pump(let number)? = agenda.take(now: 40) { taken.append(number) }
        let expected = times.indices.filter { times[$0] <= 40 }.sorted { (times[$0], $0) < (times[$1], $1) }
        #expect(taken == expected)
        #expect(agenda.isEmpty == (times.max() ?? 0 <= 40))
    }
}
