import HTTPServer
import Persistence
import WireFormat

extension Resource {
    /// One row: `{"data": …}` with its ETag; 304 where the client has it already.
    func answer(_ row: Row, to request: Request, status: HTTPStatus = .ok) throws -> Response {
        let fields = request.method == .get || request.method == .head ? request.query["fields"] : nil
        let tag = version(row).map { EntityTag(version: $0, fields: fields, standing: standing(row)) }
        if let tag, status == .ok, request.method == .get || request.method == .head, tag.isNamed(by: request) {
            var response = Response(.notModified)
            response.headers["etag"] = tag.value
            return response
        }
        var json = JSONWriter(capacity: 2_048)
        json.beginObject()
        json.key("data")
        source.write(row, fields: try columns(request), to: &json)
        json.endObject()
        var response = Response.json(json.finish(), status: status)
        response.headers["etag"] = tag?.value
        if status == .created { response.headers["location"] = HeaderValue(withoutControls: "\(path)/\(id(row))") }
        return response
    }

    /// A page: `{"data": […], "meta": {…}}`, with the next one in `Link` (RFC 8288).
    func answer(_ page: ListPage<Row>, _ query: ListQuery<Row>, to request: Request) throws -> Response {
        let columns = try columns(request)
        return Response.page(
            page.rows,
            perPage: query.limit,
            next: page.next,
            total: page.total,
            of: request
        ) { source.write($1, fields: columns, to: &$0) }
    }
}

extension Response {
    /// A page of what was read with one more than it shows: that one says that there are more, behind the last of the page.
    static func page<Element>(
        of found: [Element],
        limit: Int,
        for request: Request,
        cursor: (Element) -> String,
        _ write: (inout JSONWriter, Element) -> Void
    ) -> Response {
        let rows = Array(found.prefix(limit))
        let next = found.count > limit ? rows.last.map(cursor) : nil
        return page(rows, perPage: limit, next: next, of: request, write)
    }

    /// A page of anything.
    static func page<Element>(
        _ rows: [Element],
        perPage: Int,
        next: String?,
        total: Int? = nil,
        of request: Request,
        _ write: (inout JSONWriter, Element) -> Void
    ) -> Response {
        var json = JSONWriter(capacity: 16_384)
        json.beginObject()
        json.key("data")
        json.beginArray()
        for row in rows { write(&json, row) }
        json.endArray()
        json.key("meta")
        json.beginObject()
        json.pair("perPage", perPage)
        if let total { json.pair("total", total) }
        json.key("next")
        if let next { json.value(next) } else { json.null() }
        json.endObject()
        json.endObject()
        var response = Response.json(json.finish())
        if let next {
            let others = request.query.items.filter { $0.name != "cursor" }
            let items = others.map { "\(encoded($0.name))=\(encoded($0.value))" } + ["cursor=\(encoded(next))"]
            let target = "\(request.target.path)?\(items.joined(separator: "&"))"
            response.headers["link"] = HeaderValue(withoutControls: "<\(target)>; rel=\"next\"")
        }
        return response
    }

    /// One thing: `{"data": …}`.
    static func data(status: HTTPStatus = .ok, _ write: (inout JSONWriter) -> Void) -> Response {
        var json = JSONWriter(capacity: 1_024)
        json.beginObject()
        json.key("data")
        write(&json)
        json.endObject()
        return .json(json.finish(), status: status)
    }

    /// RFC 3986 §2.3: everything but the unreserved in percent.
    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var octets: [UInt8] = []
        for octet in text.utf8 {
            switch octet {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: octets.append(octet)
            default: octets += [0x25, digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            }
        }
        return String(decoding: octets, as: UTF8.self)
    }
}
