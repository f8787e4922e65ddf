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
    /// Segments that the customer belongs to: up to 50 words.
    package var tags: [String]
    /// Where the service is, in degrees (WGS 84); both or neither.
    package var latitude: Double?
    package var longitude: Double?
    package var installedOn: CivilDate?
    /// What he pays each month where it is agreed apart from his plan's price.
    package var monthlyFee: Money?
    package var deletedAt: Timestamp?
    /// When all that is personal was taken out of him for good (SEC-09); nothing changes him any more.
    package var erasedAt: Timestamp?
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
        tags: [String] = [],
        latitude: Double? = nil,
        longitude: Double? = nil,
        installedOn: CivilDate? = nil,
        monthlyFee: Money? = nil,
        deletedAt: Timestamp? = nil,
        erasedAt: Timestamp? = nil,
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
        self.tags = tags
        self.latitude = latitude
        self.longitude = longitude
        self.installedOn = installedOn
        self.monthlyFee = monthlyFee
        self.deletedAt = deletedAt
        self.erasedAt = erasedAt
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
        checks.tags("tags", tags)
        checkPlace(&checks)
        if let monthlyFee, monthlyFee.tenThousandths < 0 {
            checks.refuse("monthly_fee", .malformed(expected: "0 or more"))
        }
    }

    private func checkPlace(_ checks: inout FieldChecks) {
        guard let latitude, let longitude else {
            if latitude != nil || longitude != nil {
                checks.refuse(latitude == nil ? "latitude" : "longitude", .missing)
            }
            return
        }
        if !(-90...90).contains(latitude) { checks.refuse("latitude", .outOfRange(minimum: -90, maximum: 90)) }
        if !(-180...180).contains(longitude) { checks.refuse("longitude", .outOfRange(minimum: -180, maximum: 180)) }
    }

    /// One @ with something on either side and no blank: whether mail arrives is shown by sending some.
    static func looksLikeEmail(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && !text.contains(where: \.isWhitespace)
    }
}
