/// Turns journalled packets into the message that JetStream keeps.
protocol JournalEncoder: Sendable {
    /// Whether it knows yet what a message must tell; until then nothing is published.
    var isReady: Bool { get }

    /// One message for packets of one ``PacketSender``, in their order. The same packets always give the same message id.
    func encode(_ packets: [JournalledPacket]) -> JournalMessage
}

/// A record read back from the journal; its octets are valid until the next read.
@safe struct JournalledPacket {
    let record: JournalRecord
    let octets: UnsafeRawBufferPointer
}

/// One message for JetStream.
struct JournalMessage {
    let subject: String
    let id: String
    let payload: [UInt8]
}
