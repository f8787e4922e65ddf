import Domain
import RADIUS
import SharedTesting
import Testing

@testable import RadiusServer

/// What a boost does to the answer.
@Suite(.proves("BST-05", "BST-06")) struct BoostAccessTests {
    private static let fast = UUID128(high: 0xfa57, low: 1)
    private static let end = ExtrasWorld.noon + 10_000_001

    /// `bob` with a boost, and the plan that it lends him.
    private func directory(
        windows: [SpeedWindow] = [],
        restriction: StoredRestriction = StoredRestriction(),
        isKnown: Bool = true
    ) throws -> Directory {
        let directory = try ExtrasWorld.directory(
            windows: windows,
            restriction: restriction,
            boost: ServiceBoost(planID: Self.fast, until: Self.end)
        )
        if isKnown {
            directory.apply(
                PlanRow(
                    id: Self.fast,
                    tenantID: SampleDirectory.tenant,
                    downloadBPS: 90_000_000,
                    uploadBPS: 30_000_000,
                    interimInterval: 120,
                    version: 200
                )
            )
        }
        return directory
    }

    private func rateLimits(_ directory: Directory, at wallTime: Int64, isConfined: Bool = false) throws -> [String] {
        try ExtrasWorld.accept(directory, at: wallTime, isConfined: isConfined).packet.attributes.compactMap {
            attribute in
            let text = String(decoding: attribute.value, as: UTF8.self)
            return attribute.type == AttributeType.vendorSpecific && text.contains("/")
                ? String(text.unicodeScalars.drop { !("0"..."9").contains($0) }) : nil
        }
    }

    @Test func `a boosted service has the boost's speeds up to its instant, and by itself its own from then on`() throws
    {
        let plain = try rateLimits(try ExtrasWorld.directory(windows: []), at: ExtrasWorld.noon)
        let directory = try directory()
        for time in [ExtrasWorld.noon, Self.end - 1] {
            let boosted = try rateLimits(directory, at: time)
            #expect(boosted.count == 1 && boosted[0].hasPrefix("30M/90M"), "\(boosted)")
        }
        for time in [Self.end, Self.end + 1_000_000] { #expect(try rateLimits(directory, at: time) == plain) }
        // The own plan's hours of other speeds are not the boost's.
        let whole = SpeedWindow(days: .all, start: 0, end: 0, profile: ExtrasWorld.night.profile)
        let timed = try self.directory(windows: [whole])
        #expect(try rateLimits(timed, at: ExtrasWorld.noon)[0].hasPrefix("30M/90M"))
        #expect(try !rateLimits(timed, at: Self.end)[0].hasPrefix("30M/90M"))
    }

    @Test func `a quota that slows the service down goes before, and so does the walled garden`() throws {
        let until = UInt32(ExtrasWorld.noon / 1_000_000) + 5
        let slow = try directory(restriction: StoredRestriction(kind: 3, until: until))
        let throttled = try rateLimits(slow, at: ExtrasWorld.noon)
        #expect(throttled.count == 1 && throttled[0].hasPrefix("1M/2M"), "\(throttled)")
        // Once its window is over the boost holds for what is left of it.
        #expect(try rateLimits(slow, at: Int64(until) * 1_000_000)[0].hasPrefix("30M/90M"))
        let confined = try rateLimits(try directory(), at: ExtrasWorld.noon, isConfined: true)
        #expect(!confined.isEmpty && !confined[0].hasPrefix("30M/90M"), "\(confined)")
    }

    @Test func `a boost whose plan is gone is none, and another row of the service ends it`() throws {
        let plain = try rateLimits(try ExtrasWorld.directory(windows: []), at: ExtrasWorld.noon)
        #expect(try rateLimits(try directory(isKnown: false), at: ExtrasWorld.noon) == plain)
        let directory = try directory()
        directory.removePlan(Self.fast)
        #expect(try rateLimits(directory, at: ExtrasWorld.noon) == plain)
        let again = try self.directory()
        var bob = SampleDirectory.service(1, "bob", "hello123")
        bob.version = 300
        again.apply(bob)
        let index = try #require(again.subscribers.find(service: bob.id))
        #expect(again.boost(index) == nil && again.boostPlan(index, at: ExtrasWorld.noon) == nil)
    }
}
