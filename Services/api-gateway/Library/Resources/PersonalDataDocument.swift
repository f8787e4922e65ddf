import Domain
import HTTPServer
import Persistence
import WireFormat

/// What is held about a customer as one JSON object, each part in the form that its list has.
struct PersonalDataDocument: Sendable {
    private let customer: Customer
    private let data: PersonalData
    private let madeAt: Timestamp
    private let columns: [OutputColumn<Customer>]

    /// `columns` are those of the customer that whoever asks may see.
    init(_ customer: Customer, _ data: PersonalData, madeAt: Timestamp, columns: [OutputColumn<Customer>]) {
        (self.customer, self.data, self.madeAt, self.columns) = (customer, data, madeAt, columns)
    }

    static var schema: Schema {
        .object([
            .init("generated_at", .time), .init("customer", Resource<Customer>.customers.schema),
            .init("contacts", part(of: Resource<CustomerContact>.customerContacts.schema)),
            .init("notes", part(of: Resource<CustomerNote>.customerNotes.schema), isRequired: false),
            .init("services", part(of: Resource<Service>.services.schema)),
            .init("service_history", part(of: Resource<ServiceChange>.serviceHistory.schema)),
            .init("accounts", part(of: account.schema)), .init("logins", part(of: login.schema)),
            .init("sessions", part(of: Resource<SessionDetail>.sessions.schema)),
            .init("usage", part(of: Resource<UsageDay>.usage.schema)),
            .init("notices", part(of: notice.schema)), .init("notice_preferences", part(of: preference.schema)),
            .init("audit", part(of: AuditRoutes.view.schema), isRequired: false),
        ])
    }

    private static func part(of row: Schema) -> Schema {
        .object([
            .init("rows", .list(row, maximum: PersonalDataReader.limit)), .init("limit", .integer(0...Int64.max)),
            .init("is_truncated", .boolean),
        ])
    }

    static let account = View<PersonalAccount>([
        .init("id", .uuid) { .id($0.id) }, .init("email", .text()) { .text($0.email) },
        .init("name", .text()) { .text($0.name) }, .init("is_active", .boolean) { .boolean($0.isActive) },
        .init("has_totp", .boolean) { .boolean($0.hasTOTP) },
        .init("email_verified_at", .nullable(.time)) { .time($0.emailVerifiedAt) },
        .init("last_login_at", .nullable(.time)) { .time($0.lastLoginAt) },
        .init("created_at", .time) { .time($0.createdAt) },
        .init("deleted_at", .nullable(.time)) { .time($0.deletedAt) },
        .init("api_keys", .list(.text())) { .texts($0.keys) },
    ])

    static let login = View<PersonalLogin>([
        .init("id", .uuid) { .id($0.id) }, .init("user_id", .uuid) { .id($0.userID) },
        .init("source", .nullable(.text())) { .text($0.source) },
        .init("user_agent", .text()) { .text($0.userAgent) }, .init("created_at", .time) { .time($0.createdAt) },
        .init("last_used_at", .time) { .time($0.lastUsedAt) },
        .init("ended_at", .nullable(.time)) { .time($0.endedAt) },
    ])

    static let notice = View<PersonalNotice>([
        .init("id", .uuid) { .text($0.id.description) }, .init("kind", .text()) { .text($0.kind) },
        .init("channel", .text()) { .text($0.channel) }, .init("address", .nullable(.text())) { .text($0.address) },
        .init("language", .text()) { .text($0.language) }, .init("state", .text()) { .text($0.state) },
        .init("facts", .object([], isOpen: true)) { .json($0.facts) },
        .init("created_at", .time) { .time($0.createdAt) }, .init("sent_at", .nullable(.time)) { .time($0.sentAt) },
    ])

    static let preference = View<PersonalPreference>([
        .init("language", .nullable(.text())) { .text($0.language) },
        .init("time_zone", .nullable(.text())) { .text($0.timeZone) },
        .init("quiet_from", .nullable(.integer(0...1_439))) { .integer($0.quietFrom) },
        .init("quiet_until", .nullable(.integer(0...1_439))) { .integer($0.quietUntil) },
        .init("channels", .list(.text())) { .texts($0.channels) },
        .init("refused", .list(.text())) { .texts($0.refused) },
    ])

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.pair("generated_at", madeAt.description)
        json.key("customer")
        customers.write(customer, fields: columns, to: &json)
        part("contacts", data.contacts, .customerContacts, &json)
        if let notes = data.notes { part("notes", notes, .customerNotes, &json) }
        part("services", data.services, .services, &json)
        part("service_history", data.serviceHistory, .serviceHistory, &json)
        part("accounts", data.accounts, &json) { Self.account.write($0, to: &$1) }
        part("logins", data.logins, &json) { Self.login.write($0, to: &$1) }
        part("sessions", data.sessions, .sessions, &json)
        part("usage", data.usage, .usage, &json)
        part("notices", data.notices, &json) { Self.notice.write($0, to: &$1) }
        part("notice_preferences", data.preferences, &json) { Self.preference.write($0, to: &$1) }
        if let audit = data.audit { part("audit", audit, &json) { AuditRoutes.view.write($0, to: &$1) } }
        json.endObject()
    }

    private var customers: ListSource<Customer> { Resource<Customer>.customers.source }

    private func part<Row>(
        _ name: StaticString,
        _ part: PersonalPart<Row>,
        _ source: ListSource<Row>,
        _ json: inout JSONWriter
    ) {
        self.part(name, part, &json) { source.write($0, to: &$1) }
    }

    private func part<Row>(
        _ name: StaticString,
        _ part: PersonalPart<Row>,
        _ json: inout JSONWriter,
        _ write: (Row, inout JSONWriter) -> Void
    ) {
        json.key(name)
        json.beginObject()
        json.key("rows")
        json.beginArray()
        for row in part.rows { write(row, &json) }
        json.endArray()
        json.pair("limit", part.limit)
        json.pair("is_truncated", part.isTruncated)
        json.endObject()
    }
}
