import Observability
import WireFormat

/// A failure as a client reads it: RFC 9457, with `trace_id` and an `error` member beside the standard ones.
package struct Problem: Error, Sendable, Equatable {
    /// One value at fault.
    package struct Detail: Sendable, Equatable {
        /// A JSON Pointer into the request's body, or the name of a parameter.
        package let field: String
        /// For programs: stable, lower case with underscores.
        package let code: String
        /// For people.
        package let message: String

        package init(field: String, code: String, message: String) {
            self.field = field
            self.code = code
            self.message = message
        }
    }

    package var status: HTTPStatus
    /// For programs: stable, lower case with underscores. `type` is made of it; `error.code` says it in upper case.
    package var code: String
    /// Short, the same for every occurrence.
    package var title: String
    /// What happened this time; nothing internal.
    package var detail: String
    package var details: [Detail]
    /// The path that was asked for; the router fills it in.
    package var instance: String?
    /// The router fills it in.
    package var traceID: String?
    /// Members of this code's own (RFC 9457 §3.2): a name, and JSON.
    package var extensions: [String: [UInt8]] = [:]
    /// Fields that the answer carries beside, such as `Retry-After`.
    package var headers = ResponseHeaders()

    /// Where `type` points: a page per code.
    package static let typePrefix = "/problems/"

    package init(
        _ status: HTTPStatus,
        code: String,
        title: String? = nil,
        detail: String = "",
        details: [Detail] = []
    ) {
        self.status = status
        self.code = code
        self.title = title ?? status.reason
        self.detail = detail
        self.details = details
    }

    package static func == (left: Problem, right: Problem) -> Bool {
        left.encoded() == right.encoded() && left.headers == right.headers
    }

    /// The members as JSON.
    package func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("type")
        json.value(Self.typePrefix + code)
        json.key("title")
        json.value(title)
        json.key("status")
        json.value(status.code)
        if !detail.isEmpty {
            json.key("detail")
            json.value(detail)
        }
        if let instance {
            json.key("instance")
            json.value(instance)
        }
        if let traceID {
            json.key("trace_id")
            json.value(traceID)
        }
        for (name, value) in extensions.sorted(by: { $0.key < $1.key }) {
            json.key(string: name)
            json.raw(value)
        }
        json.key("error")
        writeError(into: &json)
        json.endObject()
        return json.finish()
    }

    private func writeError(into json: inout JSONWriter) {
        json.beginObject()
        json.key("code")
        json.value(code.uppercased())
        json.key("message")
        json.value(detail.isEmpty ? title : detail)
        json.key("details")
        json.beginArray()
        for detail in details {
            json.beginObject()
            json.key("field")
            json.value(detail.field)
            json.key("code")
            json.value(detail.code)
            json.key("message")
            json.value(detail.message)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    /// The answer, `application/problem+json`.
    package func response() -> Response {
        var response = Response(status, contentType: "application/problem+json", body: .octets(encoded()))
        for field in headers.fields { response.headers.add(field.name, field.value) }
        return response
    }

    /// The answer to that request, with its path and trace.
    package func response(to request: Request) -> Response {
        var complete = self
        if complete.instance == nil { complete.instance = request.target.path }
        if complete.traceID == nil { complete.traceID = request.trace.traceID }
        return complete.response()
    }

    /// For a body that could not be read; nil where the client is gone.
    package init?(_ error: RequestBodyError) {
        switch error {
        case .tooLarge(let limit):
            self.init(
                .contentTooLarge,
                code: "content_too_large",
                detail: "The body may have \(limit) octets at most."
            )
        case .tooSlow: self.init(408, code: "request_timeout", detail: "The body did not come in time.")
        case .disconnected: return nil
        }
    }

    init(_ fault: HeadFault) { self.init(fault.status, code: "malformed_request", detail: fault.detail) }
}
