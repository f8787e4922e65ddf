/// Where a sealed value lives. It is bound into the seal (as associated data), so that a value copied to another row,
/// column, table or tenant does not open there.
package struct SealedPlace: Equatable, Sendable {
    /// The table's name without schema.
    package let table: String
    /// The column's name.
    package let column: String
    /// The row's key, such as the 16 octets of its id.
    package let row: [UInt8]
    /// The 16 octets of the tenant's id, or nothing for what belongs to no tenant.
    package let tenant: [UInt8]

    /// A place.
    package init(table: String, column: String, row: [UInt8], tenant: [UInt8]) {
        self.table = table
        self.column = column
        self.row = row
        self.tenant = tenant
    }

    /// The four parts, each behind its length, so that no two places read the same.
    var associatedData: [UInt8] {
        var data: [UInt8] = []
        for part in [Array(table.utf8), Array(column.utf8), row, tenant] {
            for shift in [24, 16, 8, 0] { data.append(UInt8(truncatingIfNeeded: part.count >> shift)) }
            data += part
        }
        return data
    }
}
