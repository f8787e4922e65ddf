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

    func encode(_ record: JournalRecord, packet: UnsafeRawBufferPointer) -> JournalMessage {
        var accounting = AccountingRecord(
            id: EventID(record.eventID),
            tenantID: TenantID(record.tenantID),
            nasID: NASID(record.nasID),
            statusType: .interimUpdate,
            receivedAt: Timestamp(microseconds: record.receivedAt)
        )
        if let view = unsafe try? PacketView(validating: packet) {
            AccountingAttributes.read(view, into: &accounting)
            if record.flags & JournalRecord.swapsOctets != 0 { accounting.swapDirections() }
        }
        resolve(&accounting)
        let event = Event(
            id: accounting.id,
            source: source,
            time: accounting.receivedAt,
            tenantID: accounting.tenantID,
            payload: AccountingRecorded(accounting)
        )
        var writer = JSONWriter(capacity: 1_024)
        event.encode(into: &writer)
        return JournalMessage(
            subject: Subjects.accounting(tenant: accounting.tenantID, nas: accounting.nasID),
            id: accounting.id.description,
            payload: writer.bytes
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
