import Concurrency
package import HTTPServer
import Synchronization
import WireFormat

/// A store that speaks S3's language as far as exports need it, and proves every signature: one bucket, named in the path.
package final class ObjectStore: Sendable {
    /// What it is told to do wrong.
    package enum Fault: Sendable, Hashable {
        /// Answers with that status and does nothing.
        case status(Int)
        /// Does it and answers with that status: the answer was lost on its way.
        case lost(Int)
        /// Answers 200 and says in the body that it failed, as completing may.
        case lateError
        /// Says nothing of encryption.
        case unencrypted
    }

    package let bucket: String
    private let accessKey: String
    private let secretKey: String
    private let region: String
    private let now: @Sendable () -> Int64

    private struct State {
        var contents = StoreContents()
        var faults: [(Fault, times: Int, only: @Sendable (Request) -> Bool)] = []
        var asked: [String] = []
        var before: (@Sendable (Request) async -> Void)?
    }

    private let state = Mutex(State())

    /// `now` is in seconds since 1970.
    package init(
        bucket: String,
        accessKey: String,
        secretKey: String,
        region: String = "us-east-1",
        now: @escaping @Sendable () -> Int64 = { SystemClock.microsecondsSince1970() / 1_000_000 }
    ) {
        self.bucket = bucket
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.region = region
        self.now = now
    }

    /// The names of the objects, sorted.
    package var keys: [String] { state.withLock { $0.contents.objects.keys.sorted() } }

    /// The octets of an object; nil where there is none.
    package func object(_ key: String) -> [UInt8]? { state.withLock { $0.contents.objects[key]?.octets } }

    /// How many uploads in parts were begun and neither completed nor aborted.
    package var openUploads: Int { state.withLock { $0.contents.uploads.count } }

    /// What was asked and proven, as `PUT key` or `POST key?uploads`.
    package var asked: [String] { state.withLock { $0.asked } }

    /// Does the next `times` requests that `only` takes wrong.
    package func fail(_ fault: Fault, times: Int = 1, only: @escaping @Sendable (Request) -> Bool = { _ in true }) {
        state.withLock { $0.faults.append((fault, times, only)) }
    }

    /// Does that when a request comes, before anything else.
    package func before(_ body: (@Sendable (Request) async -> Void)?) { state.withLock { $0.before = body } }

    /// Answers a request.
    package func respond(to request: Request) async -> Response {
        guard let body = try? await request.body(limit: .max) else { return Response(.badRequest) }
        await state.withLock { $0.before }?(request)
        do throws(Refusal) {
            let check = SignatureCheck(accessKey: accessKey, secretKey: secretKey, region: region, now: now())
            try check.prove(request, body)
            let prefix = "/\(bucket)/"
            guard request.target.path.hasPrefix(prefix) else { throw Refusal(status: 404, code: "NoSuchBucket") }
            let key = String(request.target.path.dropFirst(prefix.count))
            let fault = takeFault(request, key)
            if case .status(let status) = fault { throw Refusal(status: status, code: "SlowDown") }
            if fault == .lateError { return Self.error(Refusal(status: 200, code: "InternalError")) }
            var response = try serve(request, key, body)
            if case .lost(let status) = fault { throw Refusal(status: status, code: "InternalError") }
            if fault == .unencrypted { response.headers["x-amz-server-side-encryption"] = nil }
            return response
        } catch {
            return Self.error(error)
        }
    }

    private func takeFault(_ request: Request, _ key: String) -> Fault? {
        state.withLock { state in
            let query = request.query.items.filter { !$0.name.hasPrefix("X-Amz-") && !$0.name.hasPrefix("response-") }
            state.asked.append(
                "\(request.method.name) \(key)" + (query.isEmpty ? "" : "?" + query.map(\.name).joined(separator: "&"))
            )
            guard let index = state.faults.firstIndex(where: { $0.times > 0 && $0.only(request) }) else { return nil }
            state.faults[index].times -= 1
            return state.faults[index].0
        }
    }

    private func serve(_ request: Request, _ key: String, _ body: [UInt8]) throws(Refusal) -> Response {
        let upload = request.query["uploadId"]
        switch (request.method, upload, request.query["partNumber"].flatMap { Int($0) }) {
        case (.put, let upload?, let number?): return try put(part: number, of: upload, key, body)
        case (.put, nil, nil): return put(request, key, body)
        case (.post, nil, nil) where request.query["uploads"] != nil: return begin(request, key)
        case (.post, let upload?, nil): return try complete(upload, key, body)
        case (.delete, let upload?, nil): return try abort(upload, key)
        case (.delete, nil, nil):
            state.withLock { $0.contents.objects[key] = nil }
            return Response(.noContent)
        case (.get, nil, nil), (.head, nil, nil): return try get(request, key)
        default: throw Refusal(status: 405, code: "MethodNotAllowed")
        }
    }

    private static func isEncrypted(_ request: Request) -> Bool {
        request.headers["x-amz-server-side-encryption"] == "AES256"
    }

    private func put(_ request: Request, _ key: String, _ body: [UInt8]) -> Response {
        let object = StoreContents.Object(
            octets: body,
            contentType: request.headers["content-type"] ?? "binary/octet-stream",
            isEncrypted: Self.isEncrypted(request),
            tag: StoreContents.tag(body)
        )
        state.withLock { $0.contents.objects[key] = object }
        return Self.answer(object, .none)
    }

    private func begin(_ request: Request, _ key: String) -> Response {
        let isEncrypted = Self.isEncrypted(request)
        let type = request.headers["content-type"] ?? "binary/octet-stream"
        let id = state.withLock { $0.contents.begin(key, contentType: type, isEncrypted: isEncrypted) }
        let name = id.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
        let result = "InitiateMultipartUploadResult"
        var response = Self.xml("<\(result)><UploadId>\(name)</UploadId></\(result)>")
        if isEncrypted { response.headers["x-amz-server-side-encryption"] = "AES256" }
        return response
    }

    private func put(part number: Int, of upload: String, _ key: String, _ body: [UInt8]) throws(Refusal) -> Response {
        let tag = try state.withLock { state throws(Refusal) in
            try state.contents.put(part: number, of: upload, key, body)
        }
        var response = Response(.ok)
        response.headers["etag"] = HeaderValue(withoutControls: tag)
        return response
    }

    private func complete(_ upload: String, _ key: String, _ body: [UInt8]) throws(Refusal) -> Response {
        let text = String(decoding: body, as: UTF8.self)
        let part = /<PartNumber>([0-9]+)<\/PartNumber><ETag>([^<]*)<\/ETag>/
        let listed = text.matches(of: part).map {
            (number: Int($0.output.1) ?? 0, tag: String($0.output.2).replacing("&quot;", with: "\""))
        }
        let object = try state.withLock { state throws(Refusal) in
            try state.contents.complete(upload, key, listed)
        }
        return Self.xml("<CompleteMultipartUploadResult><ETag>\(object.tag)</ETag></CompleteMultipartUploadResult>")
    }

    private func abort(_ upload: String, _ key: String) throws(Refusal) -> Response {
        try state.withLock { state throws(Refusal) in
            guard state.contents.uploads[upload]?.key == key else { throw Refusal(status: 404, code: "NoSuchUpload") }
            state.contents.uploads[upload] = nil
        }
        return Response(.noContent)
    }

    private func get(_ request: Request, _ key: String) throws(Refusal) -> Response {
        guard let object = state.withLock({ $0.contents.objects[key] }) else {
            throw Refusal(status: 404, code: "NoSuchKey")
        }
        var response = Self.answer(object, .octets(object.octets))
        response.headers["content-type"] = HeaderValue(
            withoutControls: request.query["response-content-type"] ?? object.contentType
        )
        if let disposition = request.query["response-content-disposition"] {
            response.headers["content-disposition"] = HeaderValue(withoutControls: disposition)
        }
        return response
    }

    private static func answer(_ object: StoreContents.Object, _ body: ResponseBody) -> Response {
        var response = Response(.ok, body: body)
        response.isCompressible = false
        response.headers["etag"] = HeaderValue(withoutControls: object.tag)
        if object.isEncrypted { response.headers["x-amz-server-side-encryption"] = "AES256" }
        return response
    }

    private static func xml(_ text: String, status: Int = 200) -> Response {
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        return .bytes(Array((head + text).utf8), contentType: "application/xml", status: HTTPStatus(status))
    }

    private static func error(_ refusal: Refusal) -> Response {
        xml("<Error><Code>\(refusal.code)</Code><Message>no</Message></Error>", status: refusal.status)
    }
}
