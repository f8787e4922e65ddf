import Domain
import SharedTesting
import Testing

@Suite(.proves("RAD-18")) struct TermsDigestTests {
    private static let bursting = SpeedProfile(
        rate: SpeedPair(download: 50_000_000, upload: 10_000_000),
        burst: SpeedProfile.Burst(
            rate: SpeedPair(download: 80_000_000, upload: 20_000_000),
            threshold: SpeedPair(download: 40_000_000, upload: 8_000_000),
            seconds: 16
        ),
        priority: 5,
        guaranteed: SpeedPair(download: 5_000_000, upload: 1_000_000)
    )
    private static let extreme = SpeedProfile(
        rate: SpeedPair(download: .max, upload: 1),
        priority: 1,
        guaranteed: SpeedPair(download: -1, upload: 0)
    )

    /// Reckoned by another implementation: sessions that are on carry these, so they never change.
    private static let golden: [(SpeedProfile, isConfined: Bool, UInt64)] = [
        (.unlimited, false, 0x13ad_91e4_08ad_7995), (.unlimited, true, 0x13ad_90e4_08ad_77e2),
        (SpeedProfile(rate: bursting.rate), false, 0x2656_7c4a_1d3b_3c9b), (bursting, false, 0x5845_f008_faf5_2e24),
        (bursting, true, 0x5845_f108_faf5_2fd7), (extreme, false, 0x7a43_df00_052f_ba57),
    ]

    @Test(arguments: golden)
    func `a digest never changes`(_ speed: SpeedProfile, _ isConfined: Bool, _ expected: UInt64) {
        #expect(TermsDigest(speed, isConfined: isConfined).rawValue == expected)
        #expect(TermsDigest(speed, isConfined: isConfined) == TermsDigest(rawValue: expected))
    }

    @Test func `every part of the terms counts`() {
        var random = SeededRandom()
        for _ in 0..<120 {
            let speed = SpeedProfile.any(&random)
            let isConfined = Bool.random(using: &random)
            let digest = TermsDigest(speed, isConfined: isConfined)
            #expect(digest == TermsDigest(speed, isConfined: isConfined) && digest.rawValue != 0)
            let others = Self.neighbours(of: speed, &random)
            let digests =
                [TermsDigest(speed, isConfined: !isConfined)] + others.map { TermsDigest($0, isConfined: isConfined) }
            #expect(!digests.contains(digest), "\(speed)")
            #expect(Set(digests).count == digests.count, "\(speed)")
        }
    }

    /// Profiles that differ from this one, each in one part.
    private static func neighbours(of speed: SpeedProfile, _ random: inout SeededRandom) -> [SpeedProfile] {
        var parts: [WritableKeyPath<SpeedProfile, Int64>] = [
            \.rate.download, \.rate.upload, \.guaranteed.download, \.guaranteed.upload,
        ]
        var others: [SpeedProfile] = []
        func change(_ change: (inout SpeedProfile) -> Void) {
            var other = speed
            change(&other)
            others.append(other)
        }
        change { $0.priority += 1 }
        if speed.burst == nil {
            // A burst of nothing is not the same as none.
            let none = SpeedPair(download: 0, upload: 0)
            change { $0.burst = SpeedProfile.Burst(rate: none, threshold: none, seconds: 0) }
        } else {
            change { $0.burst = nil }
            change { $0.burst?.seconds += 1 }
            change { $0.burst?.rate.download ^= 1 }
            change { $0.burst?.rate.upload ^= 1 }
            change { $0.burst?.threshold.download ^= 1 }
            change { $0.burst?.threshold.upload ^= 1 }
        }
        parts.shuffle(using: &random)
        for part in parts { change { $0[keyPath: part] ^= 1 << Int64.random(in: 0..<40, using: &random) } }
        return others
    }
}

extension SpeedProfile {
    /// Any that a plan may have, half of them with a burst.
    static func any(_ random: inout SeededRandom) -> SpeedProfile {
        func pair() -> SpeedPair {
            SpeedPair(
                download: Int64.random(in: 0...10_000_000_000, using: &random),
                upload: Int64.random(in: 0...10_000_000_000, using: &random)
            )
        }
        let rate = pair()
        let burst =
            Bool.random(using: &random)
            ? Burst(rate: pair(), threshold: pair(), seconds: Int.random(in: 1...600, using: &random)) : nil
        let priority = Int.random(in: 1...8, using: &random)
        return SpeedProfile(rate: rate, burst: burst, priority: priority, guaranteed: pair())
    }
}
