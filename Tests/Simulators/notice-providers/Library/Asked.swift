import HTTPServer
import WireFormat

/// What a vendor would answer instead of taking it.
struct Refusal: Error {
    let response: Response

    init(_ status: Int, json: String, _ headers: [(HeaderName, String)] = []) {
        var response = Response.json(Array(json.utf8), status: HTTPStatus(status))
        for (name, value) in headers { response.headers[name] = HeaderValue(withoutControls: value) }
        self.response = response
    }

    init(_ status: Int, text: String) { response = .text(text, status: HTTPStatus(status)) }
}

/// A request, with its body read by its type.
struct Asked {
    let request: Request
    let body: [UInt8]
    /// The path's segments behind the vendor's own.
    let path: [String]

    func header(_ name: HeaderName) -> String? { request.headers[name] }

    /// What stands before the first semicolon of Content-Type.
    var type: String {
        let type = request.headers["content-type"]?.prefix { $0 != ";" } ?? ""
        return type.lowercased()
    }

    /// The body's JSON by paths such as `to.0.email`; nil where it is none, or its type is another.
    var json: [String: String]? {
        guard type == "application/json" else { return nil }
        return FlatJSON.read(body)
    }

    /// The body's form; nil where its type is another.
    var form: [String: String]? {
        guard type == "application/x-www-form-urlencoded", let items = Query(body)?.items else { return nil }
        return Dictionary(items.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    /// The name and password of RFC 7617.
    var basic: (name: String, password: String)? {
        guard let value = header("authorization"), value.hasPrefix("Basic "),
            let octets = Base64.decode(String(value.dropFirst(6)))
        else { return nil }
        let parts = String(decoding: octets, as: UTF8.self).split(separator: ":", maxSplits: 1)
        return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
    }

    /// `Authorization: Bearer …`.
    var bearer: String? {
        header("authorization").flatMap { $0.hasPrefix("Bearer ") ? String($0.dropFirst(7)) : nil }
    }
}

/// JSON as paths with texts, numbers and flags as they are written.
enum FlatJSON {
    static func read(_ octets: [UInt8]) -> [String: String]? {
        var reader = JSONReader(octets)
        var found: [String: String] = [:]
        do throws(JSONError) {
            try read(&reader, "", &found)
            try reader.expectEnd()
        } catch {
            return nil
        }
        return found
    }

    private static func read(
        _ reader: inout JSONReader,
        _ path: String,
        _ found: inout [String: String]
    ) throws(JSONError) {
        let prefix = path.isEmpty ? "" : path + "."
        switch try reader.peek() {
        case .string: found[path] = try reader.readString()
        case .object:
            var inner: [String: String] = [:]
            try reader.readObject { reader, name throws(JSONError) in try read(&reader, prefix + name, &inner) }
            found.merge(inner) { first, _ in first }
        case .array:
            var (inner, index): ([String: String], Int) = ([:], 0)
            try reader.readArray { reader throws(JSONError) in
                try read(&reader, prefix + String(index), &inner)
                index += 1
            }
            found.merge(inner) { first, _ in first }
        case .number, .bool, .null: found[path] = String(decoding: try reader.rawValue(), as: UTF8.self)
        }
    }

    /// The first words of the paths: the members of the outermost object.
    static func names(_ found: [String: String], under prefix: String = "") -> Set<String> {
        Set(
            found.keys.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count).prefix { $0 != "." } }.map(
                String.init
            )
        )
    }
}
