import Domain
import HTTPServer
import Persistence
import WireFormat

/// How a thing goes out that is no row of a list source: its members with their schemas, written and described by one table.
struct View<Thing>: Sendable {
    struct Member: Sendable {
        let name: String
        let schema: Schema
        let value: @Sendable (Thing) -> FieldValue

        init(_ name: String, _ schema: Schema, _ value: @escaping @Sendable (Thing) -> FieldValue) {
            self.name = name
            self.schema = schema
            self.value = value
        }
    }

    let members: [Member]

    init(_ members: [Member]) {
        self.members = members
    }

    var schema: Schema { .object(members.map { .init($0.name, $0.schema) }) }

    func write(_ thing: Thing, to json: inout JSONWriter) {
        json.beginObject()
        for member in members {
            json.key(string: member.name)
            member.value(thing).write(to: &json)
        }
        json.endObject()
    }

    /// A page of what is read behind the last row of the page before, with one more than it shows.
    func page<Tag>(
        _ request: Request,
        cursor: (Thing) -> ID<Tag>,
        _ read: (_ after: ID<Tag>?, _ limit: Int) async throws -> [Thing]
    ) async throws -> Response {
        let (limit, after): (Int, ID<Tag>?) = (try request.limit(), try request.queryID("cursor"))
        let found = try await read(after, limit + 1)
        return Response.page(of: found, limit: limit, for: request, cursor: { cursor($0).description }) {
            write($1, to: &$0)
        }
    }

    /// A page of a list that shows nothing.
    func emptyPage(_ request: Request) throws(Problem) -> Response {
        Response.page([Thing](), perPage: try request.limit(), next: nil, of: request) { write($1, to: &$0) }
    }

    /// For the audit trail.
    func auditValue(_ thing: Thing) -> AuditValue {
        .object(Dictionary(members.map { ($0.name, AuditValue($0.value(thing))) }, uniquingKeysWith: { $1 }))
    }

    /// `{"data": …}`.
    func answer(_ thing: Thing, status: HTTPStatus = .ok, version: Int64? = nil) -> Response {
        var response = Response.data(status: status) { write(thing, to: &$0) }
        response.headers["etag"] = version.map { EntityTag(version: $0).value }
        return response
    }
}
