package import Domain
import Postgres

/// The reply attributes of the plans, NASes and services of one scope. A change of theirs is one of their owner: it draws the
/// owner's new version and announces it.
package struct ReplyAttributeRepository {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// The owner's attributes in their order.
    package func list(of owner: ReplyAttributeOwner) async throws -> [ReplyAttribute] {
        let place = Place(owner)
        return try await transaction.query(
            """
            SELECT position, name, operator, value, vendor FROM \(place.table)
            WHERE tenant_id = $1 AND \(place.column) = $2 ORDER BY position
            """,
            place.values
        ).map { row in
            ReplyAttribute(
                name: try row.need("name", \.text),
                action: try row.need("operator") { $0.text.flatMap(ReplyOperator.init(rawValue:)) },
                value: try row.need("value", \.text),
                vendor: row["vendor"].text.flatMap(NASVendor.init(rawValue:)),
                position: try row.need("position", \.int)
            )
        }
    }

    /// Puts an attribute behind the owner's others; its position is the result's. The owner's row must be locked
    /// (`find(_:forUpdate:)`), else two that add at once may meet at one place. Throws `refused` for more than
    /// `ReplyAttribute.most`.
    package func append(_ attribute: ReplyAttribute, to owner: ReplyAttributeOwner) async throws -> ReplyAttribute {
        try attribute.validate()
        let place = Place(owner)
        let known = try await list(of: owner)
        guard known.count < ReplyAttribute.most else {
            throw ValidationError.single("attributes", .outOfRange(minimum: 0, maximum: Int64(ReplyAttribute.most)))
        }
        var added = attribute
        added.position = (known.last?.position ?? 0) + 1
        _ = try await transaction.query(
            """
            INSERT INTO \(place.table) (tenant_id, \(place.column), position, name, operator, value, vendor)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            place.values + [
                .int4(Int32(clamping: added.position)), .text(added.name), .text(added.action.rawValue),
                .text(added.value), .text(added.vendor?.rawValue),
            ]
        )
        return added
    }

    /// Takes the attribute at a position away; the others keep theirs.
    package func remove(position: Int, of owner: ReplyAttributeOwner) async throws {
        let place = Place(owner)
        let rows = try await transaction.query(
            "DELETE FROM \(place.table) WHERE tenant_id = $1 AND \(place.column) = $2 AND position = $3",
            place.values + [.int4(Int32(clamping: position))]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    /// Where an owner's attributes stand.
    private struct Place {
        let table: String
        let column: String
        let values: [PGValue]

        init(_ owner: ReplyAttributeOwner) {
            switch owner {
            case .plan(let tenant, let id):
                (table, column, values) = ("plan_reply_attributes", "plan_id", [.id(tenant), .id(id)])
            case .nas(let tenant, let id):
                (table, column, values) = ("nas_reply_attributes", "nas_id", [.id(tenant), .id(id)])
            case .service(let tenant, let id):
                (table, column, values) = ("service_reply_attributes", "service_id", [.id(tenant), .id(id)])
            }
        }
    }
}
