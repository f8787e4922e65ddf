package import Domain
package import WireFormat

/// The file that somebody asked for will not be there: nexora.export.v1.ExportFailed on `export.failed.<tenant>`.
package struct ExportFailed: EventPayload, Hashable {
    package static let type = "nexora.export.v1.ExportFailed"
    package static let subject = "export.failed"

    package var exportID: ExportID
    /// Who asked for it and is to be told.
    package var userID: UserID
    /// The list, such as `customers`.
    package var entity: String
    /// `csv`, `ndjson`, `xlsx` or `pdf`.
    package var format: String
    /// `forbidden`, `invalid`, `too_many_rows`, `storage` or `internal`.
    package var reason: String

    package init(exportID: ExportID, userID: UserID, entity: String, format: String, reason: String) {
        self.exportID = exportID
        self.userID = userID
        self.entity = entity
        self.format = format
        self.reason = reason
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("exportId", exportID)
        writer.member("userId", userID)
        writer.member("entity", entity)
        writer.member("format", format)
        writer.member("reason", reason)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var exportID: ExportID?
        var userID: UserID?
        var entity: String?
        var format: String?
        var reason: String?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "exportId": exportID = try reader.identifier(key)
            case "userId": userID = try reader.identifier(key)
            case "entity": entity = try reader.text()
            case "format": format = try reader.text()
            case "reason": reason = try reader.text()
            default: try reader.skipValue()
            }
        }
        self.init(
            exportID: try required(exportID, "exportId"),
            userID: try required(userID, "userId"),
            entity: try required(entity, "entity"),
            format: try required(format, "format"),
            reason: try required(reason, "reason")
        )
    }
}
