internal import Crypto
internal import WireFormat

/// What of a request is signed.
package struct SignableRequest: Sendable, Equatable {
    package var method: String
    /// The path as it is sent, percent-encoded.
    package var path: String
    /// Names and values, decoded, in any order.
    package var query: [URLItem]
    /// Every field that is signed, `host` among them, in any order and case.
    package var headers: [URLItem]
    /// The SHA-256 of the body in hexadecimal, or `UNSIGNED-PAYLOAD`.
    package var payload: String

    package init(
        _ method: String,
        _ path: String,
        query: [URLItem] = [],
        headers: [URLItem],
        payload: String
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.payload = payload
    }

    /// The canonical request of "Signature Version 4 for API requests" (AWS General Reference), whose digest is signed.
    package var canonical: String {
        let fields = canonicalHeaders
        return [
            method, path, URLItem.query(query.sorted()),
            fields.map { "\($0.name):\($0.value)\n" }.joined(), signedHeaders, payload,
        ].joined(separator: "\n")
    }

    /// The names of the signed fields: sorted, with semicolons between.
    package var signedHeaders: String { canonicalHeaders.map(\.name).joined(separator: ";") }

    private var canonicalHeaders: [URLItem] {
        headers.map { header in
            // Blanks around a value do not count, and several in a row are one.
            let words = header.value.split(separator: " ", omittingEmptySubsequences: true)
            return URLItem(header.name.lowercased(), words.joined(separator: " "))
        }.sorted()
    }
}

/// AWS Signature Version 4 with one key: for fields of requests, and for links.
package struct SignatureV4: Sendable {
    private let accessKey: String
    private let secretKey: String
    private let region: String
    private let service: String

    /// Signs for that service in that region.
    package init(accessKey: String, secretKey: String, region: String, service: String = "s3") {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.region = region
        self.service = service
    }

    /// The value of `Authorization`. `x-amz-date`, and for S3 `x-amz-content-sha256`, stand among the request's fields.
    package func authorization(_ request: SignableRequest, at time: SigningTime) -> String {
        "AWS4-HMAC-SHA256 Credential=\(accessKey)/\(scope(time)), SignedHeaders=\(request.signedHeaders), "
            + "Signature=\(signature(request, at: time))"
    }

    /// The query of a link that whoever has it may follow until it expires: `items` and the signature's own. `seconds` is at most a
    /// week, S3's own limit.
    package func presigned(
        _ method: String,
        host: String,
        path: String,
        items: [URLItem],
        seconds: Int,
        at time: SigningTime
    ) -> String {
        precondition((1...604_800).contains(seconds), "a link lives for a second to a week")
        let named =
            items + [
                URLItem("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
                URLItem("X-Amz-Credential", "\(accessKey)/\(scope(time))"),
                URLItem("X-Amz-Date", time.text), URLItem("X-Amz-Expires", String(seconds)),
                URLItem("X-Amz-SignedHeaders", "host"),
            ]
        let request = SignableRequest(
            method,
            path,
            query: named,
            headers: [URLItem("host", host)],
            payload: Self.unsignedPayload
        )
        return URLItem.query(named + [URLItem("X-Amz-Signature", signature(request, at: time))])
    }

    /// Stands for the digest of a body that is not signed.
    package static let unsignedPayload = "UNSIGNED-PAYLOAD"

    /// The signature in hexadecimal.
    package func signature(_ request: SignableRequest, at time: SigningTime) -> String {
        let digest = Hex.encode(Digest.sha256(Array(request.canonical.utf8)))
        let text = "AWS4-HMAC-SHA256\n\(time.text)\n\(scope(time))\n\(digest)"
        return Hex.encode(HMACSHA256(key: key(time)).tag(Array(text.utf8)))
    }

    private func scope(_ time: SigningTime) -> String { "\(time.day)/\(region)/\(service)/aws4_request" }

    /// The key of one day, region and service.
    private func key(_ time: SigningTime) -> [UInt8] {
        [time.day, region, service, "aws4_request"].reduce(Array("AWS4\(secretKey)".utf8)) { key, word in
            HMACSHA256(key: key).tag(Array(word.utf8))
        }
    }
}
