import Documents
import Domain
import HTTPServer
import Persistence

/// A list that can go out as a file, whatever its rows are.
struct ExportEntity: Sendable {
    /// As orders name it.
    let name: String
    let auditType: String
    /// Who exports it may read it too.
    let needed: Set<Permission>
    /// Reads what an order wants, for somebody who reaches so far. Nothing is read before the first chunk. Throws `ListError`, or
    /// `Problem` where he sees nothing of it.
    let open: @Sendable (StoredExport.Order, Reach, Parts, TenantID) throws -> any ExportReader

    init<Row>(_ resource: Resource<Row>) {
        name = resource.source.name
        auditType = resource.auditType
        needed = [resource.read, .exportsCreate]
        open = { order, reach, parts, tenant in
            // The same as the list's own export, so that the files are the same.
            let export = try ListExport(
                of: resource.source,
                try resource.query(order.parameters, within: reach),
                as: order.format.text ?? .csv,
                fields: try resource.columns(named: order.fields, within: reach)?.map(\.name),
                in: parts.database.scope(tenant)
            )
            guard let format = order.format.document else { return TextReader(export.makeAsyncIterator()) }
            let document = Document(
                format,
                name: order.entity,
                heading: export.names,
                limit: order.format.mostRows(parts.policy.exports, isAwaited: false),
                on: parts.documents
            )
            return DocumentReader(export.makeAsyncIterator(), into: document)
        }
    }

    /// Every list of the gateway that has an export of its own and stands alone in its path.
    static let all: [ExportEntity] = [
        ExportEntity(.customers), ExportEntity(.plans), ExportEntity(.bandwidthProfiles), ExportEntity(.services),
        ExportEntity(.nases), ExportEntity(.devices), ExportEntity(.pools), ExportEntity(.leases),
        ExportEntity(.sessions),
        ExportEntity(.usage), ExportEntity(.deadLetters),
    ]

    static func named(_ name: String) -> ExportEntity? { all.first { $0.name == name } }
}

extension Reach {
    /// In a word that stands in a row: with the tenant that it belongs to it says the same.
    var word: String {
        switch self {
        case .subtree: "subtree"
        case .tenant: "tenant"
        case .customer(_, let customer): "customer \(customer)"
        case .nothing: "nothing"
        }
    }
}

extension StoredExport {
    /// The name of an attempt's file in the store; nobody else writes there.
    func key(ofAttempt attempt: Int) -> String {
        "exports/\(tenantID)/\(id)-\(attempt).\(order.format.rawValue)"
    }

    /// The name that it has for who takes it.
    var fileName: String { "\(order.entity).\(order.format.rawValue)" }
}
