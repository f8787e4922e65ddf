package import Domain
import Postgres

/// Changes customers of one scope.
package struct CustomerWriter {
    private let transaction: ScopedTransaction
    private let customers: CustomerRepository
    private let ids: IDGenerator

    /// Writes in that transaction.
    package init(_ transaction: ScopedTransaction, ids: IDGenerator) {
        self.transaction = transaction
        customers = CustomerRepository(transaction)
        self.ids = ids
    }

    /// Stores a new customer of the tenant. A code is generated where `edit` gives none.
    package func create(
        tenant: TenantID,
        _ edit: (inout Customer) throws -> Void
    ) async throws -> Change<Customer> {
        let id: CustomerID = ids.next()
        var customer = Customer(tenantID: tenant, id: id, code: "", name: "", phone: "", address: "")
        try edit(&customer)
        customer = customer.identified(as: tenant, id, deletedAt: nil)
        let isGenerated = customer.code.isEmpty
        // Checked before a code is drawn, which makes others wait.
        if isGenerated { customer.code = "C" }
        try customer.validate()
        if isGenerated { customer.code = try await CustomerCodes(transaction).draw(1, for: tenant).first.found() }
        try await customers.insert(customer)
        return Change(before: nil, after: try await customers.find(id).found())
    }

    /// Changes what `edit` changes. Throws ``ErasureRefusal/erased`` for who was erased, and `VersionConflict` where the customer has another version than expected.
    package func update(
        _ id: CustomerID,
        expecting version: Int64? = nil,
        _ edit: (inout Customer) throws -> Void
    ) async throws -> Change<Customer> {
        let before = try await unerased(id)
        try VersionConflict.check(version, before.stamp?.version)
        var customer = before
        try edit(&customer)
        try await customers.update(customer.identified(as: before.tenantID, id, deletedAt: nil))
        return Change(before: before, after: try await customers.find(id).found())
    }

    /// Hides the customer; nothing of his is lost. Throws `stillReferenced` while a service of his is not terminated: it would
    /// go on without anybody to bill; and ``MoneyLeft`` while he has money with us or owes some.
    package func delete(_ id: CustomerID, expecting version: Int64? = nil) async throws -> Change<Customer> {
        let before = try await unerased(id)
        try VersionConflict.check(version, before.stamp?.version)
        let services = try await transaction.query(
            """
            SELECT EXISTS (SELECT FROM services
                WHERE tenant_id = $1 AND customer_id = $2 AND status <> 'terminated') AS found
            """,
            [.id(before.tenantID), .id(id)]
        )
        guard services.first?["found"].bool == false else {
            throw PersistenceError.stillReferenced(constraint: "customer_services")
        }
        try await MoneyLeft.check(id, of: before.tenantID, in: transaction)
        try await customers.setDeleted(true, before)
        return Change(before: before, after: try await customers.find(id, includingDeleted: true).found())
    }

    /// Shows a deleted customer again; `notFound` for one that is not deleted.
    package func restore(_ id: CustomerID, expecting version: Int64? = nil) async throws -> Change<Customer> {
        let before = try await customers.find(id, forUpdate: true, includingDeleted: true).found()
        guard before.deletedAt != nil else { throw PersistenceError.notFound }
        guard before.erasedAt == nil else { throw ErasureRefusal.erased }
        try VersionConflict.check(version, before.stamp?.version)
        try await customers.setDeleted(false, before)
        return Change(before: before, after: try await customers.find(id).found())
    }

    /// The customer, locked. Who is deleted is not there; of who is erased it is told that nothing changes him.
    private func unerased(_ id: CustomerID) async throws -> Customer {
        let customer = try await customers.find(id, forUpdate: true, includingDeleted: true).found()
        guard customer.erasedAt == nil else { throw ErasureRefusal.erased }
        guard customer.deletedAt == nil else { throw PersistenceError.notFound }
        return customer
    }

    /// Adds a note about a customer. Notes are never changed.
    package func addNote(_ id: CustomerID, author: String, text: String) async throws -> Change<CustomerNote> {
        try Draft(author: author, text: text).validate()
        let customer = try await customers.find(id).found()
        let note = ids.uuid()
        let rows = try await transaction.query(
            """
            INSERT INTO customer_notes (tenant_id, id, customer_id, author, body) VALUES ($1, $2, $3, $4, $5)
            RETURNING \(CustomerNote.columns)
            """,
            [
                .id(customer.tenantID), .uuid(high: note.high, low: note.low), .id(id), .text(author), .text(text),
            ]
        )
        return Change(before: nil, after: try CustomerNote(try rows.first.found()))
    }
}

/// A note before it is stored.
private struct Draft: Validated {
    let author, text: String

    func check(_ checks: inout FieldChecks) {
        checks.text("author", author, maximum: 254)
        checks.text("text", text, maximum: 10_000)
    }
}

extension Customer {
    /// The same under an identity that no edit can change.
    fileprivate func identified(as tenant: TenantID, _ id: CustomerID, deletedAt: Timestamp?) -> Customer {
        var customer = self
        customer.tenantID = tenant
        customer.id = id
        customer.deletedAt = deletedAt
        return customer
    }
}
