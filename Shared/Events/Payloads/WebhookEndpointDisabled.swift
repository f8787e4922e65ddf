package import Domain
package import WireFormat

/// Nothing is sent to an endpoint any more: nexora.webhook.v1.WebhookEndpointDisabled on `webhook.endpoint_disabled.<tenant>`. Told in the
/// commit that disables it, where nobody asked for it.
package struct WebhookEndpointDisabled: EventPayload, Hashable {
    package static let type = "nexora.webhook.v1.WebhookEndpointDisabled"
    package static let subject = "webhook.endpoint_disabled"

    package var endpointID: WebhookEndpointID
    /// The host of its URL: the rest of it may hold a secret.
    package var host: String
    /// `gone` where the receiver wants nothing any more, `failing` where nothing succeeded for too long.
    package var reason: String
    /// Since when nothing succeeded.
    package var since: Timestamp?
    /// How often it was tried since.
    package var failures: Int64
    package var at: Timestamp

    package init(
        endpointID: WebhookEndpointID,
        host: String,
        reason: String,
        since: Timestamp? = nil,
        failures: Int64 = 0,
        at: Timestamp
    ) {
        self.endpointID = endpointID
        self.host = host
        self.reason = reason
        self.since = since
        self.failures = failures
        self.at = at
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("endpointId", endpointID)
        writer.member("host", host)
        writer.member("reason", reason)
        writer.member("since", present: since)
        writer.member("failures", failures)
        writer.member("at", at)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var endpoint: WebhookEndpointID?
        var (host, reason) = ("", "")
        var since: Timestamp?
        var failures: Int64 = 0
        var at: Timestamp?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "endpointId": endpoint = try reader.identifier(key)
            case "host": host = try reader.text() ?? ""
            case "reason": reason = try reader.text() ?? ""
            case "since": since = try reader.timestamp(key)
            case "failures": failures = try reader.count(key) ?? 0
            case "at": at = try reader.timestamp(key)
            default: try reader.skipValue()
            }
        }
        self.init(
            endpointID: try required(endpoint, "endpointId"),
            host: host,
            reason: reason,
            since: since,
            failures: failures,
            at: try required(at, "at")
        )
    }
}
