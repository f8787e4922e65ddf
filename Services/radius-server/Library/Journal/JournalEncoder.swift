/// Turns a journalled packet into the message that JetStream keeps.
protocol JournalEncoder: Sendable {
    func encode(_ record: JournalRecord, packet: UnsafeRawBufferPointer) -> JournalMessage
}

/// One message for JetStream.
struct JournalMessage {
    let subject: String
    let id: String
    let payload: [UInt8]
}
