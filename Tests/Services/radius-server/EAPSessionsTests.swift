import Domain
import Observability
import RADIUS
import SharedTesting
import Testing

@testable import RadiusServer

@Suite struct EAPSessionsTests {
    private let nas = UUID128(high: 1, low: 1)
    private let offer = EAPOffer(methods: [.md5], serverName: "test") { [UInt8](repeating: 7, count: $0) }

    private func sessions(shards: Int = 1, capacity: Int, lifetime: UInt64 = 1_000) -> (EAPSessions, GaugeCell) {
        let gauge = EAPMetrics(MetricsRegistry()).sessions
        let made = EAPSessions(
            serverName: "one",
            shards: shards,
            capacity: capacity,
            lifetime: lifetime,
            gauge: gauge
        )
        return (made, gauge)
    }

    private func session() -> EAPSession { EAPSession(EAPConversation(askingIdentity: offer), nas: nas) }

    private func found<T>(_ lookup: EAPSessions.Lookup<T>) -> Bool { if case .found = lookup { true } else { false } }

    @Test("Any thread goes on with a session that another began", .proves("RAD-09"))
    func acrossThreads() throws {
        let (sessions, _) = sessions(shards: 3, capacity: 30)
        let states = try (0..<3).map { try #require(sessions.begin(session(), shard: $0, now: 0)) }
        #expect(states.map(\.shard) == [0, 1, 2])
        for state in states {
            #expect(found(sessions.resume(state, nas: nas, now: 1) { $0.refusal = .wrongPassword }))
            #expect(sessions.holds(state, nas: nas, now: 1))
        }
    }

    @Test("Each answer renews the lease; without one it ends", .proves("RAD-09"))
    func lease() throws {
        let (sessions, gauge) = sessions(capacity: 4)
        let state = try #require(sessions.begin(session(), shard: 0, now: 0))
        #expect(found(sessions.resume(state, nas: nas, now: 900) { _ in }))
        sessions.expire(shard: 0, now: 1_500)
        #expect(gauge.value == 1)
        #expect(found(sessions.resume(state, nas: nas, now: 1_899) { _ in }))
        #expect(!found(sessions.resume(state, nas: nas, now: 2_899) { _ in }))
        sessions.expire(shard: 0, now: 2_899)
        #expect(gauge.value == 0 && sessions.count == 0)
    }

    @Test("Room is shared evenly, and only what is over gives way before its time")
    func room() throws {
        let (sessions, gauge) = sessions(shards: 2, capacity: 4)
        let states = (0..<3).map { _ in sessions.begin(session(), shard: 0, now: 0) }
        #expect(states.map { $0 != nil } == [true, true, false])
        #expect(sessions.begin(session(), shard: 1, now: 0) != nil)
        let first = try #require(states[0])
        _ = sessions.resume(first, nas: nas, now: 1) { $0.conversation.abandon() }
        #expect(sessions.holds(first, nas: nas, now: 1), "its answer can be repeated")
        #expect(sessions.begin(session(), shard: 0, now: 2) != nil)
        #expect(!sessions.holds(first, nas: nas, now: 2))
        #expect(gauge.value == 3)
    }

    @Test("The tables hold what they should after any sequence")
    func anySequence() {
        var random = SeededRandom()
        let (sessions, gauge) = sessions(shards: 2, capacity: 40, lifetime: 50)
        var model: [(state: EAPState, deadline: UInt64)] = []
        var problems: [String] = []
        for now in UInt64(1)...20_000 {
            if Bool.random(using: &random) {
                if let state = sessions.begin(session(), shard: Int.random(in: 0..<2, using: &random), now: now) {
                    model.append((state, now + 50))
                }
            } else if let index = model.indices.randomElement(using: &random) {
                let isFound = found(sessions.resume(model[index].state, nas: nas, now: now) { _ in })
                if isFound != (model[index].deadline > now) { problems.append("\(now): found \(isFound)") }
                if isFound { model[index].deadline = now + 50 } else { model.remove(at: index) }
            }
            if sessions.count > 40 || Double(sessions.count) != gauge.value { problems.append("\(now): count") }
        }
        #expect(problems.isEmpty, "\(problems.prefix(3))")
        for shard in 0..<2 { sessions.expire(shard: shard, now: 30_000) }
        #expect(sessions.count == 0)
    }

    @Test("A queue gives back what went in, in order")
    func queue() {
        var queue = Queue<Int>()
        var next = 0
        var expected = 0
        var random = SeededRandom()
        for _ in 0..<10_000 {
            if Int.random(in: 0..<5, using: &random) < 3 {
                queue.append(next)
                next += 1
            } else if let got = queue.removeFirst() {
                #expect(got == expected)
                expected += 1
            } else {
                #expect(expected == next && queue.first == nil)
            }
        }
    }
}
