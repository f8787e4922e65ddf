import Domain

/// A stretch of the journal, cut into messages: packets of one NAS share a message, in their order, up to a limit. Under
/// load that spares JetStream and every reader most of their work; a lone packet is a message of its own.
struct JournalRound {
    /// Keeps a message far below NATS' limit of 1 MiB.
    static let packetsPerMessage = 64

    private(set) var messages: [[JournalledPacket]] = []
    /// Octets of the journal that the round covers.
    private(set) var length = 0

    /// Takes all whole records at the front of `octets`, which stand in `segment`.
    init(_ octets: UnsafeRawBufferPointer, segment: UInt64) {
        var open: [UUID128: Int] = [:]
        while length < octets.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: octets[length...])
            guard let next = unsafe JournalRecord.read(rest, segment: segment) else {
                // The rest is a record's first part, to be read again; a damaged one is stepped over.
                if length == 0 { length = 8 }
                return
            }
            let packet = unsafe JournalledPacket(record: next.record, octets: next.packet)
            length += unsafe next.footprint
            if let index = open[packet.record.nasID], messages[index].count < Self.packetsPerMessage {
                messages[index].append(packet)
            } else {
                open[packet.record.nasID] = messages.count
                messages.append([packet])
            }
        }
    }
}
