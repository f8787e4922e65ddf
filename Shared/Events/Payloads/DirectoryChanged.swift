package import Domain
package import WireFormat

/// Rows of the directory changed: nexora.directory.v1.DirectoryChanged on `directory.changed.<tenant>`, at most 1,000 rows
/// of one table each. It carries ids and versions, never a value: readers fetch what they need. The database's triggers
/// write its data (migrations/0004-messaging).
package struct DirectoryChanged: EventPayload, Hashable {
    package static let type = "nexora.directory.v1.DirectoryChanged"
    package static let subject = "directory.changed"

    /// Which table.
    package enum Kind: Hashable, Sendable, CaseIterable {
        case tenant
        case nas
        /// The plan or its advanced settings; the id is the plan's.
        case plan
        case customer
        case service
        /// The service's password; the id is the service's.
        case credential
        /// A pool of addresses.
        case pool
    }

    package struct Row: Hashable, Sendable {
        package var id: UUID128
        /// Of two changes of one row the one with the higher version is the newer; deletions draw one too.
        package var version: Int64

        package init(id: UUID128, version: Int64) {
            self.id = id
            self.version = version
        }
    }

    package var kind: Kind
    package var deleted: Bool
    package var rows: [Row]

    package init(kind: Kind, deleted: Bool, rows: [Row]) {
        self.kind = kind
        self.deleted = deleted
        self.rows = rows
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("kind", kind)
        writer.member("deleted", deleted)
        if !rows.isEmpty {
            writer.key("rows")
            writer.beginArray()
            for row in rows {
                writer.beginObject()
                writer.member("id", row.id.description)
                writer.member("version", row.version)
                writer.endObject()
            }
            writer.endArray()
        }
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var kind: Kind?
        var deleted = false
        var rows: [Row] = []
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "kind": kind = try reader.choice(key)
            case "deleted": deleted = try reader.flag() ?? false
            case "rows":
                guard try !reader.readNull() else { return }
                try reader.readArray { reader throws(JSONError) in rows.append(try Row(from: &reader)) }
            default: try reader.skipValue()
            }
        }
        self.init(kind: try required(kind, "kind"), deleted: deleted, rows: rows)
    }
}

extension DirectoryChanged.Row {
    fileprivate init(from reader: inout JSONReader) throws(JSONError) {
        var id: UUID128?
        var version: Int64 = 0
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "id": id = try reader.uuid(key)
            case "version": version = try reader.count(key) ?? 0
            default: try reader.skipValue()
            }
        }
        self.init(id: try required(id, "id"), version: version)
    }
}

extension DirectoryChanged.Kind: ProtoEnum {
    var protoName: StaticString {
        switch self {
        case .tenant: "TENANT"
        case .nas: "NAS"
        case .plan: "PLAN"
        case .customer: "CUSTOMER"
        case .service: "SERVICE"
        case .credential: "CREDENTIAL"
        case .pool: "POOL"
        }
    }

    var protoNumber: UInt64 {
        switch self {
        case .tenant: 1
        case .nas: 2
        case .plan: 3
        case .customer: 4
        case .service: 5
        case .credential: 6
        case .pool: 7
        }
    }
}
