package import Domain
package import WireFormat

/// Any event but ``AccountingRecorded``, whose id may name several records: CloudEvents 1.0 in structured JSON mode with
/// the extensions `tenantid`, `correlationid` and `traceparent`; the data is kept as JSON, for readers that pass it on or
/// decide by ``type`` what to read.
package struct EventEnvelope: Hashable, Sendable {
    /// Unique for ever and the same on every resend; also the `Nats-Msg-Id`.
    package var id: EventID
    /// Who says so, as a URI reference: `/radius-server/edge-1`.
    package var source: String
    /// The full name of the data's proto3 message.
    package var type: String
    /// When it happened.
    package var time: Timestamp
    package var tenantID: TenantID
    /// What asked for it, carried through everything that follows.
    package var correlationID: String?
    /// W3C trace context.
    package var traceparent: String?
    /// The canonical JSON of the message.
    package var data: [UInt8]

    /// `data` must be one JSON value; it is written as it stands.
    package init(
        id: EventID,
        source: String,
        type: String,
        time: Timestamp,
        tenantID: TenantID,
        correlationID: String? = nil,
        traceparent: String? = nil,
        data: [UInt8]
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.time = time
        self.tenantID = tenantID
        self.correlationID = correlationID
        self.traceparent = traceparent
        self.data = data
    }

    package init<Payload>(_ event: Event<Payload>) {
        self.init(
            id: event.id,
            source: event.source,
            type: Payload.type,
            time: event.time,
            tenantID: event.tenantID,
            correlationID: event.correlationID,
            traceparent: event.traceparent,
            data: event.payload.json
        )
    }

    /// Appends the event as one JSON object.
    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        EnvelopeAttributes(
            id: MessageID(id),
            source: source,
            type: type,
            time: time,
            tenantID: tenantID,
            correlationID: correlationID,
            traceparent: traceparent
        ).encode(into: &writer)
        writer.key("data")
        writer.raw(data)
        writer.endObject()
    }

    /// Reads exactly one event; unknown attributes are ignored.
    package init(decoding bytes: [UInt8]) throws(JSONError) {
        var reader = JSONReader(bytes)
        var attributes = EnvelopeAttributes.Partial()
        var data: [UInt8]?
        try reader.readMembers { reader, key throws(JSONError) in
            if case "data" = key {
                data = Array(try reader.rawValue())
            } else {
                try attributes.read(key, from: &reader)
            }
        }
        try reader.expectEnd()
        let known = try attributes.complete()
        guard let data else { throw .missingMember("data") }
        self.init(
            id: try known.id.single(),
            source: known.source,
            type: known.type,
            time: known.time,
            tenantID: known.tenantID,
            correlationID: known.correlationID,
            traceparent: known.traceparent,
            data: data
        )
    }

    /// The data as a known kind; `invalidMember("type")` when the event is of another.
    package func payload<Payload: EventPayload>(_ kind: Payload.Type = Payload.self) throws(JSONError) -> Payload {
        guard type == Payload.type else { throw .invalidMember("type") }
        var reader = JSONReader(data)
        let payload = try Payload(from: &reader)
        try reader.expectEnd()
        return payload
    }
}
