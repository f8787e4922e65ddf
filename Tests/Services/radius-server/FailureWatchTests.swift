import Domain
import SharedTesting
import Testing

@testable import RadiusServer

@Suite struct FailureWatchTests {
    private let second: UInt64 = 1_000_000_000
    private let tenant = UUID128(high: 1, low: 1)
    private let nas = UUID128(high: 3, low: 1)

    private func fail(
        _ watch: FailureWatch,
        _ count: Int,
        nas: UInt64 = 1,
        at now: UInt64,
        _ reason: RejectReason = .wrongPassword
    ) {
        for _ in 0..<count {
            watch.failed(tenant: tenant, nas: UUID128(high: 3, low: nas), nasName: "bras-\(nas)", reason, now: now)
        }
    }

    @Test("More than 50 refused logins within a minute are a spike, of the tenant and of the NAS", .proves("RAD-22"))
    func begins() {
        let watch = FailureWatch()
        fail(watch, 50, at: second)
        #expect(watch.turn(now: second).isEmpty)
        fail(watch, 450, at: 2 * second)
        let told = watch.turn(now: 2 * second)
        #expect(told.map(\.phase) == [.began, .began])
        #expect(told.map(\.failures) == [51, 51])
        #expect(Set(told.map(\.place.nas)) == [nil, nas])
        #expect(told.first { $0.place.nas != nil }?.nasName == "bras-1")
        #expect(watch.spiking.count == 2)
        #expect(watch.turn(now: 3 * second).isEmpty, "once")
    }

    @Test("A burst over the end of a minute is one, a slow trickle is none", .proves("RAD-22"))
    func slides() {
        let watch = FailureWatch()
        fail(watch, 40, at: 58 * second)
        fail(watch, 40, at: 62 * second)
        #expect(watch.turn(now: 62 * second).map(\.failures) == [51, 51])
        let calm = FailureWatch()
        for minute in UInt64(0)..<60 {
            for step in UInt64(0)..<48 { fail(calm, 1, at: (minute * 60 + step) * second) }
            #expect(calm.turn(now: (minute * 60 + 59) * second).isEmpty)
        }
    }

    @Test("It is told once a minute while it lasts, and that it is over", .proves("RAD-22"))
    func lastsAndEnds() {
        let watch = FailureWatch()
        var phases: [(UInt64, FailureWatch.Phase)] = []
        for now in UInt64(1)...600 {
            if now <= 300 { fail(watch, 2, at: now * second, now % 5 == 0 ? .unknownUser : .wrongPassword) }
            for spike in watch.turn(now: now * second) where spike.place.nas == nas {
                phases.append((now, spike.phase))
                #expect(spike.reason == .wrongPassword)
                if spike.phase == .over { #expect(spike.total == 600) }
            }
        }
        #expect(phases.first?.1 == .began && phases.first?.0 == 26)
        #expect(phases.last?.1 == .over)
        #expect((330...365).contains(phases.last?.0 ?? 0), "about a minute after the last")
        let lasting = phases.dropFirst().dropLast()
        #expect(lasting.allSatisfy { $0.1 == .lasts } && (4...5).contains(lasting.count))
        #expect(watch.spiking.isEmpty)
    }

    @Test("NASes that fail a little each make their tenant spike alone", .proves("RAD-22"))
    func tenantAlone() {
        let watch = FailureWatch()
        for nas in UInt64(0)..<30 { fail(watch, 2, nas: nas, at: second) }
        let told = watch.turn(now: second)
        #expect(told.map(\.place) == [.init(tenant: tenant)])
    }

    @Test("Never told twice within a minute, whatever comes", .proves("RAD-22"))
    func rateOfTelling() {
        var random = SeededRandom()
        for _ in 0..<100 {
            let watch = FailureWatch(threshold: Int.random(in: 1...20, using: &random))
            var now: UInt64 = 0
            var told: [FailureWatch.Place: UInt64] = [:]
            for _ in 0..<400 {
                now += UInt64.random(in: 0...5_000_000_000, using: &random)
                fail(watch, Int.random(in: 0...15, using: &random), nas: .random(in: 1...3, using: &random), at: now)
                for spike in watch.turn(now: now) where spike.phase != .over {
                    if let last = told[spike.place] { #expect(now - last >= 60 * second) }
                    told[spike.place] = now
                }
            }
        }
    }

    @Test("0 watches nothing, and thousands of NASes stay within bounds")
    func bounds() {
        let off = FailureWatch(threshold: 0)
        fail(off, 1_000, at: second)
        #expect(off.turn(now: second).isEmpty)
        let watch = FailureWatch(threshold: 1)
        for nas in UInt64(0)..<20_000 { fail(watch, 2, nas: nas, at: second) }
        #expect(watch.turn(now: second).count <= 8_193)
    }
}
