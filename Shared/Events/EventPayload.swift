package import WireFormat

/// The data of one kind of event, but for accounting's ``AccountingRecorded``: the Swift twin of a proto3 message under
/// proto-schemas, read and written as that message's canonical JSON.
package protocol EventPayload: Sendable {
    /// The message's full name, such as `nexora.session.v1.SessionStarted`; CloudEvents' `type`.
    static var type: String { get }
    /// The subject without its tenant, such as `session.started`.
    static var subject: String { get }

    /// Writes the message as one JSON object: default values left out, 64-bit integers quoted, enums by name.
    func encode(into writer: inout JSONWriter)
    /// Reads one JSON object. Unknown members are passed over, `null` counts as absent, a member that cannot be
    /// done without is `missingMember`, a value that reads well but means nothing is `invalidMember`.
    init(from reader: inout JSONReader) throws(JSONError)
}

extension EventPayload {
    /// The message's canonical JSON alone, as the outbox keeps it.
    package var json: [UInt8] {
        var writer = JSONWriter()
        encode(into: &writer)
        return writer.bytes
    }
}
