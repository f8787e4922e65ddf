import Domain
import Events
import RADIUS
import WireFormat

/// Makes the accounting message out of journalled packets: attributes read, octets turned to the subscriber's direction,
/// the service found by Class or else by user name.
final class AccountingEncoder: JournalEncoder {
    private let directory: DirectoryStore
    private let source: String

    /// `source` names this server in its events: `/radius-server/NAME`.
    init(directory: DirectoryStore, source: String) {
        self.directory = directory
        self.source = source
    }

    /// What was journalled before a restart and went out before the directory is there would be nobody's, and its octets in nobody's
    /// usage.
    var isReady: Bool { directory.isLoaded }

    func encode(_ packets: [JournalledPacket]) -> JournalMessage {
        var records = packets.map(record)
        resolve(&records, packets)
        let message = AccountingRecorded(source: source, records: records)
        var writer = JSONWriter(capacity: 512 + 680 * records.count)
        message.encode(into: &writer)
        return JournalMessage(
            subject: Subjects.accounting(tenant: records[0].tenantID, nas: records[0].nasID),
            // What one sender sent between a message's first packet and its last is always the same, so the two ids name
            // all of them.
            id: message.id.description,
            payload: writer.finish()
        )
    }

    private func record(_ packet: JournalledPacket) -> AccountingRecord {
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
        return accounting
    }

    /// Finds whose sessions they are, all by the same directory. Class wins; a name is looked up in the NAS's tenant only
    /// (TEN-13).
    private func resolve(_ records: inout [AccountingRecord], _ packets: [JournalledPacket]) {
        directory.read { directory in
            let nas = directory.nases[records[0].nasID.value]
            let nasName = nas?.name
            // One address needs no telling; behind a range nobody else knows where the NAS is.
            if let nas, nas.range.length < 128 {
                for (index, packet) in packets.enumerated() {
                    let source = packet.record
                    records[index].sourceAddress = AddressText.source(high: source.sourceHigh, low: source.sourceLow)
                }
            }
            let tenant = directory.tenantNumber(records[0].tenantID.value)
            for index in records.indices {
                records[index].nasName = nasName
                var found = records[index].serviceID.flatMap { directory.subscribers.find(service: $0.value) }
                if found == nil, let tenant {
                    found = records[index].username.withUTF8 {
                        unsafe directory.subscribers.find(tenant: tenant, username: UnsafeRawBufferPointer($0))
                    }
                }
                guard let found else { continue }
                let subscriber = directory.subscribers.records[found]
                records[index].serviceID = ServiceID(subscriber.serviceID)
                records[index].customerID = CustomerID(subscriber.customerID)
            }
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
