/// A request's method: a token, compared case-sensitively (RFC 9110 §9.1).
package struct HTTPMethod: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// As it stands in the request line.
    package let name: String

    /// The method of that name; nil where it is no token.
    package init?(_ name: String) {
        guard Token.isToken(name.utf8) else { return nil }
        self.name = name
    }

    private init(known name: String) { self.name = name }

    package static let get = HTTPMethod(known: "GET")
    package static let head = HTTPMethod(known: "HEAD")
    package static let post = HTTPMethod(known: "POST")
    package static let put = HTTPMethod(known: "PUT")
    package static let patch = HTTPMethod(known: "PATCH")
    package static let delete = HTTPMethod(known: "DELETE")
    package static let options = HTTPMethod(known: "OPTIONS")

    private static let common: [HTTPMethod] = [.get, .post, .put, .patch, .delete, .head, .options]

    /// Methods of every request would each allocate a name that is always one of a few.
    init?(octets: ArraySlice<UInt8>) {
        if let known = Self.common.first(where: { $0.name.utf8.elementsEqual(octets) }) {
            self = known
        } else {
            guard octets.count <= 32 else { return nil }
            self.init(String(decoding: octets, as: UTF8.self))
        }
    }

    package var description: String { name }

    /// The name, or `other` for a method that none of ours is: a label must not be the client's choice.
    var label: String { Self.common.contains(self) ? name : "other" }

    package static func < (left: HTTPMethod, right: HTTPMethod) -> Bool { left.name < right.name }
}

/// A response's status code (RFC 9110 §15).
package struct HTTPStatus: Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// From 100 to 599.
    package let code: Int

    /// Traps where the code has not three digits of a known class: codes are written by programmers.
    package init(_ code: Int) {
        precondition((100...599).contains(code), "\(code) is no HTTP status")
        self.code = code
    }

    package init(integerLiteral code: Int) { self.init(code) }

    package static let ok: HTTPStatus = 200
    package static let created: HTTPStatus = 201
    package static let accepted: HTTPStatus = 202
    package static let noContent: HTTPStatus = 204
    package static let notModified: HTTPStatus = 304
    package static let badRequest: HTTPStatus = 400
    package static let unauthorized: HTTPStatus = 401
    package static let forbidden: HTTPStatus = 403
    package static let notFound: HTTPStatus = 404
    package static let methodNotAllowed: HTTPStatus = 405
    package static let conflict: HTTPStatus = 409
    package static let preconditionFailed: HTTPStatus = 412
    package static let contentTooLarge: HTTPStatus = 413
    package static let unprocessableContent: HTTPStatus = 422
    package static let tooManyRequests: HTTPStatus = 429
    package static let internalServerError: HTTPStatus = 500
    package static let serviceUnavailable: HTTPStatus = 503

    package var description: String { String(code) }

    /// The reason phrase of RFC 9110; the class's for a code without one of its own.
    package var reason: String { Self.reasons[code] ?? Self.classes[code / 100] ?? "" }

    private static let classes = [
        1: "Informational", 2: "Success", 3: "Redirection", 4: "Client Error", 5: "Server Error",
    ]

    private static let reasons = [
        101: "Switching Protocols", 200: "OK", 201: "Created", 202: "Accepted", 204: "No Content",
        206: "Partial Content",
        301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified", 307: "Temporary Redirect",
        308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden",
        404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout", 409: "Conflict",
        410: "Gone", 411: "Length Required", 412: "Precondition Failed", 413: "Content Too Large", 414: "URI Too Long",
        415: "Unsupported Media Type", 416: "Range Not Satisfiable", 417: "Expectation Failed",
        421: "Misdirected Request", 422: "Unprocessable Content", 423: "Locked", 426: "Upgrade Required",
        428: "Precondition Required", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
        500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
        504: "Gateway Timeout", 505: "HTTP Version Not Supported",
    ]
}
