internal import AWSSigning
internal import Concurrency
internal import Crypto
package import HTTPClient
internal import WireFormat

/// Objects in one bucket of S3, or of a store that speaks its language.
///
/// Each request is signed, and tried again with growing waits where the store did not answer, has no time or failed for its own
/// sake: every operation here may be done twice. Any number of tasks may use it at once.
package struct ObjectStorage: Sendable {
    /// What an object is, without its octets.
    package struct Facts: Sendable, Equatable {
        package let octets: Int
        package let contentType: String?
        package let isEncrypted: Bool
    }

    /// One request to the store.
    struct Operation {
        /// For metrics.
        let name: String
        let method: ClientRequest.Method
        let path: String
        var query: [URLItem] = []
        var headers: [URLItem] = []
        var body: [UInt8]?
        var answerLimit = 64 << 10
    }

    let configuration: ObjectStorageConfiguration
    private let client: HTTPClient
    private let metrics: ObjectStorageMetrics
    /// Seconds since 1970, of the wall clock.
    private let now: @Sendable () -> Int64

    package init(
        _ configuration: ObjectStorageConfiguration,
        client: HTTPClient,
        metrics: ObjectStorageMetrics,
        now: @escaping @Sendable () -> Int64 = { SystemClock.microsecondsSince1970() / 1_000_000 }
    ) {
        self.configuration = configuration
        self.client = client
        self.metrics = metrics
        self.now = now
    }

    // MARK: - Objects

    /// Stores an object, in place of the one that was there.
    package func put(_ key: ObjectKey, _ octets: [UInt8], contentType: String) async throws(ObjectStorageError) {
        let answer = try await send(
            Operation(
                name: "put",
                method: .put,
                path: path(of: key),
                headers: headers(ofObject: contentType),
                body: octets
            )
        )
        try requireEncryption(answer)
        metrics.took(octets.count)
    }

    /// An object whose octets come piece by piece; nothing of it is there before it is finished.
    package func writer(_ key: ObjectKey, contentType: String) -> ObjectWriter {
        ObjectWriter(self, key, contentType: contentType)
    }

    /// The octets of an object of `limit` at most. Throws `notFound`, and `tooLarge` for more.
    package func get(_ key: ObjectKey, limit: Int) async throws(ObjectStorageError) -> [UInt8] {
        // A refusal may be longer than a small object.
        var operation = Operation(name: "get", method: .get, path: path(of: key))
        operation.answerLimit = max(operation.answerLimit, limit)
        let octets = try await send(operation).body
        guard octets.count <= limit else { throw .tooLarge }
        return octets
    }

    /// What an object is; nil where there is none.
    package func facts(_ key: ObjectKey) async throws(ObjectStorageError) -> Facts? {
        do throws(ObjectStorageError) {
            let answer = try await send(Operation(name: "head", method: .head, path: path(of: key)))
            guard let octets = answer.header("content-length").flatMap({ Int($0) }) else {
                throw .unexpectedAnswer("head")
            }
            return Facts(
                octets: octets,
                contentType: answer.header("content-type"),
                isEncrypted: answer.header("x-amz-server-side-encryption") != nil
            )
        } catch .notFound {
            return nil
        }
    }

    /// Removes an object; that there is none is no error.
    package func delete(_ key: ObjectKey) async throws(ObjectStorageError) {
        do throws(ObjectStorageError) {
            _ = try await send(Operation(name: "delete", method: .delete, path: path(of: key)))
        } catch .notFound {
            return
        }
    }

    /// A link under which anybody who has it may read the object for so many seconds, under that file name.
    package func link(to key: ObjectKey, seconds: Int, fileName: String, contentType: String) -> String {
        let endpoint = configuration.publicEndpoint
        let path = configuration.path(of: key, at: endpoint)
        let query = configuration.signer.presigned(
            "GET",
            host: endpoint.authority,
            path: path,
            items: [
                URLItem("response-content-disposition", "attachment; filename=\"\(fileName)\""),
                URLItem("response-content-type", contentType),
            ],
            seconds: seconds,
            at: SigningTime(secondsSince1970: now())
        )
        return "\(endpoint.scheme)://\(endpoint.authority)\(path)?\(query)"
    }

    /// Gives up an upload in parts that somebody began: what it holds is freed. That it is gone is no error.
    package func abort(_ key: ObjectKey, upload: String) async throws(ObjectStorageError) {
        do throws(ObjectStorageError) {
            _ = try await send(
                Operation(
                    name: "abort",
                    method: .delete,
                    path: path(of: key),
                    query: [URLItem("uploadId", upload)]
                )
            )
        } catch .notFound {
            return
        }
    }

    // MARK: - What writers use

    func path(of key: ObjectKey) -> String { configuration.path(of: key, at: configuration.endpoint) }

    func headers(ofObject contentType: String) -> [URLItem] {
        var headers = [URLItem("content-type", contentType)]
        if configuration.encrypts { headers.append(URLItem("x-amz-server-side-encryption", "AES256")) }
        return headers
    }

    /// A store that leaves the field out has not understood it, and would keep the octets as they are.
    func requireEncryption(_ answer: ClientResponse) throws(ObjectStorageError) {
        guard configuration.encrypts else { return }
        guard answer.header("x-amz-server-side-encryption") == "AES256" else { throw .notEncrypted }
    }

    func took(_ octets: Int) { metrics.took(octets) }

    /// Sends an operation as often as it may be, and returns its answer where that is a success.
    func send(_ operation: Operation) async throws(ObjectStorageError) -> ClientResponse {
        var waits = Backoff(initial: .milliseconds(100), maximum: .seconds(5))
        var attempt = 1
        while true {
            let failure: ObjectStorageError
            do throws(ObjectStorageError) {
                return try await sendOnce(operation)
            } catch {
                failure = error
            }
            guard attempt < configuration.attempts, failure.isTransient else { throw failure }
            attempt += 1
            metrics.retried()
            do { try await pause(for: waits.next()) } catch { throw .cancelled }
        }
    }

    private func sendOnce(_ operation: Operation) async throws(ObjectStorageError) -> ClientResponse {
        let answer: ClientResponse
        do throws(HTTPClientError) {
            answer = try await client.send(signed(operation))
        } catch {
            metrics.answered(operation.name, error.code.rawValue)
            switch error.code {
            case .cancelled: throw .cancelled
            case .responseTooLarge: throw .tooLarge
            default: throw .unreachable(error.code)
            }
        }
        metrics.answered(operation.name, String(answer.status))
        // Completing may fail behind the head of a success: the answer begins before the work is done.
        if answer.status == 200, operation.method == .post, let code = Self.errorCode(answer.body) {
            throw .refused(status: code == "InternalError" ? 500 : 400, code: code)
        }
        switch answer.status {
        case 200...299: return answer
        case 404: throw .notFound
        default: throw .refused(status: answer.status, code: Self.errorCode(answer.body) ?? "")
        }
    }

    /// S3's word for what went wrong: letters alone, so that nothing of a name can come with it.
    private static func errorCode(_ body: [UInt8]) -> String? {
        guard let error = ElementText.first("Error", in: body) else { return nil }
        let code = ElementText.first("Code", in: Array(error.utf8)) ?? "Error"
        return String(
            code.unicodeScalars.filter { $0.isASCII && $0.properties.isAlphabetic }.map(Character.init).prefix(64)
        )
    }

    private func signed(_ operation: Operation) -> ClientRequest {
        let endpoint = configuration.endpoint
        let time = SigningTime(secondsSince1970: now())
        let payload = Hex.encode(Digest.sha256(operation.body ?? []))
        let headers =
            operation.headers + [URLItem("x-amz-content-sha256", payload), URLItem("x-amz-date", time.text)]
        let signable = SignableRequest(
            operation.method.rawValue,
            operation.path,
            query: operation.query,
            headers: headers + [URLItem("host", endpoint.authority)],
            payload: payload
        )
        let query = operation.query.isEmpty ? "" : "?" + URLItem.query(operation.query.sorted())
        return ClientRequest(
            operation.method,
            "\(endpoint.scheme)://\(endpoint.authority)\(operation.path)\(query)",
            headers: headers.map { ClientHeader($0.name, $0.value) } + [
                ClientHeader("authorization", configuration.signer.authorization(signable, at: time))
            ],
            body: operation.body.map { .octets($0) } ?? .none,
            responseLimit: operation.answerLimit,
            within: configuration.limit
        )
    }
}

extension ObjectStorageError {
    /// Whether another attempt may help.
    package var isTransient: Bool {
        switch self {
        case .unreachable(let code): HTTPClientError(code, "").isTransient
        case .refused(let status, _): status >= 500 || status == 429
        case .invalidConfiguration, .notFound, .tooLarge, .notEncrypted, .unexpectedAnswer, .cancelled: false
        }
    }
}
