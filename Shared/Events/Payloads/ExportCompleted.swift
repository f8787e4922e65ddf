package import Domain
package import WireFormat

/// The file that somebody asked for is there: nexora.export.v1.ExportCompleted on `export.completed.<tenant>`. It has no link: whoever
/// follows one is asked for his rights first.
package struct ExportCompleted: EventPayload, Hashable {
    package static let type = "nexora.export.v1.ExportCompleted"
    package static let subject = "export.completed"

    package var exportID: ExportID
    /// Who asked for it and is to be told.
    package var userID: UserID
    /// The list, such as `customers`.
    package var entity: String
    /// `csv`, `ndjson`, `xlsx` or `pdf`.
    package var format: String
    package var rows: UInt64
    package var octets: UInt64
    /// The file is removed then.
    package var expiresAt: Timestamp

    package init(
        exportID: ExportID,
        userID: UserID,
        entity: String,
        format: String,
        rows: UInt64,
        octets: UInt64,
        expiresAt: Timestamp
    ) {
        self.exportID = exportID
        self.userID = userID
        self.entity = entity
        self.format = format
        self.rows = rows
        self.octets = octets
        self.expiresAt = expiresAt
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("exportId", exportID)
        writer.member("userId", userID)
        writer.member("entity", entity)
        writer.member("format", format)
        writer.member("rows", rows)
        writer.member("octets", octets)
        writer.member("expiresAt", expiresAt)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var exportID: ExportID?
        var userID: UserID?
        var entity: String?
        var format: String?
        var (rows, octets): (UInt64, UInt64) = (0, 0)
        var expiresAt: Timestamp?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "exportId": exportID = try reader.identifier(key)
            case "userId": userID = try reader.identifier(key)
            case "entity": entity = try reader.text()
            case "format": format = try reader.text()
            case "rows": rows = try reader.unsigned64() ?? 0
            case "octets": octets = try reader.unsigned64() ?? 0
            case "expiresAt": expiresAt = try reader.timestamp(key)
            default: try reader.skipValue()
            }
        }
        self.init(
            exportID: try required(exportID, "exportId"),
            userID: try required(userID, "userId"),
            entity: try required(entity, "entity"),
            format: try required(format, "format"),
            rows: rows,
            octets: octets,
            expiresAt: try required(expiresAt, "expiresAt")
        )
    }
}
