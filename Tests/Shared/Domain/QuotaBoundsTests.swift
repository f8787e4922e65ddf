import Domain
import SharedTesting
import Testing

/// What quotas bound sessions to, over many allowances, speeds, hours and uses.
@Suite(.proves("FUP-01", "FUP-03")) struct QuotaBoundsTests {
    private static let now = Timestamp(secondsSince1970: 1_795_262_400)
    private static let end: Int64 = 1_795_262_400 + 86_400

    private struct Case {
        let cap: QuotaCap
        let left: Int64
        let speed: SpeedPair
        let endsAtVolume: Bool
        let shortest: UInt32
        let bounds: QuotaBounds

        init(_ random: inout SeededRandom) {
            let magnitude = Int64(1) << Int64.random(in: 0...50, using: &random)
            let greatest = [100, 100, 200, 1000].randomElement(using: &random) ?? 100
            cap = QuotaCap(
                key: 7,
                meter: QuotaCap.Meter.allCases.randomElement(using: &random) ?? .total,
                allowance: .random(in: 1...magnitude, using: &random),
                greatestPercent: Int64(greatest),
                hasCheapHours: Int.random(in: 0..<3, using: &random) == 0
            )
            let speeds: [Int64] = [0, 1, 512_000, 50_000_000, 1_000_000_000, 10_000_000_000]
            speed = SpeedPair(
                download: speeds.randomElement(using: &random) ?? 0,
                upload: speeds.randomElement(using: &random) ?? 0
            )
            let used = Int64.random(in: -cap.allowance / 4...cap.allowance + cap.allowance / 4, using: &random)
            left = max(0, cap.allowance - used)
            endsAtVolume = .random(using: &random)
            shortest = .random(in: 60...600, using: &random)
            bounds = QuotaBounds(
                [cap],
                marks: [QuotaMark(key: 7, used: used, until: QuotaBoundsTests.end)],
                speed: speed,
                endsAtVolume: endsAtVolume,
                shortest: shortest,
                now: QuotaBoundsTests.now
            )
        }

        /// The octets or seconds after which the NAS ends the session.
        var limit: Int64? {
            switch cap.meter {
            case .total: bounds.total
            case .download: bounds.download
            case .upload: bounds.upload
            case .seconds: bounds.seconds.map { Int64($0) }
            }
        }

        /// Bits a second that the meter sees at most; nil for no limit.
        var pace: Int64? {
            let pace =
                switch cap.meter {
                case .total: speed.download > 0 && speed.upload > 0 ? speed.download + speed.upload : 0
                case .download: speed.download
                case .upload: speed.upload
                case .seconds: Int64(8)
                }
            return pace > 0 ? pace : nil
        }
    }

    @Test func `where the NAS obeys no more than a hundredth of an allowance is passed over`() {
        var random = SeededRandom()
        var (limits, reports, far) = (0, 0, 0)
        for _ in 0..<4000 {
            let sample = Case(&random)
            let (cap, bounds) = (sample.cap, sample.bounds)
            let comment = "\(cap), \(sample.left) left, \(sample.speed): \(bounds)"
            guard sample.left > 0 else {
                #expect(bounds.isEmpty, "\(comment)")
                continue
            }
            let ends = !cap.hasCheapHours && (sample.endsAtVolume || cap.meter == .seconds)
            #expect((sample.limit != nil) == ends, "\(comment)")
            if let limit = sample.limit {
                limits += 1
                // Whatever the hour it counts no more than is left; but a session is let have something.
                let counted = limit.multipliedFullWidth(by: cap.greatestPercent)
                let left = sample.left.multipliedFullWidth(by: 100)
                #expect(limit == 1 || (counted.high, counted.low) <= (left.high, left.low), "\(comment)")
                if cap.greatestPercent == 100, sample.left <= UInt32.max { #expect(limit == sample.left, "\(comment)") }
            } else if let interim = bounds.interim {
                reports += 1
                #expect(interim >= sample.shortest, "\(comment)")
                guard interim > sample.shortest, let pace = sample.pace else { continue }
                let passed = Double(interim) * Double(pace) / 8 * Double(cap.greatestPercent) / 100
                #expect(passed <= Double(cap.allowance) / 100 * 1.000_001, "\(comment)")
            } else {
                far += 1
                // Neither near by volume, nor to be reached within the hour.
                #expect(sample.left > cap.allowance / 100 * QuotaBounds.nearPercent, "\(comment)")
                let needed = Double(sample.left) * 800 / Double(cap.greatestPercent) / Double(sample.pace ?? .max)
                #expect(needed >= Double(QuotaBounds.nearSeconds), "\(comment)")
            }
        }
        #expect(limits > 100 && reports > 100 && far > 100)
    }

    @Test func `the tightest of several quotas bounds, each in its own direction`() {
        let caps = [
            QuotaCap(key: 1, meter: .total, allowance: 1000), QuotaCap(key: 2, meter: .total, allowance: 5000),
            QuotaCap(key: 3, meter: .download, allowance: 700), QuotaCap(key: 4, meter: .seconds, allowance: 90),
        ]
        // The first window is over and another whole one holds; of the third more was bought than used.
        let marks = [
            QuotaMark(key: 1, used: 990, until: Self.now.microseconds / 1_000_000),
            QuotaMark(key: 2, used: 4600, until: Self.end), QuotaMark(key: 3, used: -50, until: Self.end),
            QuotaMark(key: 9, used: 1, until: Self.end),
        ]
        let bounds = QuotaBounds(
            caps,
            marks: marks,
            speed: SpeedPair(download: 8000, upload: 8000),
            endsAtVolume: true,
            shortest: 60,
            now: Self.now
        )
        #expect((bounds.total, bounds.download, bounds.upload) == (400, 750, nil))
        #expect(bounds.seconds == 90 && bounds.interim == nil)
    }

    @Test func `marks come back from their column, and what is none is refused`() {
        var random = SeededRandom()
        for _ in 0..<200 {
            let marks = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                QuotaMark(
                    key: .random(in: 0...(.max >> 1), using: &random),
                    used: .random(in: .min ... .max, using: &random),
                    until: .random(in: 0...4_000_000_000, using: &random)
                )
            }
            #expect(QuotaMark.list(QuotaMark.column(marks)) == marks)
        }
        for column in ["1", "1,2", "1,2,x", "1,2,3,", "1,,3"] { #expect(QuotaMark.list(column) == nil, "\(column)") }
    }
}
