internal import Crypto
internal import HTTPClient
internal import WireFormat

/// A service account of Google's, as its JSON file says it.
struct ServiceAccount: Sendable {
    let email: String
    let keyID: String
    let tokenURL: String
    let key: RSAPrivateKey

    /// Nil for what is no such file.
    init?(json: String) {
        guard let file = VendorJSON(Array(json.utf8)), file["type"]?.text == "service_account",
            let email = file["client_email"]?.text, let pem = file["private_key"]?.text,
            let key = try? RSAPrivateKey(pem: pem)
        else { return nil }
        self.email = email
        keyID = file["private_key_id"]?.text ?? ""
        tokenURL = file["token_uri"]?.text ?? "https://oauth2.googleapis.com/token"
        self.key = key
    }

    private static let scope = "https://www.googleapis.com/auth/firebase.messaging"
    /// The longest that Google takes.
    private static let life: Int64 = 3_600

    /// What asks for an access token (RFC 7523 §2.1): a JWT by RS256 (RFC 7515). The same second gives the same text.
    func assertion(to url: String, at seconds: Int64) throws(CryptoError) -> String {
        var header: [String: VendorJSON] = ["alg": .text("RS256"), "typ": .text("JWT")]
        if !keyID.isEmpty { header["kid"] = .text(keyID) }
        let claims = VendorJSON.object([
            "iss": .text(email), "scope": .text(Self.scope), "aud": .text(url), "iat": .number(String(seconds)),
            "exp": .number(String(seconds + Self.life)),
        ])
        let message = Base64URL.encode(VendorJSON.object(header).octets) + "." + Base64URL.encode(claims.octets)
        return message + "." + Base64URL.encode(try key.sign(Array(message.utf8)))
    }

    /// The request for an access token.
    func request(to url: String, at seconds: Int64) throws(CryptoError) -> CarrierRequest {
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        return .form(url, [], [("grant_type", grant), ("assertion", try assertion(to: url, at: seconds))])
    }
}

/// A token that lets its bearer in until then, in seconds since 1970.
struct AccessToken: Sendable, Hashable {
    let text: String
    let expiresAt: Int64

    /// So long before its end it is not used any more: a request must arrive with it.
    private static let margin: Int64 = 300

    /// Nil where the answer holds none.
    init?(_ answer: ClientResponse, at seconds: Int64) {
        guard answer.status == 200, let json = VendorJSON(answer.body), let text = json["access_token"]?.text,
            !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
            json["token_type"]?.text?.lowercased() ?? "bearer" == "bearer"
        else { return nil }
        self.text = text
        expiresAt = seconds + min(max(json["expires_in"]?.integer ?? 0, 0), 86_400)
    }

    func isGood(at seconds: Int64) -> Bool { seconds < expiresAt - Self.margin }
}
