import Domain
import SharedTesting
import Testing

/// The rules of windows and of units, against the slow way to know.
@Suite struct ProfileRulesTests {
    @Test(.proves("RAD-18")) func `windows overlap where a minute of the week belongs to two`() {
        var seed = SeededRandom()
        let speed = SpeedProfile(rate: SpeedPair(download: 1, upload: 1))
        for round in 0..<300 {
            let windows = (0..<Int(seed.next() % 3 + 1)).map { _ in
                SpeedWindow(
                    days: Weekdays(
                        rawValue: UInt8(seed.next() % 127 + 1) & UInt8(seed.next() % 127 + 1) | 1
                            << UInt8(seed.next() % 7)
                    ),
                    start: Int(seed.next() % 48) * 30,
                    end: Int(seed.next() % 48) * 30,
                    profile: speed
                )
            }
            // 1970-01-05 was a Monday.
            let shared = (0..<7).contains { day in
                stride(from: 0, to: 1_440, by: 30).contains { minute in
                    windows.count { $0.holds(day: 11 + day, minute: minute) } > 1
                }
            }
            #expect((SpeedWindow.overlap(in: windows) != nil) == shared, "round \(round): \(windows)")
        }
    }

    @Test func `a clock's text is its minute`() {
        for minute in 0..<1_440 { #expect(SpeedWindow.minute(ofClock: SpeedWindow.clock(minute)) == minute) }
        #expect(SpeedWindow.minute(ofClock: "24:00") == 0)
        for text in ["24:01", "7:00", "07:60", "0700", "", "ab:cd", "07:00:00", "-1:00"] {
            #expect(SpeedWindow.minute(ofClock: text) == nil, "\(text)")
        }
    }

    @Test(.proves("IPAM-03")) func `units are walked downward as if each was looked at`() throws {
        var seed = SeededRandom()
        for round in 0..<150 {
            let length = Int(seed.next() % 6) + 24
            let base = IPAddress(ipv4: 0x0a00_0000)
            let exclusions = (0..<Int(seed.next() % 4)).compactMap { _ in
                IPAddress(ipv4: 0x0a00_0000 | UInt32(seed.next() % 256)).network(Int(seed.next() % 9) + 24)
            }
            let range = try #require(base.network(length))
            let pool = try #require(
                AddressPool(id: PoolID(.zero), use: .ipv4, range: range, unitLength: 32, exclusions: exclusions)
            )
            var walked: [UInt64] = []
            while let next = pool.usable(below: walked.last ?? pool.capacity) { walked.append(next) }
            #expect(walked == (0..<pool.capacity).filter(pool.isUsable).reversed(), "round \(round): \(exclusions)")
        }
        let (range, half) = (try Self.prefix("2001:db8::/32"), try Self.prefix("2001:db8:8000::/33"))
        let large = try #require(
            AddressPool(id: PoolID(.zero), use: .ipv6, range: range, unitLength: 64, exclusions: [half])
        )
        #expect(large.usable(below: large.capacity) == large.capacity / 2 - 1)
        #expect(try large.offset(named: Self.prefix("2001:db8:0:5::/64")) == 5)
        #expect(try large.offset(named: Self.prefix("2001:db8:0:5::/128")) == 5)
        #expect(try large.offset(named: Self.prefix("2001:db8:0:5::1/128")) == nil)
        #expect(try large.offset(named: Self.prefix("2001:db8:0:4::/63")) == nil)
    }

    private static func prefix(_ text: String) throws -> IPPrefix { try #require(IPPrefix(text)) }
}
