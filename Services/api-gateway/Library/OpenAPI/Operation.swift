/// How a route is described: enough for OpenAPI, and for refusing what the description does not know.
package struct Operation: Sendable {
    /// A value of the query string or a header field.
    package struct Parameter: Hashable, Sendable {
        package enum Place: String, Hashable, Sendable { case query, header }

        package let name: String
        package let place: Place
        package let schema: Schema
        package let summary: String
        package let isRequired: Bool
        /// May stand several times.
        package let isRepeated: Bool

        package init(
            _ name: String,
            in place: Place = .query,
            _ schema: Schema,
            _ summary: String,
            isRequired: Bool = false,
            isRepeated: Bool = false
        ) {
            self.name = name
            self.place = place
            self.schema = schema
            self.summary = summary
            self.isRequired = isRequired
            self.isRepeated = isRepeated
        }
    }

    package enum Body: Hashable, Sendable {
        case json(Schema)
        case stream(contentType: String)
    }

    package enum Answer: Hashable, Sendable {
        /// No body.
        case empty
        /// `data` of that schema; of a list with `meta`.
        case data(Schema)
        case page(Schema)
        /// A JSON text as it is.
        case plain(Schema)
        /// As GraphQL over HTTP has it: in one of two types, and so are failures that a query is to blame for.
        case graphQL(Schema)
        /// Anything else, in one of these types.
        case other([String])
    }

    package let tag: String
    package let summary: String
    package let parameters: [Parameter]
    package let body: Body?
    package let status: Int
    package let answer: Answer
    /// Other statuses that it ends with, beside those that every route has: without a body below 400.
    package let others: [Int]
    /// The query is somebody else's: names that are not described here are none of our business.
    package let takesAnyQuery: Bool
    /// An older path of something: OpenAPI says `deprecated`, the answer since when (RFC 9745) and until when (RFC 8594).
    package let deprecation: Deprecation?

    package struct Deprecation: Hashable, Sendable {
        /// Seconds since 1970.
        package let since: Int64
        /// An HTTP date (RFC 9110 §5.6.7).
        package let sunset: String

        package init(since: Int64, sunset: String) {
            self.since = since
            self.sunset = sunset
        }
    }

    package init(
        _ tag: String,
        _ summary: String,
        parameters: [Parameter] = [],
        body: Body? = nil,
        status: Int = 200,
        _ answer: Answer,
        others: [Int] = [],
        takesAnyQuery: Bool = false,
        deprecation: Deprecation? = nil
    ) {
        self.tag = tag
        self.summary = summary
        self.parameters = parameters
        self.body = body
        self.status = status
        self.answer = answer
        self.others = others
        self.takesAnyQuery = takesAnyQuery
        self.deprecation = deprecation
    }

    static let ifMatch = Parameter(
        "If-Match",
        in: .header,
        .text(maximum: 64, pattern: "^\"[0-9]{1,19}(-[0-9a-f]+)?\"$"),
        "The ETag of what is changed; 428 without.",
        isRequired: true
    )
    /// The same of a route that can do without.
    static let ifMatchWhereRead = Parameter(
        "If-Match",
        in: .header,
        ifMatch.schema,
        "The ETag that came with what was read; 412 where it has changed since."
    )
    /// The parameters of a list that is read by the id of a page's last row.
    static let paging = [limit, Parameter("cursor", .uuid, "Where the page before ended: its meta.next.")]
    static let limit = Parameter("limit", .integer(1...100), "Rows a page, 10 unless said.")
    static let idempotencyKey = Parameter(
        "Idempotency-Key",
        in: .header,
        .text(minimum: 1, maximum: 255, pattern: "^[!-~]+$"),
        "Repeating a request under its key gives its first answer again."
    )
    static let mandatoryKey = Parameter(
        "Idempotency-Key",
        in: .header,
        .text(minimum: 1, maximum: 255, pattern: "^[!-~]+$"),
        "Repeating a request under its key gives its first answer again; 400 without.",
        isRequired: true
    )
}
