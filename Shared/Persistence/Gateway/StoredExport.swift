package import Domain
import Postgres

/// A list that goes out as a file (table exports).
package struct StoredExport: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        case pending, running, completed, failed, cancelled
        /// It was completed, and its file is gone.
        case expired
    }

    /// Why there is no file: a stable word.
    package enum Failure: String, Hashable, Sendable, CaseIterable {
        /// Whoever asked for it may not any more.
        case forbidden
        /// What was asked for is no list any more.
        case invalid
        /// It has more rows than a document of that format may.
        case tooManyRows = "too_many_rows"
        /// The object store did not take it, as often as it was tried.
        case storage
        /// It was begun as often as it may be, and never ended.
        case `internal`
    }

    /// What was asked for, as the list of that entity takes it.
    package struct Order: Hashable, Sendable {
        package var entity: String
        package var format: ExportFormat
        package var filters: [String]
        package var sort: String?
        package var fields: [String]?
        package var search: String?
        package var deleted: String?

        package init(
            entity: String,
            format: ExportFormat,
            filters: [String] = [],
            sort: String? = nil,
            fields: [String]? = nil,
            search: String? = nil,
            deleted: String? = nil
        ) {
            self.entity = entity
            self.format = format
            self.filters = filters
            self.sort = sort
            self.fields = fields
            self.search = search
            self.deleted = deleted
        }

        /// For the list itself.
        package var parameters: ListParameters {
            ListParameters(sort: sort, filters: filters, search: search, deleted: deleted)
        }
    }

    package var tenantID: TenantID
    package var id: ExportID
    package var userID: UserID
    /// The key that he asked with.
    package var keyID: APIKeyID?
    /// How far he reached when he asked, in a word.
    package var reach: String
    package var order: Order
    /// Whence it was asked for.
    package var source: String
    package var requestID: String?
    package var state: State
    package var rows: Int64
    package var octets: Int64
    /// How often it was begun.
    package var attempt: Int
    /// The upload in parts that its attempt has open.
    package var upload: String?
    package var failure: Failure?
    package var createdAt: Timestamp
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?
    package var expiresAt: Timestamp?

    /// One that nobody has begun.
    package init(
        tenantID: TenantID,
        id: ExportID,
        userID: UserID,
        keyID: APIKeyID?,
        reach: String,
        order: Order,
        source: String,
        requestID: String?,
        createdAt: Timestamp
    ) {
        self.tenantID = tenantID
        self.id = id
        self.userID = userID
        self.keyID = keyID
        self.reach = reach
        self.order = order
        self.source = source
        self.requestID = requestID
        self.createdAt = createdAt
        (state, rows, octets, attempt) = (.pending, 0, 0, 0)
    }

    init(_ row: PGRow) throws {
        self.init(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            userID: try row.need("user_id") { $0.id() },
            keyID: row["key_id"].id(),
            reach: try row.need("reach", \.text),
            order: Order(
                entity: try row.need("entity", \.text),
                format: try row.choice("format"),
                filters: try row.need("filters", \.textArray).compactMap { $0 },
                sort: row["sort"].text,
                fields: row["fields"].textArray?.compactMap { $0 },
                search: row["search"].text,
                deleted: row["deleted"].text
            ),
            source: try row.need("source", \.text),
            requestID: row["request_id"].text,
            createdAt: try row.need("created_at", \.time)
        )
        state = try row.choice("state")
        rows = try row.need("rows", \.int64)
        octets = try row.need("octets", \.int64)
        attempt = try row.need("attempt", \.int)
        upload = row["upload_id"].text
        failure = row["failure"].text.flatMap(Failure.init(rawValue:))
        startedAt = row["started_at"].time
        finishedAt = row["finished_at"].time
        expiresAt = row["expires_at"].time
    }
}
