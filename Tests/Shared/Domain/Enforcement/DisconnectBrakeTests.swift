import Domain
import SharedTesting
import Testing

/// What keeps a fault from throwing everybody out.
@Suite(.proves("COA-06", "FUP-01")) struct DisconnectBrakeTests {
    private static let start = Timestamp(secondsSince1970: 1_790_000_000)
    private static let tenant = TenantID(UUID128(high: 1, low: 1))
    private static let nas = NASID(UUID128(high: 2, low: 1))

    private static func session(_ number: Int) -> SessionID { SessionID(UUID128(high: 3, low: UInt64(number))) }
    private static func at(_ seconds: Int64) -> Timestamp { start + .seconds(seconds) }

    /// Asks for each of them, and returns those that may end.
    private static func ending(
        _ brake: inout DisconnectBrake,
        _ sessions: some Sequence<Int>,
        on nas: NASID = nas,
        at seconds: Int64
    ) -> [Int] {
        sessions.filter { brake.lets(session($0), of: tenant, on: nas, at: at(seconds)) }
    }

    @Test func `many at once are held back, few never are`() {
        var brake = DisconnectBrake(DisconnectBrake.Rules())
        brake.count([(Self.tenant, Self.nas, 1_000)], at: Self.start)
        #expect(Self.ending(&brake, 0..<100, at: 0).count == 100, "a tenth")
        #expect(brake.holding(at: Self.at(0)).isEmpty)
        #expect(Self.ending(&brake, 100..<1_000, at: 1).isEmpty)
        let standing = brake.standing(.nas(Self.tenant, Self.nas), at: Self.at(1))
        #expect(standing == DisconnectBrake.Standing(holdsSince: Self.at(1), held: 900))
        #expect(brake.held(at: Self.at(1)) == 900 && brake.holding(at: Self.at(1)).count == 2)
        // Somebody else's, and those that may end already, are asked about as often as one likes.
        #expect(Self.ending(&brake, 0..<100, at: 2).count == 100)
        let other = TenantID(UUID128(high: 1, low: 2))
        let isFree = brake.lets(Self.session(5_000), of: other, on: Self.nas, at: Self.at(2))
        #expect(isFree)
        var small = DisconnectBrake(DisconnectBrake.Rules())
        small.count([(Self.tenant, Self.nas, 40)], at: Self.start)
        #expect(Self.ending(&small, 0..<40, at: 0).count == 40, "few are no fault, even all of them")
    }

    @Test func `a tenant's NASes are held back together, where none of them alone is`() {
        var brake = DisconnectBrake(DisconnectBrake.Rules())
        let nases = (0..<10).map { NASID(UUID128(high: 2, low: UInt64($0))) }
        brake.count(nases.map { (Self.tenant, $0, 60) }, at: Self.start)
        var ended = 0
        for (number, nas) in nases.enumerated() {
            ended += Self.ending(&brake, (number * 60)..<(number * 60 + 10), on: nas, at: 0).count
        }
        #expect(ended == 60, "a tenth of six hundred")
        #expect(Array(brake.holding(at: Self.start).keys) == [.tenant(Self.tenant)])
    }

    @Test func `what is many for a good reason is done in the end, and then it holds no more`() {
        var brake = DisconnectBrake(DisconnectBrake.Rules())
        // A month of four in ten ends at midnight; each sweep asks for those that are still on.
        var left = Set(0..<4_000)
        var live = 10_000
        var seconds: Int64 = 0
        var ended: [Int] = []
        while !left.isEmpty, seconds < 86_400 {
            brake.count([(Self.tenant, Self.nas, live)], at: Self.at(seconds))
            let gone = Self.ending(&brake, left.sorted(), at: seconds)
            left.subtract(gone)
            live -= gone.count
            ended.append(gone.count)
            seconds += 60
        }
        #expect(left.isEmpty && ended.first == 1_000 && ended.dropFirst().allSatisfy { $0 <= 90 }, "\(ended)")
        #expect(ended.count < 60, "an hour")
        #expect(!brake.holding(at: Self.at(seconds)).isEmpty)
        #expect(brake.holding(at: Self.at(seconds + 180)).isEmpty)
        #expect(Self.ending(&brake, 9_000..<9_500, at: seconds + 180).count == 500)
    }

    @Test func `without a trickle it waits for somebody, who lets everything go for a while`() {
        var brake = DisconnectBrake(DisconnectBrake.Rules(trickle: 0))
        #expect(Self.ending(&brake, 0..<500, at: 0).count == 50, "the floor, while nobody said how many are live")
        for seconds in stride(from: Int64(60), through: 3_600, by: 60) {
            #expect(Self.ending(&brake, 50..<500, at: seconds).isEmpty)
        }
        brake.release(Self.tenant, Self.nas, at: Self.at(3_600))
        #expect(brake.holding(at: Self.at(3_600)).isEmpty)
        #expect(Self.ending(&brake, 50..<500, at: 3_600).count == 450)
        #expect(brake.standing(.tenant(Self.tenant), at: Self.at(3_600)).releasedUntil == Self.at(4_500))
        #expect(Self.ending(&brake, 1_000..<1_100, at: 4_500).count == 50, "the next fault is another matter")
    }

    /// No more end within a window than the limit of the time says, in a tenant and on a NAS; who is held back is shown; and nothing of it
    /// is another tenant's.
    @Test func `whatever is asked, no window has more than its limit`() {
        var random = SeededRandom()
        for round in 0..<150 {
            let rules = DisconnectBrake.Rules(
                floor: Int.random(in: 1...20, using: &random),
                share: Int.random(in: 0...30, using: &random),
                trickle: Int.random(in: 0...5, using: &random)
            )
            var brake = DisconnectBrake(rules)
            let live = (0..<3).map { _ in Int.random(in: 0...300, using: &random) }
            let tenants = [0, 0, 1].map { TenantID(UUID128(high: 1, low: $0)) }
            let nases = (0..<3).map { NASID(UUID128(high: 2, low: $0)) }
            brake.count((0..<3).map { (tenants[$0], nases[$0], live[$0]) }, at: Self.start)
            var ended: [(place: Int, at: Int64)] = []
            var seconds: Int64 = 0
            for number in 0..<600 {
                if Int.random(in: 0..<8, using: &random) == 0 { seconds += Int64.random(in: 0...70, using: &random) }
                let place = Int.random(in: 0..<3, using: &random)
                let isFree = brake.lets(
                    Self.session(number),
                    of: tenants[place],
                    on: nases[place],
                    at: Self.at(seconds)
                )
                if isFree { ended.append((place, seconds)) }
                let now = Self.at(seconds)
                let holding = brake.holding(at: now)
                let isShown =
                    holding[.tenant(tenants[place])] != nil || holding[.nas(tenants[place], nases[place])] != nil
                #expect(isFree || isShown, "\(random.seed) \(round): who is held back knows why")
                let recent = ended.filter { $0.at > seconds - 60 }
                for place in 0..<3 {
                    let own = recent.count { $0.place == place }
                    #expect(own <= rules.limit(live[place], isHolding: false), "\(random.seed) \(round)")
                }
                let first = recent.count { $0.place < 2 }
                #expect(first <= rules.limit(live[0] + live[1], isHolding: false), "\(random.seed) \(round)")
            }
        }
    }

    /// With a trickle everybody who is held back ends at some time, however many and however few are live.
    @Test func `with a trickle nobody is held back for ever`() {
        var random = SeededRandom()
        for round in 0..<100 {
            let rules = DisconnectBrake.Rules(
                floor: Int.random(in: 1...30, using: &random),
                share: Int.random(in: 0...20, using: &random),
                trickle: Int.random(in: 1...10, using: &random)
            )
            var brake = DisconnectBrake(rules)
            let count = Int.random(in: 1...200, using: &random)
            var left = Array(0..<count)
            var windows = 0
            while !left.isEmpty, windows <= count {
                brake.count([(Self.tenant, Self.nas, left.count)], at: Self.at(Int64(windows) * 60))
                let gone = Set(Self.ending(&brake, left, at: Int64(windows) * 60))
                left.removeAll { gone.contains($0) }
                windows += 1
            }
            #expect(left.isEmpty, "\(random.seed) \(round): \(left.count) of \(count)")
        }
    }
}
