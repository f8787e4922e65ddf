import RADIUS
import SharedTesting
import Testing

@Suite struct MikroTikRateLimitTests {
    private typealias Rates = MikroTikRateLimit.Pair<UInt64>
    private let rate = Rates(upload: 10_000_000, download: 50_000_000)

    @Test func `upload comes first and suffixes are decimal`() {
        #expect(MikroTikRateLimit(rate: rate).text == "10M/50M")
    }

    @Test(arguments: [
        (UInt64(0), "0"), (1, "1"), (999, "999"), (1000, "1k"), (1500, "1500"), (1_500_000, "1500k"), (1_000_000, "1M"),
        (1_048_576, "1048576"), (10_000_000_000, "10000M"),
    ])
    func `a rate is written exactly`(bits: UInt64, text: String) {
        #expect(MikroTikRateLimit(rate: .init(upload: bits, download: bits)).text == "\(text)/\(text)")
    }

    @Test func `a burst follows with its threshold and time`() {
        let burst = MikroTikRateLimit.Burst(
            rate: .init(upload: 20_000_000, download: 100_000_000),
            threshold: .init(upload: 8_000_000, download: 40_000_000),
            seconds: .init(upload: 8, download: 16)
        )
        #expect(MikroTikRateLimit(rate: rate, burst: burst).text == "10M/50M 20M/100M 8M/40M 8/16")
        #expect(MikroTikRateLimit(rate: rate, burst: burst, priority: 3).text == "10M/50M 20M/100M 8M/40M 8/16 3")
    }

    @Test func `priority and minimum without a burst keep their places`() {
        #expect(MikroTikRateLimit(rate: rate, priority: 1).text == "10M/50M 0/0 0/0 0/0 1")
        let minimum = Rates(upload: 1_000_000, download: 5_000_000)
        #expect(MikroTikRateLimit(rate: rate, minimum: minimum).text == "10M/50M 0/0 0/0 0/0 8 1M/5M")
    }

    @Test(arguments: [(UInt8(0), "1"), (1, "1"), (8, "8"), (9, "8"), (255, "8")])
    func `priority stays between 1 and 8`(given: UInt8, written: String) {
        #expect(MikroTikRateLimit(rate: rate, priority: given).text.hasSuffix(" 0/0 \(written)"))
    }
}
