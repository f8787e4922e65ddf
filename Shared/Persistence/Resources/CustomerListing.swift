package import Domain
import Postgres

extension ListSource where Row == Customer {
    /// Customers; deleted ones are hidden. The search looks into code, name, e-mail address and phone number, and into the
    /// user names and fixed addresses of their services.
    package static let customers = ListSource(
        name: "customers",
        tables: ["customers"],
        selection: CustomerRepository.columns,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("code", .text, isSelective: true), ListField("name", .text, folded: "r.name_key"),
            ListField("email", .text, isNullable: true), ListField("phone", .text),
            ListField("status", .choice(CustomerStatus.allCases.map(\.rawValue))), ListField("tags", .tags),
            ListField(
                "plan_id",
                .id,
                condition: "EXISTS (SELECT FROM services s WHERE s.tenant_id = r.tenant_id AND s.customer_id = r.id "
                    + "AND s.status <> 'terminated' AND s.plan_id %)"
            ),
            ListField("due_day", .integer), ListField("installed_on", .day, isNullable: true),
            ListField("created_at", .time), ListField("updated_at", .time),
            ListField("deleted_at", .time, isNullable: true), ListField("erased_at", .time, isNullable: true),
        ],
        orders: [
            ListSort("created_at", .time), ListSort("updated_at", .time), ListSort("name", .text, "r.name_key"),
            ListSort("code", .text), ListSort("id", .id),
        ],
        defaultSort: "-created_at",
        columns: [
            OutputColumn("id") { .id($0.id) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("code") { .text($0.code) }, OutputColumn("name") { .text($0.name) },
            OutputColumn("email") { .text($0.email) }, OutputColumn("phone") { .text($0.phone) },
            OutputColumn("address") { .text($0.address) },
            OutputColumn("latitude") { $0.latitude.map { .real($0) } ?? .null },
            OutputColumn("longitude") { $0.longitude.map { .real($0) } ?? .null },
            OutputColumn("status") { .text($0.status.rawValue) }, OutputColumn("due_day") { .integer($0.dueDay) },
            OutputColumn("installed_on") { .described($0.installedOn) },
            OutputColumn("monthly_fee") { .text($0.monthlyFee?.decimal) },
            OutputColumn("currency") { .text($0.monthlyFee?.currency.code) },
            OutputColumn("tags") { .texts($0.tags) }, OutputColumn("notes") { .text($0.notes) },
            OutputColumn("deleted_at") { .time($0.deletedAt) }, OutputColumn("erased_at") { .time($0.erasedAt) },
            OutputColumn("version") { .integer($0.stamp?.version) },
            OutputColumn("created_at") { .time($0.stamp?.createdAt) },
            OutputColumn("updated_at") { .time($0.stamp?.updatedAt) },
        ],
        search: .trigrams(
            function: "customers_matching",
            places: [
                ListSearch.Place(text: "r.search_text", condition: "(%)"),
                ListSearch.Place(
                    text: "s.search_text",
                    condition: "EXISTS (SELECT FROM services s WHERE s.tenant_id = r.tenant_id "
                        + "AND s.customer_id = r.id AND % OFFSET 0)"
                ),
            ]
        ),
        hasDeletion: true,
        decode: { try CustomerRepository.customer($0) }
    )
}

/// How many customers there are, by status; the parts sum to the total (CUS-04).
package struct CustomerStatistics: Sendable, Equatable {
    /// Those that are not deleted.
    package let total: Int
    /// Every status, with 0 where there are none.
    package let byStatus: [CustomerStatus: Int]
    package let deleted: Int

    /// Counts the scope's customers in one statement, that is at one moment.
    package static func read(_ transaction: ScopedTransaction) async throws -> CustomerStatistics {
        let rows = try await transaction.query(
            "SELECT status, deleted_at IS NOT NULL AS is_deleted, count(*) AS count FROM customers GROUP BY 1, 2"
        )
        var byStatus = Dictionary(uniqueKeysWithValues: CustomerStatus.allCases.map { ($0, 0) })
        var deleted = 0
        for row in rows {
            let count = try row.need("count", \.int)
            if try row.need("is_deleted", \.bool) {
                deleted += count
            } else {
                byStatus[try row.choice("status"), default: 0] += count
            }
        }
        return CustomerStatistics(total: byStatus.values.reduce(0, +), byStatus: byStatus, deleted: deleted)
    }
}
