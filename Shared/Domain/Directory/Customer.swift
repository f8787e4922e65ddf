package enum CustomerStatus: String, Hashable, Sendable, CaseIterable {
    case active, suspended, terminated
}

/// Who pays for one or more services (table customers).
package struct Customer: Hashable, Sendable {
    package var tenantID: TenantID
    package var id: CustomerID
    /// The provider's own number for the customer, unique within the tenant.
    package var code: String
    package var name: String
    package var email: String?
    package var phone: String
    package var address: String
    package var status: CustomerStatus
    /// The day of the month on which invoices fall due; the month's last day where it has no such day.
    package var dueDay: Int
    package var notes: String
    package var deletedAt: Timestamp?
    /// Nil until stored.
    package var stamp: RowStamp?

    package init(
        tenantID: TenantID,
        id: CustomerID,
        code: String,
        name: String,
        email: String? = nil,
        phone: String,
        address: String,
        status: CustomerStatus = .active,
        dueDay: Int = 15,
        notes: String = "",
        deletedAt: Timestamp? = nil,
        stamp: RowStamp? = nil
    ) {
        self.tenantID = tenantID
        self.id = id
        self.code = code
        self.name = name
        self.email = email
        self.phone = phone
        self.address = address
        self.status = status
        self.dueDay = dueDay
        self.notes = notes
        self.deletedAt = deletedAt
        self.stamp = stamp
    }
}

extension Customer: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.text("code", code, maximum: 64)
        checks.text("name", name, maximum: 200)
        checks.optional("email", email, maximum: 254)
        if let email, !Self.looksLikeEmail(email) {
            checks.refuse("email", .malformed(expected: "an e-mail address"))
        }
        checks.text("phone", phone, maximum: 40)
        checks.text("address", address, maximum: 500)
        checks.number("due_day", dueDay, in: 1...31)
        checks.optional("notes", notes, maximum: .max)
    }

    /// One @ with something on either side and no blank: whether mail arrives is shown by sending some.
    private static func looksLikeEmail(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && !text.contains(where: \.isWhitespace)
    }
}
