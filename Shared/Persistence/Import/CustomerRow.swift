import Domain
import WireFormat

/// A column of an import of customers.
package enum CustomerColumn: String, Sendable, CaseIterable {
    case code, name, email, phone, address, latitude, longitude, status
    case dueDay = "due_day"
    case installedOn = "installed_on"
    case monthlyFee = "monthly_fee"
    case currency, tags, notes

    /// Columns of an export of customers that say nothing to an import.
    static let ignored: Set<String> = [
        "id", "tenant_id", "deleted_at", "erased_at", "version", "created_at", "updated_at",
    ]
}

/// What is wrong with one record of an import, or with its heading.
package struct ImportFault: Error, Sendable, Hashable {
    /// The column at fault; nil when the record as a whole is.
    package let column: String?
    /// What is wrong. Never repeats a value.
    package let reason: String

    init(_ column: CustomerColumn? = nil, _ reason: String) {
        self.column = column?.rawValue
        self.reason = reason
    }

    init(column: String, _ reason: String) {
        self.column = column
        self.reason = reason
    }
}

/// Reads customers from the records of a file.
struct CustomerRowReader: Sendable {
    /// What stands in each place of a record; nil for what is left out.
    let columns: [CustomerColumn?]
    let tenant: TenantID

    /// Reads the heading.
    init(heading: CSVRecord, tenant: TenantID) throws(ImportFault) {
        var columns: [CustomerColumn?] = []
        for field in heading.fields {
            let name = field.filter { !$0.isWhitespace }.lowercased()
            let column = CustomerColumn(rawValue: name)
            guard column != nil || CustomerColumn.ignored.contains(name) else {
                throw ImportFault(
                    nil,
                    "the heading has an unknown column in place \(columns.count + 1); there are "
                        + CustomerColumn.allCases.map(\.rawValue).joined(separator: ", ")
                )
            }
            guard column == nil || !columns.contains(column) else {
                throw ImportFault(column, "stands twice in the heading")
            }
            columns.append(column)
        }
        for needed in [CustomerColumn.name, .phone, .address] where !columns.contains(needed) {
            throw ImportFault(needed, "is missing in the heading")
        }
        self.columns = columns
        self.tenant = tenant
    }

    /// The customer of a record, with an empty code where one is to be generated, and everything that is wrong with him.
    func read(_ record: CSVRecord, id: CustomerID) -> (customer: Customer, faults: [ImportFault]) {
        var customer = Customer(tenantID: tenant, id: id, code: "", name: "", phone: "", address: "")
        var faults: [ImportFault] = []
        if record.fields.count != columns.count {
            faults.append(
                ImportFault(nil, "has \(record.fields.count) fields, the heading has \(columns.count)")
            )
            return (customer, faults)
        }
        var values: [CustomerColumn: String] = [:]
        for (column, field) in zip(columns, record.fields) {
            if let column, !field.isEmpty { values[column] = CSVWriter.original(field) }
        }
        customer.code = values[.code] ?? ""
        customer.name = values[.name] ?? ""
        customer.email = values[.email]
        customer.phone = values[.phone] ?? ""
        customer.address = values[.address] ?? ""
        customer.notes = values[.notes] ?? ""
        customer.tags = values[.tags]?.split(separator: ";").map(String.init) ?? []
        func parse<Value>(_ column: CustomerColumn, _ expected: String, _ read: (String) -> Value?) -> Value? {
            guard let text = values[column] else { return nil }
            guard let value = read(text) else {
                faults.append(ImportFault(column, "must be \(expected)"))
                return nil
            }
            return value
        }
        let statuses = CustomerStatus.allCases.map(\.rawValue).joined(separator: ", ")
        customer.status = parse(.status, "one of \(statuses)") { CustomerStatus(rawValue: $0) } ?? .active
        customer.dueDay = parse(.dueDay, "a whole number") { Int($0) } ?? 15
        customer.latitude = parse(.latitude, "a decimal number") { Double($0) }
        customer.longitude = parse(.longitude, "a decimal number") { Double($0) }
        customer.installedOn = parse(.installedOn, "a day such as 2026-11-20") { CivilDate($0) }
        let currency = parse(.currency, "three capital letters") { try? Currency($0) }
        customer.monthlyFee = parse(.monthlyFee, "an amount such as 19.90") { text in
            try? Money(text, currency: currency ?? .euro)
        }
        faults += Self.broken(customer)
        return (customer, faults)
    }

    /// What the customer's own rules say.
    private static func broken(_ customer: Customer) -> [ImportFault] {
        var checked = customer
        if checked.code.isEmpty { checked.code = "C" }
        do throws(ValidationError) {
            try checked.validate()
            return []
        } catch {
            return error.fields.map { invalid in
                let reason = invalid.description
                return ImportFault(column: invalid.field, String(reason.dropFirst(invalid.field.count + 1)))
            }
        }
    }
}
