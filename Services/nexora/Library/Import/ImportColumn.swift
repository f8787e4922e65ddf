/// A column of the import file. The names are the file's heading; order is free and unused columns may be left out.
package enum ImportColumn: String, CaseIterable, Sendable {
    case code
    case name
    case phone
    case address
    case email
    case status
    case dueDay = "due_day"
    case notes
    case username
    case password
    case plan
    case kind
    case serviceStatus = "service_status"
    case expiresAt = "expires_at"
    case sessionLimit = "session_limit"
    case staticIPv4 = "static_ipv4"
    case framedIPv6Prefix = "framed_ipv6_prefix"
    case delegatedIPv6Prefix = "delegated_ipv6_prefix"

    /// What it holds, for help and the documentation.
    package var meaning: String {
        switch self {
        case .code: "the customer's code; lines with the same code are one customer with several services. Required"
        case .name:
            "the customer's name; on the customer's first line. Left empty, with phone and address, when the customer exists"
        case .phone: "the customer's phone number; on the customer's first line"
        case .address: "the customer's postal address; on the customer's first line"
        case .email: "the customer's e-mail address"
        case .status: "the customer: active (default), suspended or terminated"
        case .dueDay: "day of the month a bill is due, 1 to 31; default 15"
        case .notes: "anything"
        case .username:
            "what the NAS sends as User-Name; a MAC address for kind mac. Empty: the line holds a customer only"
        case .password: "the service's network password; generated when empty (kinds mac and ipoe then have none)"
        case .plan: "the name of a plan of the tenant. Required with a username"
        case .kind: "pppoe (default), hotspot, ipoe, mac or wifi"
        case .serviceStatus: "the service: active (default), pending, suspended or terminated"
        case .expiresAt: "when the service ends: 2026-11-20 or 2026-11-20T10:00:00Z"
        case .sessionLimit: "sessions at once, 1 to 5, in place of the plan's"
        case .staticIPv4: "a fixed IPv4 address"
        case .framedIPv6Prefix: "a fixed IPv6 prefix for the link: 2001:db8:1::/64"
        case .delegatedIPv6Prefix: "a fixed IPv6 prefix to delegate: 2001:db8:100::/56"
        }
    }

    /// Columns that describe the service, meaningless without a username.
    static let serviceColumns: [ImportColumn] = [
        .password, .plan, .kind, .serviceStatus, .expiresAt, .sessionLimit, .staticIPv4, .framedIPv6Prefix,
        .delegatedIPv6Prefix,
    ]
    /// Columns that describe the customer, for his first line.
    static let customerColumns: [ImportColumn] = [.name, .phone, .address, .email, .status, .dueDay, .notes]
}

/// What is wrong with one line of the file.
package struct ImportProblem: Sendable, Equatable, Comparable {
    /// The line of the file, from 1.
    package let line: Int
    /// The column at fault; nil when the line as a whole is.
    package let column: String?
    /// What is wrong. Never holds a password.
    package let reason: String

    /// A problem of a line.
    package init(line: Int, column: ImportColumn? = nil, _ reason: String) {
        self.line = line
        self.column = column?.rawValue
        self.reason = reason
    }

    /// By line.
    package static func < (left: Self, right: Self) -> Bool { left.line < right.line }

    /// As it is told to people.
    package var text: String {
        "line \(line): " + (column.map { "\($0): " } ?? "") + reason
    }
}
