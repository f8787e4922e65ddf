import Domain
import Events
import SharedTesting
import Testing
import WireFormat

@Suite struct EventBatchTests {
    private func event(_ number: UInt64) -> Event<AccountingRecorded> {
        let record = AccountingRecord(
            id: EventID(UUID128(high: 1, low: number)),
            tenantID: TenantID(UUID128(high: 2, low: 2)),
            nasID: NASID(UUID128(high: 3, low: 3)),
            statusType: .interimUpdate,
            receivedAt: Timestamp(microseconds: Int64(number)),
            username: "user [\(number)], \"quoted\""
        )
        return Event(
            id: record.id,
            source: "/test",
            time: record.receivedAt,
            tenantID: record.tenantID,
            payload: .init(record)
        )
    }

    @Test("Any number of events comes back, one as itself and several as an array", .proves("MSG-06"))
    func roundTrip() throws {
        for count in UInt64(1)...70 {
            let events = (0..<count).map(event)
            var writer = JSONWriter()
            EventBatch.encode(events, into: &writer)
            #expect((writer.bytes.first == UInt8(ascii: "{")) == (count == 1))
            #expect(try EventBatch.decode(writer.bytes, as: AccountingRecorded.self) == events)
            let single = try EventBatch.split(writer.bytes).map { try Event<AccountingRecorded>(decoding: $0) }
            #expect(single == events)
        }
    }

    @Test("A cut message is refused", arguments: ["[", "[{}", "[{},]", "", "[1] 2"])
    func cut(text: String) {
        #expect(throws: JSONError.self) { try EventBatch.decode(Array(text.utf8), as: AccountingRecorded.self) }
    }
}
