import Crypto
import HTTPServer
import WireFormat

/// Proves an AWS Signature Version 4 by AWS's text; this shares nothing with whoever signs but SHA-256 and HMAC.
struct SignatureProof {
    /// Seconds since 1970.
    let now: Int64

    /// AWS's name of what is wrong; nil where all is well.
    func problem(_ asked: Asked) -> String? {
        guard let authorization = asked.header("authorization"), let date = asked.header("x-amz-date") else {
            return "MissingAuthenticationTokenException"
        }
        let words = authorization.split(whereSeparator: { $0 == " " || $0 == "," }).map(String.init)
        func part(_ name: String) -> String? {
            words.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
        }
        guard words.first == "AWS4-HMAC-SHA256", let credential = part("Credential"),
            let names = part("SignedHeaders"), let claimed = part("Signature")
        else { return "IncompleteSignatureException" }
        let scope = credential.split(separator: "/").map(String.init)
        guard scope.count == 5, scope[0] == VendorAccounts.accessKey, scope[1] == date.prefix(8),
            scope[2] == "eu-west-1", scope[3] == "ses", scope[4] == "aws4_request"
        else { return "UnrecognizedClientException" }
        let signed = names.split(separator: ";").map(String.init)
        guard signed == signed.sorted(), Set(["host", "x-amz-date"]).isSubset(of: signed) else {
            return "IncompleteSignatureException"
        }
        // By the time of day, whose ends meet.
        guard let second = Self.secondOfDay(date), ((now - second + 300) % 86_400 + 86_400) % 86_400 <= 600 else {
            return "InvalidSignatureException"
        }
        var canonical = "POST\n\(asked.request.target.path)\n\n"
        for name in signed {
            guard let field = HeaderName(name) else { return "IncompleteSignatureException" }
            canonical += "\(name):\(asked.request.headers.values(field).joined(separator: ","))\n"
        }
        canonical += "\n\(names)\n\(Hex.encode(Digest.sha256(asked.body)))"
        let place = scope.dropFirst().joined(separator: "/")
        let text = "AWS4-HMAC-SHA256\n\(date)\n\(place)\n\(Hex.encode(Digest.sha256(Array(canonical.utf8))))"
        var key = Array("AWS4\(VendorAccounts.secretKey)".utf8)
        for word in scope.dropFirst() { key = HMACSHA256(key: key).tag(Array(word.utf8)) }
        return Hex.encode(HMACSHA256(key: key).tag(Array(text.utf8))) == claimed ? nil : "InvalidSignatureException"
    }

    /// Of `20130524T010203Z`.
    private static func secondOfDay(_ text: String) -> Int64? {
        let clock = text.dropFirst(9).prefix(6)
        guard text.utf8.count == 16, let number = Int64(clock) else { return nil }
        return number / 10_000 * 3_600 + number / 100 % 100 * 60 + number % 100
    }
}
