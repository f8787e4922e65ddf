package import Domain
package import WireFormat

/// An event whose data is of a known kind. Writes and reads the same JSON as ``EventEnvelope`` without its copy of the
/// data: what the hot paths use.
package struct Event<Payload: EventPayload>: Sendable {
    /// Unique for ever and the same on every resend; also the `Nats-Msg-Id`.
    package var id: EventID
    /// Who says so, as a URI reference: `/radius-server/edge-1`.
    package var source: String
    /// When it happened.
    package var time: Timestamp
    package var tenantID: TenantID
    /// What asked for it, carried through everything that follows.
    package var correlationID: String?
    /// W3C trace context.
    package var traceparent: String?
    package var payload: Payload

    package init(
        id: EventID,
        source: String,
        time: Timestamp,
        tenantID: TenantID,
        correlationID: String? = nil,
        traceparent: String? = nil,
        payload: Payload
    ) {
        self.id = id
        self.source = source
        self.time = time
        self.tenantID = tenantID
        self.correlationID = correlationID
        self.traceparent = traceparent
        self.payload = payload
    }

    /// Appends the event as one JSON object.
    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        EnvelopeAttributes(
            id: MessageID(id),
            source: source,
            type: Payload.type,
            time: time,
            tenantID: tenantID,
            correlationID: correlationID,
            traceparent: traceparent
        ).encode(into: &writer)
        writer.key("data")
        payload.encode(into: &writer)
        writer.endObject()
    }

    /// Reads exactly one event; another type of event is `invalidMember("type")`.
    package init(decoding bytes: [UInt8]) throws(JSONError) {
        var reader = JSONReader(bytes)
        try self.init(from: &reader)
        try reader.expectEnd()
    }

    /// Reads the event that comes next.
    init(from reader: inout JSONReader) throws(JSONError) {
        var attributes = EnvelopeAttributes.Partial()
        var payload: Payload?
        try reader.readMembers { reader, key throws(JSONError) in
            if case "data" = key {
                // A type that is known to differ is told before its data fails to read.
                guard attributes.type == nil || attributes.type == Payload.type else { throw .invalidMember("type") }
                payload = try Payload(from: &reader)
            } else {
                try attributes.read(key, from: &reader)
            }
        }
        let known = try attributes.complete()
        guard known.type == Payload.type else { throw .invalidMember("type") }
        guard let payload else { throw .missingMember("data") }
        self.init(
            id: try known.id.single(),
            source: known.source,
            time: known.time,
            tenantID: known.tenantID,
            correlationID: known.correlationID,
            traceparent: known.traceparent,
            payload: payload
        )
    }
}

extension Event: Equatable where Payload: Equatable {}
