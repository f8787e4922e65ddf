import Domain
import Events
import RADIUS
import WireFormat

/// Makes the accounting event out of a journalled packet: attributes read, octets turned to the subscriber's direction,
/// the service found by Class or else by user name.
final class AccountingEncoder: JournalEncoder {
    private let directory: DirectoryStore
    private let source: String

    /// `source` names this server in its events: `/radius-server/NAME`.
    init(directory: DirectoryStore, source: String) {
        self.directory = directory
        self.source = source
    }

    func encode(_ packets: [JournalledPacket]) -> JournalMessage {
        let events = packets.map(event)
        var writer = JSONWriter(capacity: 768 * events.count)
        EventBatch.encode(events, into: &writer)
        guard let first = events.first, let last = events.last else {
            preconditionFailure("a message has packets")
        }
        return JournalMessage(
            subject: Subjects.accounting(tenant: first.tenantID, nas: first.payload.record.nasID),
            // Packets of one NAS between the first and the last are always the same ones, so the two ids name them all.
            id: events.count == 1 ? first.id.description : "\(first.id).\(last.id)",
            payload: writer.bytes
        )
    }

    private func event(_ packet: JournalledPacket) -> Event<AccountingRecorded> {
        let record = packet.record
        var accounting = AccountingRecord(
            id: EventID(record.eventID),
            tenantID: TenantID(record.tenantID),
            nasID: NASID(record.nasID),
            statusType: .interimUpdate,
            receivedAt: Timestamp(microseconds: record.receivedAt)
        )
        if let view = unsafe try? PacketView(validating: packet.octets) {
            AccountingAttributes.read(view, into: &accounting)
            if record.flags & JournalRecord.swapsOctets != 0 { accounting.swapDirections() }
        }
        resolve(&accounting)
        return Event(
            id: accounting.id,
            source: source,
            time: accounting.receivedAt,
            tenantID: accounting.tenantID,
            payload: AccountingRecorded(accounting)
        )
    }

    /// Finds whose session it is. Class wins; a name is looked up in the NAS's tenant only (TEN-13).
    private func resolve(_ record: inout AccountingRecord) {
        directory.read { directory in
            record.nasName = directory.nases[record.nasID.value]?.name
            var found = record.serviceID.flatMap { directory.subscribers.find(service: $0.value) }
            if found == nil, let tenant = directory.tenantNumber(record.tenantID.value) {
                var name = record.username
                found = name.withUTF8 {
                    unsafe directory.subscribers.find(tenant: tenant, username: UnsafeRawBufferPointer($0))
                }
            }
            guard let found else { return }
            let subscriber = directory.subscribers.records[found]
            record.serviceID = ServiceID(subscriber.serviceID)
            record.customerID = CustomerID(subscriber.customerID)
        }
    }
}

extension AccountingRecord {
    /// For a NAS that counts from the subscriber's side (pain 20 of the field).
    mutating func swapDirections() {
        swap(&inputOctets, &outputOctets)
        swap(&inputPackets, &outputPackets)
    }
}
