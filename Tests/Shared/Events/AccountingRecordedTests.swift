import Domain
import Events
import SharedTesting
import Testing
import WireFormat

@Suite struct AccountingRecordedTests {
    @Test(.proves("MSG-06", "MSG-11"))
    func `an event reads back as it was written, whole and minimal`() throws {
        for record in [Samples.fullRecord, Samples.minimalRecord] {
            let event = Event(
                id: record.id,
                source: "/radius-server/edge-1",
                time: record.receivedAt,
                tenantID: record.tenantID,
                correlationID: "c-1",
                traceparent: nil,
                payload: AccountingRecorded(record)
            )
            var writer = JSONWriter()
            event.encode(into: &writer)
            #expect(try Event<AccountingRecorded>(decoding: writer.bytes) == event)
            let envelope = try EventEnvelope(decoding: writer.bytes)
            #expect(envelope == EventEnvelope(event))
            #expect(try envelope.payload(AccountingRecorded.self).record == record)
            var again = JSONWriter()
            envelope.encode(into: &again)
            #expect(again.bytes == writer.bytes)
        }
    }

    @Test(arguments: ["id", "tenantId", "nasId", "statusType", "receivedAt"])
    func `a record without what it needs is refused`(member: String) throws {
        let text = String(decoding: AccountingRecorded(Samples.minimalRecord).json, as: UTF8.self)
        let broken = text.replacing("\"\(member)\":", with: "\"other\":")
        var reader = JSONReader(Array(broken.utf8))
        #expect(throws: JSONError.missingMember(member)) { _ = try AccountingRecorded(from: &reader) }
    }

    @Test(arguments: [
        #""inputOctets":"-1""#, #""nasPort":4294967296"#, #""serviceId":"x""#, #""statusType":"STATUS_TYPE_OTHER""#,
        #""receivedAt":"yesterday""#, #""hasGigawords":"yes""#, #""statusType":99"#,
    ])
    func `a value that means nothing is refused`(member: String) {
        var reader = JSONReader(Array("{\(member)}".utf8))
        #expect(throws: JSONError.self) { _ = try AccountingRecorded(from: &reader) }
    }

    @Test func `unknown members and null are passed over, enums may be numbers`() throws {
        let text = String(decoding: AccountingRecorded(Samples.minimalRecord).json, as: UTF8.self)
            .replacing("\"STATUS_TYPE_START\"", with: "1").replacing(
                "{\"id\"",
                with: "{\"new\":[{}],\"nasPort\":null,\"id\""
            )
        var reader = JSONReader(Array(text.utf8))
        #expect(try AccountingRecorded(from: &reader).record == Samples.minimalRecord)
    }

    @Test func `an envelope without its attributes, of another version or type is refused`() throws {
        let record = Samples.minimalRecord
        var writer = JSONWriter()
        Event(
            id: record.id,
            source: "/x",
            time: record.receivedAt,
            tenantID: record.tenantID,
            payload: AccountingRecorded(record)
        ).encode(into: &writer)
        let text = String(decoding: writer.bytes, as: UTF8.self)
        for member in ["specversion", "source", "type", "time", "tenantid", "data"] {
            let broken = Array(text.replacing("\"\(member)\":", with: "\"other\":").utf8)
            #expect(throws: JSONError.missingMember(member)) { _ = try EventEnvelope(decoding: broken) }
            #expect(throws: JSONError.missingMember(member)) { _ = try Event<AccountingRecorded>(decoding: broken) }
        }
        let newer = Array(text.replacing("\"1.0\"", with: "\"2.0\"").utf8)
        #expect(throws: JSONError.invalidMember("specversion")) { _ = try EventEnvelope(decoding: newer) }
        let other = Array(text.replacing("AccountingRecorded", with: "SomethingElse").utf8)
        #expect(throws: JSONError.invalidMember("type")) { _ = try Event<AccountingRecorded>(decoding: other) }
        #expect(throws: JSONError.invalidMember("type")) {
            _ = try EventEnvelope(decoding: other).payload(AccountingRecorded.self)
        }
        #expect(throws: JSONError.self) { _ = try EventEnvelope(decoding: writer.bytes + [0x7b]) }
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
