package import WireFormat

/// A message failed for its own sake and was put aside: nexora.messaging.v1.MessageDeadLettered on
/// `messaging.dead_lettered.<tenant>`. `nexora dlq` shows and replays it.
package struct MessageDeadLettered: EventPayload, Hashable {
    package static let type = "nexora.messaging.v1.MessageDeadLettered"
    package static let subject = "messaging.dead_lettered"

    package var stream: String
    package var consumer: String
    /// The subject it had.
    package var originalSubject: String
    /// Its `Nats-Msg-Id`.
    package var messageID: String
    /// Why, in words; never its content.
    package var reason: String
    package var deliveries: UInt32

    package init(
        stream: String,
        consumer: String,
        originalSubject: String,
        messageID: String,
        reason: String,
        deliveries: UInt32
    ) {
        self.stream = stream
        self.consumer = consumer
        self.originalSubject = originalSubject
        self.messageID = messageID
        self.reason = reason
        self.deliveries = deliveries
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("stream", stream)
        writer.member("consumer", consumer)
        writer.member("subject", originalSubject)
        writer.member("messageId", messageID)
        writer.member("reason", reason)
        writer.member("deliveries", deliveries)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var read = MessageDeadLettered(
            stream: "",
            consumer: "",
            originalSubject: "",
            messageID: "",
            reason: "",
            deliveries: 0
        )
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "stream": read.stream = try reader.text() ?? ""
            case "consumer": read.consumer = try reader.text() ?? ""
            case "subject": read.originalSubject = try reader.text() ?? ""
            case "messageId": read.messageID = try reader.text() ?? ""
            case "reason": read.reason = try reader.text() ?? ""
            case "deliveries": read.deliveries = try reader.unsigned32(key) ?? 0
            default: try reader.skipValue()
            }
        }
        guard !read.stream.isEmpty else { throw .missingMember("stream") }
        self = read
    }
}
