import Domain
import Events
import SharedTesting
import Testing
import WireFormat

@Suite struct AccountingRecordedTests {
    private func json(_ message: AccountingRecorded) -> [UInt8] {
        var writer = JSONWriter()
        message.encode(into: &writer)
        return writer.finish()
    }

    private func text(_ records: [AccountingRecord]) -> String {
        String(decoding: json(AccountingRecorded(source: "/tests", records: records)), as: UTF8.self)
    }

    @Test(.proves("MSG-06", "MSG-11"))
    func `messages of one to sixty-four records read back as they were written`() throws {
        var random = SeededRandom("messages of accounting records")
        var reading = AccountingRecorded.Reading()
        var all: [AccountingRecord] = []
        for round in 0..<256 {
            let message = Samples.message(records: round % 64 + 1, &random)
            let bytes = json(message)
            #expect(try AccountingRecorded(decoding: bytes) == message)
            #expect(try reading.read(bytes) == message.records.count)
            #expect(reading.refusals.isEmpty && reading.source == message.source)
            all += message.records
            // Each record by itself is the message that its server would have made of it alone.
            let parts = try AccountingRecorded.parts(of: bytes)
            #expect(parts.map(\.id) == message.records.map(\.id))
            #expect(
                parts.map(\.payload)
                    == message.records.map { json(AccountingRecorded(source: message.source, records: [$0])) }
            )
        }
        #expect(reading.records == all)
    }

    @Test func `the id names the first and the last record`() throws {
        let first = Samples.minimalRecord
        var last = first
        last.id = EventID(Samples.id(8))
        #expect(AccountingRecorded(source: "/x", records: [first]).id.description == first.id.description)
        #expect(AccountingRecorded(source: "/x", records: [first, last]).id.description == "\(first.id).\(last.id)")
        let envelope = text([first, last])
        #expect(envelope.contains(#""id":"\#(first.id).\#(last.id)""#))
        // Every other event has one id.
        #expect(throws: JSONError.invalidMember("id")) { _ = try EventEnvelope(decoding: Array(envelope.utf8)) }
        #expect(try EventEnvelope(decoding: Array(text([first]).utf8)).id == first.id)
        for id in ["", ".", "\(first.id).", "\(first.id).\(first.id)", "\(first.id).\(last.id).\(last.id)"] {
            let broken = envelope.replacing("\(first.id).\(last.id)", with: id)
            #expect(throws: JSONError.invalidMember("id")) { _ = try AccountingRecorded(decoding: Array(broken.utf8)) }
        }
    }

    @Test func `what records have in common is written once and given to each of them`() throws {
        var second = Samples.fullRecord
        second.id = EventID(Samples.id(8))
        let whole = text([Samples.fullRecord, second])
        for member in ["tenantId", "nasId", "nasName", "nasIdentifier", "nasIpAddress"] {
            #expect(whole.split(separator: "\"\(member)\":").count == 2, "\(member)")
        }
        // Wherever it stands in the message.
        let shared = try #require(whole.firstRange(of: #""tenantId""#)).lowerBound
        let records = try #require(whole.firstRange(of: #""records":"#)).lowerBound
        let members = whole[shared..<records].dropLast()
        let turned = whole[..<shared] + whole[records...].dropLast(2) + "," + members + "}}"
        #expect(try AccountingRecorded(decoding: Array(turned.utf8)).records == [Samples.fullRecord, second])
    }

    @Test(
        .proves("MSG-03"),
        arguments: [
            (#""id":"0192a3b4-0000-7000-8000-000000000007""#, #""id":"x""#, JSONError.invalidMember("id")),
            (#""id":"#, #""other":"#, .missingMember("id")),
            (#""statusType":"#, #""other":"#, .missingMember("statusType")),
            (#""receivedAt":"#, #""other":"#, .missingMember("receivedAt")),
            ("STATUS_TYPE_STOP", "STATUS_TYPE_OTHER", .invalidMember("statusType")),
            ("\"STATUS_TYPE_STOP\"", "99", .invalidMember("statusType")),
            (#""inputOctets":"4"#, #""inputOctets":"-4"#, .invalidMember("inputOctets")),
            (#""nasPort":1"#, #""nasPort":10000"#, .invalidMember("nasPort")),
            (#""serviceId":"0"#, #""serviceId":""#, .invalidMember("serviceId")),
            (#""receivedAt":"2026"#, #""receivedAt":"26"#, .invalidMember("receivedAt")),
        ]
    )
    func `a bad record is refused by itself, and its message without it is whole`(
        _ good: String,
        _ bad: String,
        _ reason: JSONError
    ) throws {
        var others = [Samples.fullRecord, Samples.fullRecord]
        others[0].id = EventID(Samples.id(20))
        others[1].id = EventID(Samples.id(21))
        let whole = text([others[0], Samples.fullRecord, others[1]])
        let begin = try #require(whole.firstRange(of: #"{"id":"\#(Samples.fullRecord.id)""#)).lowerBound
        let end = try #require(whole.firstRange(of: #"{"id":"\#(others[1].id)""#)).lowerBound
        let broken = whole[..<begin] + whole[begin..<end].replacing(good, with: bad, maxReplacements: 1) + whole[end...]
        var reading = AccountingRecorded.Reading()
        #expect(try reading.read(Array(broken.utf8)) == 3)
        #expect(reading.records == others)
        #expect(reading.refusals.map(\.place) == [1] && reading.refusals.map(\.reason) == [reason])
        #expect(throws: reason) { _ = try AccountingRecorded(decoding: Array(broken.utf8)) }
        let parts = try AccountingRecorded.parts(of: Array(broken.utf8))
        #expect(parts.map(\.id)[0] == others[0].id && parts.map(\.id)[2] == others[1].id)
        #expect(throws: reason) { _ = try AccountingRecorded(decoding: parts[1].payload) }
    }

    @Test func `a message that is none is refused as a whole and leaves nothing behind`() throws {
        var second = Samples.minimalRecord
        second.id = EventID(Samples.id(8))
        let good = text([Samples.minimalRecord, second])
        let elements = #"{"id""# + good.split(separator: #""records":[{"id""#)[1].dropLast(3)
        let many = Array(repeating: elements, count: 40).joined(separator: ",")
        var reading = AccountingRecorded.Reading()
        try reading.read(Array(good.utf8))
        let bad: [(String, JSONError?)] = [
            (good.replacing("\"tenantId\"", with: "\"other\""), .missingMember("tenantId")),
            (good.replacing("\"nasId\"", with: "\"other\""), .missingMember("nasId")),
            (good.replacing("\"records\"", with: "\"other\""), .missingMember("records")),
            (good.replacing(elements, with: ""), .missingMember("records")),
            (good.replacing(elements, with: many), .invalidMember("records")),
            (good.replacing("\"data\"", with: "\"other\""), .missingMember("data")),
            (good.replacing("\"1.0\"", with: "\"2.0\""), .invalidMember("specversion")),
            (good.replacing("AccountingRecorded", with: "SomethingElse"), .invalidMember("type")),
            (good.replacing("STATUS_TYPE_START\"", with: "STATUS_TYPE_START"), nil), (good + "{", nil),
            ("[\(good)]", nil), ("", nil), (String(good.dropLast(1)), nil), (good.replacing("},{", with: "},,{"), nil),
        ]
        for (text, reason) in bad {
            let error = #expect(throws: JSONError.self, "\(text)") { try reading.read(Array(text.utf8)) }
            if let reason { #expect(error == reason) }
            #expect(reading.records == [Samples.minimalRecord, second] && reading.refusals.isEmpty)
            if reason != .missingMember("tenantId"), reason != .missingMember("nasId") {
                #expect(throws: JSONError.self) { try AccountingRecorded.parts(of: Array(text.utf8)) }
            }
        }
    }

    @Test func `unknown members and null are passed over, enums may be numbers, the last of two members counts`() throws
    {
        let text = text([Samples.minimalRecord]).replacing("\"STATUS_TYPE_START\"", with: "1")
            .replacing(#""records":["#, with: #""records":[{"id":1},{}],"new":{"a":[{}]},"nasName":null,"records":["#)
            .replacing(
                #"[{"id""#,
                with: #"[{"new":[{}],"nasPort":null,"username":null,"i\u0064":"\#(Samples.id(9))","id""#
            )
        let record = try AccountingRecorded(decoding: Array(text.utf8)).records
        #expect(record == [Samples.minimalRecord])
    }

    @Test func `parts keep what a later version says, and tell records without an id by their place`() throws {
        var second = Samples.minimalRecord
        second.id = EventID(Samples.id(8))
        let text = text([Samples.minimalRecord, second]).replacing(#""records":"#, with: #""later":{"a":1},"records":"#)
            .replacing(#"{"id":"\#(second.id)","#, with: #"{"later":2,"#)
        let parts = try AccountingRecorded.parts(of: Array(text.utf8))
        #expect(parts.map(\.id) == [Samples.minimalRecord.id, nil])
        let shown = parts.map { String(decoding: $0.payload, as: UTF8.self) }
        #expect(shown.allSatisfy { $0.contains(#""later":{"a":1}"#) })
        #expect(shown[1].contains(#"[{"later":2,"#) && shown[1].contains(##""source":"/tests#1""##))
        #expect(try AccountingRecorded.parts(of: parts[0].payload) == [parts[0]])
    }

    @Test(.proves("MSG-01")) func `subjects hold the tenant and the NAS as UUIDs`() {
        let record = Samples.fullRecord
        #expect(
            Subjects.accounting(tenant: record.tenantID, nas: record.nasID)
                == "accounting.sessions.0192a3b4-0000-7000-8000-000000000001.0192a3b4-0000-7000-8000-000000000002"
        )
        #expect(Streams.accounting.name == "ACCOUNTING")
        #expect(Streams.accounting.subjects == ["accounting.sessions.>"])
    }
}

extension Samples {
    /// A message of so many records with any members.
    static func message(records count: Int, _ random: inout SeededRandom) -> AccountingRecorded {
        let shared = anyRecord(&random)
        let records = (0..<count).map { number in
            var record = anyRecord(&random)
            record.id = EventID(id(UInt64(number) + 1_000))
            record.tenantID = shared.tenantID
            record.nasID = shared.nasID
            record.nasName = shared.nasName
            record.nasIdentifier = shared.nasIdentifier
            record.nasIPAddress = shared.nasIPAddress
            return record
        }
        return AccountingRecorded(source: "/radius-server/\(anyText(&random))", records: records)
    }

    private static func anyText(_ random: inout SeededRandom) -> String {
        let scalars = (0..<Int.random(in: 0...40, using: &random)).compactMap { _ in
            switch Int.random(in: 0..<8, using: &random) {
            case 0: Unicode.Scalar(UInt32.random(in: 0..<0x20, using: &random))
            case 1: Unicode.Scalar(UInt32.random(in: 0x80..<0x1F600, using: &random))
            default: Unicode.Scalar(UInt32.random(in: 0x20..<0x7F, using: &random))
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    private static func maybe<Value>(_ random: inout SeededRandom, _ make: (inout SeededRandom) -> Value) -> Value? {
        Bool.random(using: &random) ? make(&random) : nil
    }

    private static func anyTime(_ random: inout SeededRandom) -> Timestamp {
        let seconds = Int64.random(in: -62_135_596_800...253_402_300_799, using: &random)
        let fraction = [0, 5_000, 123_456].randomElement(using: &random) ?? 0
        return Timestamp(microseconds: seconds * 1_000_000 + Int64(fraction))
    }

    private static func anyID(_ random: inout SeededRandom) -> UUID128 {
        UUID128(high: random.next(), low: random.next())
    }

    private static func anyCount(_ random: inout SeededRandom) -> Int64 {
        Int64(random.next() >> 1) >> Int64.random(in: 0..<64, using: &random)
    }

    private static func anyRecord(_ random: inout SeededRandom) -> AccountingRecord {
        AccountingRecord(
            id: EventID(anyID(&random)),
            tenantID: TenantID(anyID(&random)),
            nasID: NASID(anyID(&random)),
            nasName: maybe(&random, anyText),
            statusType: AccountingStatus.allCases.randomElement(using: &random) ?? .start,
            receivedAt: anyTime(&random),
            delaySeconds: UInt32(truncatingIfNeeded: anyCount(&random)),
            sessionSeconds: UInt32(truncatingIfNeeded: anyCount(&random)),
            acctSessionID: anyText(&random),
            username: anyText(&random),
            serviceID: maybe(&random) { ServiceID(anyID(&$0)) },
            customerID: maybe(&random) { CustomerID(anyID(&$0)) },
            admissionID: maybe(&random) { AdmissionID(anyID(&$0)) },
            callingStationID: anyText(&random),
            calledStationID: anyText(&random),
            nasPort: maybe(&random) { UInt32(truncatingIfNeeded: anyCount(&$0)) },
            nasPortID: maybe(&random, anyText),
            nasIdentifier: maybe(&random, anyText),
            nasIPAddress: maybe(&random, anyText),
            framedIPv4: maybe(&random, anyText),
            framedIPv6Prefix: maybe(&random, anyText),
            framedIPv6Address: maybe(&random, anyText),
            delegatedIPv6Prefix: maybe(&random, anyText),
            inputOctets: anyCount(&random),
            outputOctets: anyCount(&random),
            hasGigawords: Bool.random(using: &random),
            inputPackets: anyCount(&random),
            outputPackets: anyCount(&random),
            terminateCause: maybe(&random) { UInt32(truncatingIfNeeded: anyCount(&$0)) },
            eventTimestamp: maybe(&random, anyTime),
            decisionVersion: maybe(&random) { UInt32(truncatingIfNeeded: anyCount(&$0)) },
            termsDigest: maybe(&random) { $0.next() },
            grantedUntil: maybe(&random, anyTime),
            sourceAddress: maybe(&random, anyText)
        )
    }
}
