import Domain
import RADIUS
import SharedTesting
import Testing

@testable import RadiusServer

/// What Class says of the terms that a login was admitted under.
@Suite(.proves("RAD-10", "ACC-02")) struct TermsTests {
    private static let until = UInt32(ExtrasWorld.noon / 1_000_000) + 10
    private static let always = SpeedWindow(days: .all, start: 0, end: 0, profile: ExtrasWorld.night.profile)

    private func read(_ value: [UInt8]) -> AdmissionClass? {
        unsafe value.withUnsafeBytes { unsafe AdmissionClass($0) }
    }

    /// Class as a reply holds it.
    private func written(_ admission: AdmissionClass) throws -> [UInt8] {
        var room = [UInt8](repeating: 0, count: 256)
        let length = unsafe room.withUnsafeMutableBytes { room in
            var reply = unsafe ReplyWriter(into: room, code: .accountingResponse, identifier: 1)
            admission.append(to: &reply)
            return reply.leave()
        }
        let attribute = Array(room[20..<length])
        #expect(attribute.prefix(2) == [AttributeType.class, UInt8(attribute.count)])
        return Array(attribute.dropFirst(2))
    }

    private func terms(_ directory: Directory, isConfined: Bool = false) throws -> TermsDigest? {
        let reply = try ExtrasWorld.accept(directory, isConfined: isConfined).packet
        let value = try #require(reply.first(AttributeType.class))
        return try #require(read(value)).terms
    }

    @Test func `Class is read as it was written, in all formats`() throws {
        var random = SeededRandom()
        for round in 0..<200 {
            var admission = AdmissionClass(
                decisionVersion: UInt16.random(in: 0 ... .max, using: &random),
                admissionID: UUID128(high: random.next(), low: random.next()),
                serviceID: UUID128(high: random.next(), low: random.next()),
                terms: round % 4 == 0 ? nil : TermsDigest(rawValue: UInt64.random(in: 1 ... .max, using: &random)),
                endsAt: round % 3 == 0 ? 0 : UInt32.random(in: 1 ... .max, using: &random)
            )
            let value = try written(admission)
            #expect(value.count == 49 && value.prefix(3) == [0x4e, 3, 0])
            #expect(read(value) == admission)
            // As sessions from before the end, and from before the digest, have it.
            admission.endsAt = 0
            #expect(read([0x4e, 2] + value[2..<45]) == admission)
            let old = [0x4e, 1] + value[2..<37]
            admission.terms = nil
            #expect(read(old) == admission)
        }
    }

    @Test func `what has another length or format is another server's`() throws {
        let admission = AdmissionClass(
            decisionVersion: 3,
            admissionID: UUID128(high: 1, low: 2),
            serviceID: UUID128(high: 3, low: 4),
            terms: TermsDigest(rawValue: 0x0102_0304_0506_0708),
            endsAt: 0x090a_0b0c
        )
        let value = try written(admission)
        #expect(value.suffix(12) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
        for count in 0...253 where count != 49 {
            #expect(read(Array((value + [UInt8](repeating: 0, count: 253)).prefix(count))) == nil, "\(count) octets")
        }
        for format: UInt8 in [0, 1, 2, 4, 255] { #expect(read([0x4e, format] + value.dropFirst(2)) == nil) }
        #expect(read([0x4d] + value.dropFirst()) == nil)
    }

    @Test func `the terms are the speed that the answer gives`() throws {
        let plain = try ExtrasWorld.directory()
        let row = try #require(plain.plans.first?.row)
        #expect(try terms(plain) == TermsDigest(row.speed, isConfined: false))
        let windowed = try ExtrasWorld.directory(windows: [Self.always])
        #expect(try terms(windowed) == TermsDigest(Self.always.profile, isConfined: false))
        let throttled = try ExtrasWorld.directory(
            windows: [Self.always],
            restriction: StoredRestriction(kind: 3, until: Self.until)
        )
        let slow = SpeedProfile(rate: row.throttles[0].rate, priority: Int(row.priority))
        #expect(try terms(throttled) == TermsDigest(slow, isConfined: false))
        #expect(throttled.plans.first?.speeds.profiles == [row.speed, Self.always.profile, slow])
    }

    @Test func `the walled garden's are other terms, whatever a quota left`() throws {
        for restriction in [StoredRestriction(), StoredRestriction(kind: 3, until: Self.until)] {
            let directory = try ExtrasWorld.directory(restriction: restriction)
            let row = try #require(directory.plans.first?.row)
            #expect(try terms(directory, isConfined: true) == TermsDigest(row.speed, isConfined: true))
        }
    }

    @Test func `a boost's are those of the plan that it lends`() throws {
        let fast = UUID128(high: 0xfa57, low: 1)
        let boost = ServiceBoost(planID: fast, until: ExtrasWorld.noon + 1)
        let directory = try ExtrasWorld.directory(boost: boost)
        let lent = PlanRow(
            id: fast,
            tenantID: SampleDirectory.tenant,
            downloadBPS: 90_000_000,
            uploadBPS: 30_000_000,
            interimInterval: 120,
            version: 200
        )
        directory.apply(lent)
        #expect(try terms(directory) == TermsDigest(lent.speed, isConfined: false))
    }

    @Test(.proves("COA-06")) func `the end is told where the session ends because its service does`() throws {
        // Answers here allow an hour.
        let hour = ExtrasWorld.noon + 3_600_000_000
        let cases: [(expiresAt: Int64, endsAt: UInt32)] = [
            (SubscriberRecord.never, 0), (hour, UInt32(hour / 1_000_000)), (hour - 1, UInt32(hour / 1_000_000)),
            // Its plan ends it a day before.
            (hour + 86_400_000_000, 0),
        ]
        for (expiresAt, endsAt) in cases {
            let directory = try ExtrasWorld.directory(expiresAt: expiresAt)
            for isConfined in [false, true] {
                let reply = try ExtrasWorld.accept(directory, isConfined: isConfined).packet
                #expect(reply.first(AttributeType.sessionTimeout) == [0, 0, 0x0e, 0x10])
                let value = try #require(reply.first(AttributeType.class))
                #expect(try #require(read(value)).endsAt == (isConfined ? 0 : endsAt), "\(expiresAt)")
            }
        }
    }

    @Test func `every vendor's answer has the same terms`() throws {
        let digests = try NASVendor.allCases.map { try terms(try ExtrasWorld.directory(vendor: $0)) }
        #expect(digests[0] != nil && Set(digests).count == 1)
    }
}
