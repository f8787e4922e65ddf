import Domain
import WireFormat

/// The attributes around an event's data (CloudEvents 1.0 §3 and the JSON format's §3).
struct EnvelopeAttributes {
    var id: MessageID
    var source: String
    var type: String
    var time: Timestamp
    var tenantID: TenantID
    var correlationID: String?
    var traceparent: String?

    /// Writes the members into an object that is open already. The type stands before the data, so that a reader knows
    /// what it is about to read.
    func encode(into writer: inout JSONWriter) {
        writer.key("specversion")
        writer.value("1.0")
        writer.key("id")
        writer.value(id)
        writer.member("source", source)
        writer.member("type", type)
        writer.member("time", time)
        writer.key("datacontenttype")
        writer.value("application/json")
        writer.member("tenantid", tenantID)
        writer.member("correlationid", present: correlationID)
        writer.member("traceparent", present: traceparent)
    }

    /// What has been read of them so far.
    struct Partial {
        var specversion: String?
        var id: MessageID?
        var source: String?
        var type: String?
        var time: Timestamp?
        var tenantID: TenantID?
        var correlationID: String?
        var traceparent: String?

        /// Consumes the value of the member `key`.
        mutating func read(_ key: JSONKey, from reader: inout JSONReader) throws(JSONError) {
            switch key {
            case "specversion": specversion = try reader.text()
            case "id": id = try MessageID(from: &reader, key)
            case "source": source = try reader.text()
            case "type": type = try reader.text()
            case "time": time = try reader.timestamp(key)
            case "tenantid": tenantID = try reader.identifier(key)
            case "correlationid": correlationID = try reader.text()
            case "traceparent": traceparent = try reader.text()
            case "datacontenttype":
                guard try reader.text() ?? "application/json" == "application/json" else {
                    throw .invalidMember(key.description)
                }
            default: try reader.skipValue()
            }
        }

        /// Throws the first required attribute that is missing or not understood.
        func complete() throws(JSONError) -> EnvelopeAttributes {
            guard let specversion else { throw .missingMember("specversion") }
            guard specversion == "1.0" else { throw .invalidMember("specversion") }
            guard let id else { throw .missingMember("id") }
            guard let source, !source.isEmpty else { throw .missingMember("source") }
            guard let type, !type.isEmpty else { throw .missingMember("type") }
            guard let time else { throw .missingMember("time") }
            guard let tenantID else { throw .missingMember("tenantid") }
            return EnvelopeAttributes(
                id: id,
                source: source,
                type: type,
                time: time,
                tenantID: tenantID,
                correlationID: correlationID,
                traceparent: traceparent
            )
        }
    }
}
