import Domain
import Events

/// A stretch of the journal, cut into messages: packets of one NAS share a message, in their order, up to a limit. Under
/// load that spares JetStream and every reader most of their work; a lone packet is a message of its own.
struct JournalRound {
    static let packetsPerMessage = AccountingRecorded.maximumRecords

    private(set) var messages: [[JournalledPacket]] = []
    /// Octets of the journal that the round covers.
    private(set) var length = 0

    /// Takes all whole records at the front of `octets`, which stand in `segment`.
    init(_ octets: UnsafeRawBufferPointer, segment: UInt64) {
        // What a sender gives as its NAS's name and address stands in a message once: another one begins another message.
        var open: [PacketSender: Int] = [:]
        while length < octets.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: octets[length...])
            guard let next = unsafe JournalRecord.read(rest, segment: segment) else {
                // The rest is a record's first part, to be read again; a damaged one is stepped over.
                if length == 0 { length = 8 }
                return
            }
            let packet = unsafe JournalledPacket(record: next.record, octets: next.packet)
            length += unsafe next.footprint
            let sender = PacketSender(packet)
            if let index = open[sender], messages[index].count < Self.packetsPerMessage {
                messages[index].append(packet)
            } else {
                open[sender] = messages.count
                messages.append([packet])
            }
        }
    }
}
