import Crypto
import Domain
import Events
import RADIUS
import SharedTesting
import Testing
import WireFormat

@testable import RadiusServer

@Suite struct AccountingEncoderTests {
    private func encode(_ attributes: [Attribute], swapped: Bool = false, directory: Directory = SampleDirectory.make())
        throws -> AccountingRecord
    {
        let packet = Packet(.accountingRequest, identifier: 1, attributes: attributes)
        let octets = try #require(packet.encodedRequest(secret: .init(Array(SampleDirectory.secret.utf8))))
        let record = JournalRecord(
            sequence: 1,
            receivedAt: 1_795_000_000_000_000,
            eventID: UUID128(high: 1, low: 2),
            tenantID: SampleDirectory.tenant,
            nasID: SampleDirectory.nas,
            sourceHigh: 0,
            sourceLow: 0xffff_7f00_0001,
            sourcePort: 1,
            flags: swapped ? JournalRecord.swapsOctets : 0
        )
        let encoder = AccountingEncoder(directory: DirectoryStore(directory), source: "/radius-server/test")
        let message = unsafe octets.withUnsafeBytes {
            unsafe encoder.encode([JournalledPacket(record: record, octets: $0)])
        }
        #expect(message.subject == "accounting.sessions.\(SampleDirectory.tenant).\(SampleDirectory.nas)")
        #expect(message.id == UUID128(high: 1, low: 2).description)
        let decoded = try AccountingRecorded(decoding: message.payload)
        #expect(decoded.source == "/radius-server/test" && decoded.records.count == 1)
        return decoded.records[0]
    }

    private let stop: [Attribute] = [
        Attribute(AttributeType.acctStatusType, 2), Attribute(AttributeType.userName, text: "bob"),
        Attribute(AttributeType.acctSessionID, text: "8000002a"), Attribute(AttributeType.acctSessionTime, 3_600),
        Attribute(AttributeType.acctInputOctets, 7), Attribute(AttributeType.acctInputGigawords, 5),
        Attribute(AttributeType.acctOutputOctets, 0), Attribute(AttributeType.acctOutputGigawords, 3),
        Attribute(AttributeType.acctDelayTime, 30), Attribute(AttributeType.framedIPAddress, 0x0a14_1e28),
    ]

    @Test("Gigawords make 64-bit counters; the service is found by name", .proves("ACC-07", "ACC-08", "RAD-23"))
    func counters() throws {
        let record = try encode(stop)
        #expect(record.inputOctets == (5 << 32) + 7 && record.outputOctets == 3 << 32)
        #expect(record.statusType == .stop && record.hasGigawords)
        #expect(record.serviceID == ServiceID(UUID128(high: 4, low: 1)))
        #expect(record.customerID == CustomerID(UUID128(high: 5, low: 1)))
        #expect(record.startedAt == record.receivedAt.adding(microseconds: -3_630_000_000))
        #expect(record.framedIPv4 == "10.20.30.40")
        #expect(record.nasName == "bras-1")
    }

    @Test("A NAS that counts from the subscriber's side is turned round")
    func swapped() throws {
        let record = try encode(stop, swapped: true)
        #expect(record.inputOctets == 3 << 32 && record.outputOctets == (5 << 32) + 7)
    }

    @Test("Where a NAS behind a range of addresses is, is told; one address needs no telling", .proves("COA-01"))
    func sources() throws {
        #expect(try encode(stop).sourceAddress == "127.0.0.1")
        let directory = SampleDirectory.make()
        var row = SampleDirectory.nas(true, 0, SampleDirectory.secret)
        row.range = AddressRange(high: 0, low: 0xffff_7f00_0001, length: 128)
        row.version = 102
        directory.apply(row, now: 0)
        #expect(try encode(stop, directory: directory).sourceAddress == nil)
        #expect(AddressText.source(high: 0x2001_0db8_0000_0001, low: 7) == "2001:db8:0:1:0:0:0:7")
        #expect(IPAddress(AddressText.source(high: .max, low: .max)) != nil)
    }

    @Test("It is ready once a directory was put in place: without one, records would be nobody's", .proves("ACC-02"))
    func readiness() {
        let store = DirectoryStore(SampleDirectory.make())
        let encoder = AccountingEncoder(directory: store, source: "/radius-server/test")
        #expect(!encoder.isReady)
        store.replace(with: SampleDirectory.make())
        #expect(encoder.isReady)
    }

    @Test("Class wins over the user name", .proves("ACC-02"))
    func classWins() throws {
        var value: [UInt8] = [0x4e, 1, 0, 0, 1]
        value += UUID128(high: 77, low: 78).bytes + UUID128(high: 4, low: 3).bytes
        let record = try encode(stop + [Attribute(AttributeType.class, value)])
        #expect(record.admissionID == AdmissionID(UUID128(high: 77, low: 78)))
        #expect(record.serviceID == ServiceID(UUID128(high: 4, low: 3)))
        #expect(record.decisionVersion == 1 && record.termsDigest == nil)
        // Format 2 ends with the digest of the terms; 0 is none.
        let newer = [0x4e, 2] + value[2...]
        let told = try encode(stop + [Attribute(AttributeType.class, newer + [0, 0, 0, 0, 0, 0, 1, 2])])
        #expect(told.admissionID == record.admissionID && told.serviceID == record.serviceID)
        #expect(told.decisionVersion == 1 && told.termsDigest == 258)
        let silent = try encode(stop + [Attribute(AttributeType.class, newer + [UInt8](repeating: 0, count: 8))])
        #expect(silent.admissionID == record.admissionID && silent.termsDigest == nil)
        // Format 3 ends with the second in which the session's service ends; 0 is none.
        let newest = [0x4e, 3] + newer[2...] + [0, 0, 0, 0, 0, 0, 1, 2]
        let ending = try encode(stop + [Attribute(AttributeType.class, newest + [0x6b, 0x49, 0xd2, 0])])
        #expect(ending.termsDigest == 258 && ending.grantedUntil == Timestamp(secondsSince1970: 0x6b49_d200))
        let endless = try encode(stop + [Attribute(AttributeType.class, newest + [0, 0, 0, 0])])
        #expect(endless.termsDigest == 258 && endless.grantedUntil == nil)
        let foreign = try encode(stop + [Attribute(AttributeType.class, text: "t1:s42")])
        #expect(
            foreign.termsDigest == nil && foreign.admissionID == nil
                && foreign.serviceID == ServiceID(UUID128(high: 4, low: 1))
        )
    }

    @Test("Texts that are not UTF-8 or hold NUL become storable")
    func texts() throws {
        let record = try encode([
            Attribute(AttributeType.acctStatusType, 1), Attribute(AttributeType.userName, [0x62, 0, 0xff, 0x6f]),
        ])
        #expect(record.username == "b\u{fffd}o")
        #expect(record.serviceID == nil)
    }
}
