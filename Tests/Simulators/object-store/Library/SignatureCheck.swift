import Crypto
import HTTPServer
import WireFormat

/// Why a request was refused, in S3's words.
struct Refusal: Error, Equatable {
    let status: Int
    let code: String

    static let noSignature = Refusal(status: 403, code: "AccessDenied")
    static let unknownKey = Refusal(status: 403, code: "InvalidAccessKeyId")
    static let wrongSignature = Refusal(status: 403, code: "SignatureDoesNotMatch")
    static let expired = Refusal(status: 403, code: "AccessDenied")
    static let skewed = Refusal(status: 403, code: "RequestTimeTooSkewed")
    static let otherBody = Refusal(status: 400, code: "XAmzContentSHA256Mismatch")
    static let malformed = Refusal(status: 400, code: "AuthorizationHeaderMalformed")
}

/// Proves the signature of a request as it came, by the text of AWS's "Signature Version 4": this shares nothing with whoever signs
/// but SHA-256 and HMAC.
struct SignatureCheck {
    let accessKey: String
    let secretKey: String
    let region: String
    /// Seconds since 1970.
    let now: Int64

    /// Throws a refusal unless the request is proven.
    func prove(_ request: Request, _ body: [UInt8]) throws(Refusal) {
        if let authorization = request.headers["authorization"] {
            try proveHeader(authorization, request, body)
        } else if request.query["X-Amz-Signature"] != nil {
            try proveQuery(request)
        } else {
            throw .noSignature
        }
    }

    private func proveHeader(_ authorization: String, _ request: Request, _ body: [UInt8]) throws(Refusal) {
        let prefix = "AWS4-HMAC-SHA256 "
        guard authorization.hasPrefix(prefix) else { throw .malformed }
        var parts: [String: String] = [:]
        for part in authorization.dropFirst(prefix.count).split(separator: ",") {
            let trimmed = part.drop { $0 == " " }
            guard let equals = trimmed.firstIndex(of: "=") else { throw .malformed }
            parts[String(trimmed[..<equals])] = String(trimmed[trimmed.index(after: equals)...])
        }
        guard let credential = parts["Credential"], let names = parts["SignedHeaders"],
            let claimed = parts["Signature"], let date = request.headers["x-amz-date"],
            let digest = request.headers["x-amz-content-sha256"]
        else { throw .malformed }
        let signed = names.split(separator: ";").map(String.init)
        // What S3 demands to be signed: the host, and every field of its own.
        let own = request.headers.all.map(\.name).filter { $0.hasPrefix("x-amz-") }
        guard signed == signed.sorted(), Set(own + ["host"]).isSubset(of: signed) else { throw .noSignature }
        guard let time = Self.seconds(date), abs(time - now) <= 900 else { throw .skewed }
        guard digest == "UNSIGNED-PAYLOAD" || digest == Hex.encode(Digest.sha256(body)) else { throw .otherBody }
        try compare(claimed, credential, date, request, signed, request.query.items, digest)
    }

    private func proveQuery(_ request: Request) throws(Refusal) {
        guard let credential = request.query["X-Amz-Credential"], let claimed = request.query["X-Amz-Signature"],
            let date = request.query["X-Amz-Date"], let names = request.query["X-Amz-SignedHeaders"],
            request.query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256",
            let life = request.query["X-Amz-Expires"].flatMap({ Int64($0) }), (1...604_800).contains(life),
            let time = Self.seconds(date)
        else { throw .malformed }
        guard time - 900 <= now, now <= time + life else { throw .expired }
        let items = request.query.items.filter { $0.name != "X-Amz-Signature" }
        let signed = names.split(separator: ";").map(String.init)
        try compare(claimed, credential, date, request, signed, items, "UNSIGNED-PAYLOAD")
    }

    private func compare(
        _ claimed: String,
        _ credential: String,
        _ date: String,
        _ request: Request,
        _ signed: [String],
        _ items: [Query.Item],
        _ digest: String
    ) throws(Refusal) {
        let words = credential.split(separator: "/").map(String.init)
        guard words.count == 5, words[1] == String(date.prefix(8)), words[3] == "s3", words[4] == "aws4_request" else {
            throw .malformed
        }
        guard words[0] == accessKey else { throw .unknownKey }
        guard words[2] == region else { throw .malformed }
        var canonical = "\(request.method.name)\n\(request.target.path)\n"
        let pairs = items.map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }
        canonical += pairs.sorted { $0 < $1 }.map { "\($0.0)=\($0.1)" }.joined(separator: "&") + "\n"
        for name in signed {
            guard let field = HeaderName(name) else { throw .malformed }
            canonical += "\(name):\(request.headers.values(field).joined(separator: ","))\n"
        }
        canonical += "\n\(signed.joined(separator: ";"))\n\(digest)"
        let scope = words.dropFirst().joined(separator: "/")
        let text = "AWS4-HMAC-SHA256\n\(date)\n\(scope)\n\(Hex.encode(Digest.sha256(Array(canonical.utf8))))"
        var key = Array("AWS4".utf8) + Array(secretKey.utf8)
        for word in words.dropFirst() { key = HMACSHA256(key: key).tag(Array(word.utf8)) }
        guard Hex.encode(HMACSHA256(key: key).tag(Array(text.utf8))) == claimed else { throw .wrongSignature }
    }

    /// `20130524T000000Z` as seconds since 1970; nil for anything else.
    static func seconds(_ text: String) -> Int64? {
        let digits = text.filter(\.isNumber)
        guard text.utf8.count == 16, digits.count == 14, text.hasSuffix("Z"), text.dropFirst(8).hasPrefix("T") else {
            return nil
        }
        let numbers = [0..<4, 4..<6, 6..<8, 8..<10, 10..<12, 12..<14].compactMap { range in
            Int64(digits.dropFirst(range.lowerBound).prefix(range.count))
        }
        guard numbers.count == 6 else { return nil }
        // Days from a year that begins in March, so that a leap day is its last.
        let year = numbers[1] <= 2 ? numbers[0] - 1 : numbers[0]
        let month = (numbers[1] + 9) % 12
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + numbers[2] - 1 - 719_468
        return days * 86_400 + numbers[3] * 3_600 + numbers[4] * 60 + numbers[5]
    }
}
