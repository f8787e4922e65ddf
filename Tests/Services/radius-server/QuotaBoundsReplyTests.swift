import Domain
import Profiles
import RADIUS
import SharedTesting
import Testing

@testable import RadiusServer

/// What is left of quotas in the answer, vendor by vendor.
@Suite(.proves("FUP-01", "FUP-03", "RAD-11")) struct QuotaBoundsReplyTests {
    private static let end = ExtrasWorld.noon / 1_000_000 + 86_400

    private static func cap(_ meter: QuotaCap.Meter, _ allowance: Int64, cheap: Bool = false) -> QuotaCap {
        QuotaCap(key: UInt64(meter.rawValue) + 1, meter: meter, allowance: allowance, hasCheapHours: cheap)
    }

    private static func mark(_ meter: QuotaCap.Meter, _ used: Int64, until: Int64 = end) -> QuotaMark {
        QuotaMark(key: UInt64(meter.rawValue) + 1, used: used, until: until)
    }

    private func accept(
        _ caps: [QuotaCap],
        _ marks: [QuotaMark],
        vendor: NASVendor = .mikrotik,
        swapped: Bool = false,
        service: [ReplyOperation] = [],
        isConfined: Bool = false
    ) throws -> Packet {
        let directory = try ExtrasWorld.directory(
            plan: [],
            nas: [],
            service: service,
            windows: [],
            caps: caps,
            marks: marks,
            vendor: vendor,
            swapped: swapped
        )
        return try ExtrasWorld.accept(directory, isConfined: isConfined).packet
    }

    private func number(_ octets: [UInt8]?) -> Int64? { octets.map { $0.reduce(0) { $0 << 8 | Int64($1) } } }

    /// The volume that two of a vendor's attributes say; nil without the first.
    private func volume(_ packet: Packet, _ vendor: UInt32, _ low: UInt8, _ gigawords: UInt8) -> Int64? {
        number(packet.firstVendor(vendor, low)).map { $0 | (number(packet.firstVendor(vendor, gigawords)) ?? 0) << 32 }
    }

    private func interim(_ packet: Packet) -> Int64? { number(packet.first(AttributeType.acctInterimInterval)) }

    @Test func `every volume comes back from the attributes of the vendors that have them`() throws {
        var random = SeededRandom()
        for number in 0..<120 {
            let allowance = Int64.random(in: 1 << 34...(1 << 50), using: &random)
            let meters: [QuotaCap.Meter] = [.total, .download, .upload]
            // Small, around 32 bits, and whatever else.
            let left = meters.map { _ in
                [
                    .random(in: 1...9, using: &random), (1 << 32) + .random(in: -1...1, using: &random),
                    .random(in: 1...allowance, using: &random),
                ].randomElement(using: &random) ?? 1
            }
            let caps = meters.map { Self.cap($0, allowance) }
            let marks = zip(meters, left).map { Self.mark($0, allowance - $1) }
            let comment = "\(number): \(left)"
            let mikrotik = try accept(caps, marks)
            #expect(volume(mikrotik, Vendor.mikrotik, 17, 18) == left[0], "\(comment)")
            #expect(volume(mikrotik, Vendor.mikrotik, 2, 15) == left[1], "\(comment)")
            #expect(volume(mikrotik, Vendor.mikrotik, 1, 14) == left[2], "\(comment)")
            #expect((mikrotik.firstVendor(Vendor.mikrotik, 18) == nil) == (left[0] >> 32 == 0), "\(comment)")
            #expect(interim(mikrotik) == 300, "\(comment)")
            for swapped in [false, true] {
                let chilli = try accept(caps, marks, vendor: .coovachilli, swapped: swapped)
                #expect(volume(chilli, Vendor.chilliSpot, 3, 23) == left[0], "\(comment)")
                #expect(volume(chilli, Vendor.chilliSpot, 2, 22) == left[swapped ? 2 : 1], "\(comment)")
                #expect(volume(chilli, Vendor.chilliSpot, 1, 21) == left[swapped ? 1 : 2], "\(comment)")
            }
        }
    }

    @Test(arguments: NASVendor.allCases) func `a quota that bounds nothing leaves the answer as it is`(
        _ vendor: NASVendor
    ) throws {
        func octets(_ caps: [QuotaCap], _ marks: [QuotaMark], isConfined: Bool = false) throws -> [[UInt8]] {
            try accept(caps, marks, vendor: vendor, isConfined: isConfined).attributes.dropFirst()
                .map { [$0.type] + $0.value }
        }
        let (free, confined) = (try octets([], []), try octets([], [], isConfined: true))
        #expect(try octets([], [Self.mark(.total, 5)]) == free)
        // Nothing is left: the policy holds already.
        #expect(try octets([Self.cap(.total, 1000)], [Self.mark(.total, 1000)]) == free)
        #expect(try octets([Self.cap(.seconds, 1000)], [Self.mark(.seconds, 2000)]) == free)
        // The walled garden has no quotas.
        #expect(try octets([Self.cap(.total, 1000)], [Self.mark(.total, 990)], isConfined: true) == confined)
        // Far from the end, where the NAS ends no session at a volume.
        let far = try octets([Self.cap(.total, 1 << 50, cheap: true)], [Self.mark(.total, 1 << 40)])
        #expect(far == free)
    }

    @Test func `other vendors are to report more often near the end, and never more seldom than the plan says`() throws
    {
        // A hundredth of 100 GB passes in 133 s at 60 Mbit/s.
        let caps = [Self.cap(.total, 100_000_000_000)]
        for vendor in NASVendor.allCases where vendor != .mikrotik && vendor != .coovachilli {
            #expect(interim(try accept(caps, [Self.mark(.total, 70_000_000_000)], vendor: vendor)) == 300)
            let near = try accept(caps, [Self.mark(.total, 81_000_000_000)], vendor: vendor)
            #expect(interim(near) == 133)
            #expect(near.attributes.filter { $0.type == AttributeType.acctInterimInterval }.count == 1)
            // 60 s are the fewest, and another window is whole.
            #expect(interim(try accept([Self.cap(.upload, 1000)], [], vendor: vendor)) == 60)
            let over = Self.mark(.total, 99_000_000_000, until: ExtrasWorld.noon / 1_000_000)
            #expect(interim(try accept(caps, [over], vendor: vendor)) == 300)
        }
        // Hours that count less: what is left may last longer than it seems.
        let cheap = try accept([Self.cap(.total, 100_000_000_000, cheap: true)], [Self.mark(.total, 90_000_000_000)])
        #expect(interim(cheap) == 133 && volume(cheap, Vendor.mikrotik, 17, 18) == nil)
        // An operator's own shorter interval stays, and one taken out stays out.
        let own = [try ExtrasWorld.operation("Acct-Interim-Interval", .set, "90")]
        let none = [try ExtrasWorld.operation("Acct-Interim-Interval", .remove)]
        let marks = [Self.mark(.total, 81_000_000_000)]
        #expect(interim(try accept(caps, marks, vendor: .cisco, service: own)) == 90)
        #expect(interim(try accept(caps, marks, vendor: .cisco, service: none)) == nil)
    }

    @Test func `a session ends with the time that is left, and an operator's attributes go before volumes`() throws {
        func timeout(_ left: Int64) throws -> Int64? {
            let packet = try accept([Self.cap(.seconds, 36_000)], [Self.mark(.seconds, 36_000 - left)], vendor: .cisco)
            #expect(packet.attributes.filter { $0.type == AttributeType.sessionTimeout }.count == 1)
            return number(packet.first(AttributeType.sessionTimeout))
        }
        #expect(try timeout(3599) == 3599)
        #expect(try timeout(1) == 1)
        // The plan's own is 3600.
        #expect(try timeout(7200) == 3600)
        let removal = [try ExtrasWorld.operation("Mikrotik-Total-Limit", .remove)]
        let packet = try accept([Self.cap(.total, 1000)], [], service: removal)
        #expect(packet.firstVendor(Vendor.mikrotik, 17) == nil)
    }

    @Test func `caps and marks come back from a snapshot, and go with their service`() throws {
        let caps = [Self.cap(.upload, 5, cheap: true), Self.cap(.seconds, .max)]
        let marks = [Self.mark(.upload, -7), Self.mark(.seconds, 12)]
        let directory = try ExtrasWorld.directory(caps: caps, marks: marks)
        var writer = SnapshotWriter()
        writer.add(directory)
        var reader = SnapshotReader(writer.octets)
        let restored = try reader.directory(now: 0)
        let bob = try #require(restored.subscribers.find(service: SampleDirectory.service(1, "bob", nil).id))
        #expect(restored.marks(bob) == marks && restored.plans.first?.caps == caps)
        directory.apply(SampleDirectory.service(1, "bob", "hello123"))
        let again = try #require(directory.subscribers.find(service: SampleDirectory.service(1, "bob", nil).id))
        #expect(directory.marks(again).isEmpty)
    }
}
