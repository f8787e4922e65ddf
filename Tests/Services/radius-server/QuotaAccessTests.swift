import Domain
import RADIUS
import SharedTesting
import Testing

@testable import RadiusServer

/// What a used-up quota does to the answer.
@Suite(.proves("FUP-01", "FUP-11")) struct QuotaAccessTests {
    private static let until = UInt32(ExtrasWorld.noon / 1_000_000) + 10

    private func rateLimit(_ directory: Directory, at wallTime: Int64) throws -> [String] {
        try ExtrasWorld.accept(directory, at: wallTime).packet.attributes.compactMap { attribute in
            let text = String(decoding: attribute.value, as: UTF8.self)
            return attribute.type == AttributeType.vendorSpecific && text.contains("/")
                ? String(text.unicodeScalars.drop { !("0"..."9").contains($0) }) : nil
        }
    }

    @Test func `a throttled service gets the quota's speeds until its instant, whatever the hour's are`() throws {
        let whole = ExtrasWorld.noon
        for windows in [
            [], [ExtrasWorld.night], [SpeedWindow(days: .all, start: 0, end: 0, profile: ExtrasWorld.night.profile)],
        ] {
            let free = try ExtrasWorld.directory(windows: windows)
            let slow = try ExtrasWorld.directory(
                windows: windows,
                restriction: StoredRestriction(kind: 3, until: Self.until)
            )
            let (usual, throttled) = (try rateLimit(free, at: whole), try rateLimit(slow, at: whole))
            #expect(usual.count == 1 && throttled.count == 1 && usual != throttled)
            #expect(throttled[0].hasPrefix("1M/2M") || throttled[0].hasPrefix("1000000/2000000"))
            #expect(try rateLimit(slow, at: Int64(Self.until) * 1_000_000) == usual)
            // One that the plan does not know counts as none.
            let unknown = try ExtrasWorld.directory(
                windows: windows,
                restriction: StoredRestriction(kind: 4, until: Self.until)
            )
            #expect(try rateLimit(unknown, at: whole) == usual)
        }
    }

    @Test func `a restriction costs a record eight octets at most`() {
        #expect(MemoryLayout<SubscriberRecord>.stride <= 104)
        #expect(MemoryLayout<StoredRestriction>.size == 8)
    }
}
