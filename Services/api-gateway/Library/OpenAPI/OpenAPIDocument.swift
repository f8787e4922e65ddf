import Domain
import HTTPServer
import WireFormat

/// The OpenAPI 3.1 document of a table of routes: what it says is what is served, because both are read from the routes.
package enum OpenAPIDocument {
    /// The document as JSON.
    package static func make(of routes: [GatewayRoute], version: String) -> [UInt8] {
        var json = JSONWriter(capacity: 1 << 18)
        json.beginObject()
        json.pair("openapi", "3.1.0")
        json.key("info")
        json.beginObject()
        json.pair("title", "Nexora")
        json.pair("version", version)
        json.pair(
            "description",
            "Everything that Nexora does, over HTTP. Failures are application/problem+json (RFC 9457)."
        )
        json.endObject()
        writeTags(routes, &json)
        writePaths(routes, &json)
        OpenAPIComponents.write(to: &json)
        json.endObject()
        return json.bytes
    }

    private static func writeTags(_ routes: [GatewayRoute], _ json: inout JSONWriter) {
        json.key("tags")
        json.beginArray()
        for tag in Set(routes.map(\.metadata.operation.tag)).sorted() {
            json.beginObject()
            json.pair("name", tag)
            json.endObject()
        }
        json.endArray()
    }

    private static func writePaths(_ routes: [GatewayRoute], _ json: inout JSONWriter) {
        var order: [String] = []
        var byPath: [String: [GatewayRoute]] = [:]
        for route in routes {
            let path = path(of: route)
            if byPath[path] == nil { order.append(path) }
            byPath[path, default: []].append(route)
        }
        json.key("paths")
        json.beginObject()
        for path in order {
            json.key(string: path)
            json.beginObject()
            for route in byPath[path] ?? [] {
                json.key(string: route.method.name.lowercased())
                write(route, &json)
            }
            json.endObject()
        }
        json.endObject()
    }

    /// `/customers/{id:uuid}` as `/customers/{id}`.
    static func path(of route: GatewayRoute) -> String {
        route.pattern.description.split(separator: "/", omittingEmptySubsequences: false).map { part in
            guard part.hasPrefix("{") else { return String(part) }
            return "{" + part.dropFirst().prefix { $0 != ":" && $0 != "." && $0 != "}" } + "}"
        }.joined(separator: "/")
    }

    private static func write(_ route: GatewayRoute, _ json: inout JSONWriter) {
        let (access, operation) = (route.metadata, route.metadata.operation)
        json.beginObject()
        json.pair("operationId", route.operationID)
        json.pair("summary", operation.summary)
        json.pair("tags", [operation.tag])
        if operation.deprecation != nil { json.pair("deprecated", true) }
        writeGuard(access.guard, &json)
        writeParameters(route, &json)
        writeBody(operation.body, &json)
        json.key("responses")
        json.beginObject()
        writeAnswer(operation, &json)
        for status in operation.others where status < 400 {
            json.key(string: String(status))
            json.beginObject()
            // What was accepted is told as what was done.
            if status == 202, case .data(let schema) = operation.answer {
                json.pair("description", "Nobody knows yet: the same request again, under its key, tells.")
                writeContent(.object([.init("data", schema)]), &json)
            } else {
                json.pair("description", "There is nothing to tell.")
            }
            json.endObject()
        }
        for status in failures(of: route) {
            json.key(string: String(status))
            json.beginObject()
            if status == 400, case .graphQL(let schema) = operation.answer {
                writeRefusal(schema, &json)
                json.endObject()
                continue
            }
            // What is refused before it is read through has no page of ours.
            json.pair("$ref", "#/components/responses/" + (status == 414 || status == 431 ? "TooLong" : "Problem"))
            json.endObject()
        }
        json.endObject()
        json.endObject()
    }

    private static func writeGuard(_ guarded: Access.Guard, _ json: inout JSONWriter) {
        json.key("security")
        json.beginArray()
        guard guarded != .open else { return json.endArray() }
        for scheme in ["bearer", "apiKey"] {
            json.beginObject()
            json.pair(scheme == "bearer" ? "bearer" : "apiKey", [String]())
            json.endObject()
        }
        json.endArray()
        if case .permissions(let permissions) = guarded {
            json.pair("x-permissions", permissions.map(\.rawValue).sorted())
        }
        if case .roles(let roles) = guarded { json.pair("x-roles", roles.map(\.rawValue).sorted()) }
    }

    private static func writeParameters(_ route: GatewayRoute, _ json: inout JSONWriter) {
        json.key("parameters")
        json.beginArray()
        for (name, type) in route.pattern.parameters {
            json.beginObject()
            json.pair("name", name)
            json.pair("in", "path")
            json.pair("required", true)
            json.key("schema")
            schema(of: type).write(to: &json)
            json.endObject()
        }
        for parameter in parameters(of: route.metadata) {
            json.beginObject()
            json.pair("name", parameter.name)
            json.pair("in", parameter.place.rawValue)
            json.pair("description", parameter.summary)
            json.pair("required", parameter.isRequired)
            json.key("schema")
            (parameter.isRepeated ? .list(parameter.schema) : parameter.schema).write(to: &json)
            json.endObject()
        }
        json.endArray()
    }

    private static func parameters(of access: Access) -> [Operation.Parameter] {
        switch access.repetition {
        case .unkeyed: access.operation.parameters
        case .keyed, .keyedSecret: access.operation.parameters + [Operation.idempotencyKey]
        case .mandatory, .lasting: access.operation.parameters + [Operation.mandatoryKey]
        }
    }

    private static func schema(of type: PathParameterType) -> Schema {
        switch type {
        case .text: .text(minimum: 1)
        case .int: .integer(0...Int64.max)
        case .uuid: .uuid
        }
    }

    private static func writeBody(_ body: Operation.Body?, _ json: inout JSONWriter) {
        guard let body else { return }
        json.key("requestBody")
        json.beginObject()
        json.pair("required", true)
        json.key("content")
        json.beginObject()
        switch body {
        case .json(let schema): content("application/json", schema, &json)
        // Octets of that type: what is wrong with them, the answer tells line by line.
        case .stream(let type): content(type, .anything, &json)
        }
        json.endObject()
        json.endObject()
    }

    private static func content(_ type: String, _ schema: Schema, _ json: inout JSONWriter) {
        json.key(string: type)
        json.beginObject()
        json.key("schema")
        schema.write(to: &json)
        json.endObject()
    }

    private static func writeAnswer(_ operation: Operation, _ json: inout JSONWriter) {
        json.key(string: String(operation.status))
        json.beginObject()
        json.pair("description", operation.summary)
        switch operation.answer {
        case .empty: break
        case .data(let schema): writeContent(.object([.init("data", schema)]), &json)
        case .page(let schema):
            writeContent(.object([.init("data", .list(schema)), .init("meta", .component("PageMeta"))]), &json)
        case .plain(let schema): writeContent(schema, &json)
        case .graphQL(let schema):
            json.key("content")
            json.beginObject()
            for type in GraphQLRoutes.types { content(type, schema, &json) }
            json.endObject()
        case .other(let types):
            json.key("content")
            json.beginObject()
            // Events are told one by one, and no schema of 3.1 is about one of them.
            for type in types { content(type, type == "text/event-stream" ? .anything : .text(), &json) }
            json.endObject()
        }
        json.endObject()
    }

    /// A query that cannot be read is answered as queries are, a request that holds none as any other.
    private static func writeRefusal(_ schema: Schema, _ json: inout JSONWriter) {
        json.pair("description", "What went wrong.")
        json.key("content")
        json.beginObject()
        for type in GraphQLRoutes.types { content(type, schema, &json) }
        content("application/problem+json", .component("Problem"), &json)
        json.endObject()
    }

    private static func writeContent(_ schema: Schema, _ json: inout JSONWriter) {
        json.key("content")
        json.beginObject()
        content("application/json", schema, &json)
        json.endObject()
    }

    /// The failures that a route can have, by what it is.
    static func failures(of route: GatewayRoute) -> [Int] {
        let access = route.metadata
        var statuses: Set = [400, 403, 414, 415, 429, 431, 500, 503]
        statuses.formUnion(access.operation.others.filter { $0 >= 400 })
        if access.guard != .open || access.operation.body != nil { statuses.formUnion([401, 404]) }
        if route.method != .get { statuses.insert(409) }
        if access.operation.body != nil { statuses.formUnion([408, 409, 413, 415, 422]) }
        if access.operation.parameters.contains(Operation.ifMatch) { statuses.insert(428) }
        if access.operation.parameters.contains(where: { $0.name == Operation.ifMatch.name }) {
            statuses.formUnion([409, 412])
        }
        if access.repetition != .unkeyed { statuses.formUnion([404, 409, 422]) }
        return statuses.sorted()
    }
}
