package import Domain

/// A line of the file that is fit to be stored.
package struct ImportRow: Sendable, Equatable {
    /// A service that a line defines. Its customer and plan are found later: the file names them.
    package struct NewService: Sendable, Equatable {
        /// The service; its customer's and its plan's ids are still zero.
        package var service: Service
        /// The plan's name.
        package var plan: String
        /// The clear text; nil when one is to be generated or the kind has none.
        package var password: String?

        /// Whether a password is made up for it: it needs one and the file has none.
        package var needsPassword: Bool { password == nil && service.kind != .mac && service.kind != .ipoe }
    }

    /// The line of the file.
    package let line: Int
    /// The customer's code.
    package let code: String
    /// The customer, on his first line; nil when an earlier line defines him or he is stored already.
    package let customer: Customer?
    /// The service; nil on a line that holds a customer only.
    package let service: NewService?
}

/// Reads one record into a row, collecting everything that is wrong with it.
struct ImportRowReader {
    let line: Int
    let values: [ImportColumn: String]
    let tenant: TenantID
    let ids: IDGenerator
    private(set) var problems: [ImportProblem] = []

    init(line: Int, values: [ImportColumn: String], tenant: TenantID, ids: IDGenerator) {
        self.line = line
        self.values = values
        self.tenant = tenant
        self.ids = ids
    }

    mutating func row() -> ImportRow? {
        for (column, value) in values where value.unicodeScalars.contains(where: Self.isControl) {
            note(column, "has a control character")
        }
        let code = values[.code] ?? ""
        if code.isEmpty { note(.code, "is missing") }
        let customer = customer(code)
        let service = service()
        if customer == nil && service == nil && problems.isEmpty {
            problems.append(
                ImportProblem(line: line, "has neither a customer (name, phone, address) nor a service (username)")
            )
        }
        problems.sort { ($0.line, $0.column ?? "", $0.reason) < ($1.line, $1.column ?? "", $1.reason) }
        return problems.isEmpty ? ImportRow(line: line, code: code, customer: customer, service: service) : nil
    }

    private mutating func customer(_ code: String) -> Customer? {
        guard ImportColumn.customerColumns.contains(where: { values[$0] != nil }) else { return nil }
        let customer = Customer(
            tenantID: tenant,
            id: ids.next(),
            code: code.isEmpty ? "-" : code,
            name: values[.name] ?? "",
            email: values[.email],
            phone: values[.phone] ?? "",
            address: values[.address] ?? "",
            status: choice(.status, .active),
            dueDay: number(.dueDay) ?? 15,
            notes: values[.notes] ?? ""
        )
        check(customer)
        return customer
    }

    private mutating func service() -> ImportRow.NewService? {
        guard let name = values[.username] else {
            for column in ImportColumn.serviceColumns where values[column] != nil {
                note(column, "is given without a username")
            }
            return nil
        }
        if values[.plan] == nil { note(.plan, "is missing") }
        let kind = choice(.kind, ServiceKind.pppoe)
        let service = Service(
            tenantID: tenant,
            id: ids.next(),
            customerID: ID(.zero),
            planID: ID(.zero),
            kind: kind,
            username: kind == .mac ? MACAddress(name)?.description ?? name : name,
            status: choice(.serviceStatus, .active),
            expiresAt: expiry(),
            sessionLimit: number(.sessionLimit),
            staticIPv4: parsed(.staticIPv4, "an IPv4 address") { IPAddress($0) },
            framedIPv6Prefix: parsed(.framedIPv6Prefix, "an IPv6 prefix such as 2001:db8:1::/64") { IPPrefix($0) },
            delegatedIPv6Prefix: parsed(.delegatedIPv6Prefix, "an IPv6 prefix such as 2001:db8:100::/56") {
                IPPrefix($0)
            }
        )
        check(service)
        // User-Password holds at most 128 octets (RFC 2865 §5.2).
        if let password = values[.password], password.utf8.count > 128 { note(.password, "is longer than 128 octets") }
        return ImportRow.NewService(service: service, plan: values[.plan] ?? "", password: values[.password])
    }

    // MARK: - Columns

    private mutating func note(_ column: ImportColumn, _ reason: String) {
        problems.append(ImportProblem(line: line, column: column, reason))
    }

    /// What the aggregate's own rules say, told by column.
    private mutating func check(_ value: some Validated) {
        do {
            try value.validate()
        } catch {
            for invalid in error.fields {
                let reason = invalid.description.dropping(prefix: invalid.field + " ")
                problems.append(
                    ImportProblem(
                        line: line,
                        column: ImportColumn(rawValue: invalid.field),
                        reason == "is required" ? "is missing" : reason
                    )
                )
            }
        }
    }

    /// One of the enumeration's names; the default when the column is empty.
    private mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ column: ImportColumn,
        _ standard: Choice
    ) -> Choice {
        guard let value = values[column] else { return standard }
        if let choice = Choice(rawValue: value.lowercased()) { return choice }
        note(column, "must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        return standard
    }

    private mutating func number(_ column: ImportColumn) -> Int? {
        parsed(column, "a whole number") { Int($0) }
    }

    private mutating func parsed<Value>(_ column: ImportColumn, _ expected: String, _ parse: (String) -> Value?)
        -> Value?
    {
        guard let text = values[column] else { return nil }
        guard let value = parse(text) else {
            note(column, "must be \(expected)")
            return nil
        }
        return value
    }

    private mutating func expiry() -> Timestamp? {
        parsed(.expiresAt, "a date such as 2026-11-20 or a time such as 2026-11-20T10:00:00Z") { text in
            Timestamp(text) ?? CivilDate(text)?.start
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 && scalar != "\n" || scalar.value == 0x7f
    }
}

extension String {
    fileprivate func dropping(prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
    }
}
