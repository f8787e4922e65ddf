package import Domain
package import WireFormat

/// A NAS reported on sessions (or on itself) and the reports are durable: one message of the stream ACCOUNTING,
/// nexora.accounting.v1.AccountingRecorded on `accounting.sessions.<tenant>.<nas>`.
///
/// What its records have in common is written once. The message's id names its first and last record, by which the same id
/// always means the same content; each record keeps an id of its own.
package struct AccountingRecorded: Hashable, Sendable {
    package static let type = "nexora.accounting.v1.AccountingRecorded"
    package static let subject = "accounting.sessions"
    /// Records in one message at most: some 40 kB of JSON, far below a message's 1 MiB.
    package static let maximumRecords = 64

    /// Which server says so, as a URI reference: `/radius-server/edge-1`.
    package let source: String
    /// At least one and at most ``maximumRecords``, of one tenant and NAS, all with the same name, identifier and address
    /// of the NAS.
    package let records: [AccountingRecord]

    package init(source: String, records: [AccountingRecord]) {
        precondition(!records.isEmpty && records.count <= Self.maximumRecords, "a message has 1 to 64 records")
        assert(records.allSatisfy { $0.sharesMessage(with: records[0]) }, "records of one message agree on their NAS")
        self.source = source
        self.records = records
    }

    package var id: MessageID { MessageID(first: records[0].id, last: records[records.count - 1].id) }

    /// Appends the message as one JSON object.
    package func encode(into writer: inout JSONWriter) {
        let first = records[0]
        writer.beginObject()
        EnvelopeAttributes(
            id: id,
            source: source,
            type: Self.type,
            time: records[records.count - 1].receivedAt,
            tenantID: first.tenantID
        ).encode(into: &writer)
        writer.key("data")
        writer.beginObject()
        writer.member("tenantId", first.tenantID)
        writer.member("nasId", first.nasID)
        writer.member("nasName", present: first.nasName)
        writer.member("nasIdentifier", present: first.nasIdentifier)
        writer.member("nasIpAddress", present: first.nasIPAddress)
        writer.key("records")
        writer.beginArray()
        for index in records.indices { records[index].encode(into: &writer) }
        writer.endArray()
        writer.endObject()
        writer.endObject()
    }
}

extension AccountingRecord {
    fileprivate func sharesMessage(with other: AccountingRecord) -> Bool {
        tenantID == other.tenantID && nasID == other.nasID && nasName == other.nasName
            && nasIdentifier == other.nasIdentifier && nasIPAddress == other.nasIPAddress
    }
}
