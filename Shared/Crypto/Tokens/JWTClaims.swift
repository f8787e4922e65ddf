import WireFormat

/// What a token says (RFC 7519 §4.1, and Nexora's own claims). Times are whole seconds since 1970.
package struct JWTClaims: Hashable, Sendable {
    package var issuer: String
    package var audience: String
    /// Who: the user's id, also as `user_id` (IAM-04).
    package var subject: String
    /// The token's own id.
    package var tokenID: String
    package var issuedAt: Int64
    package var notBefore: Int64
    package var expiresAt: Int64
    package var tenantID: String
    /// The login that the token came from.
    package var sessionID: String
    package var role: String
    package var permissions: [String]
    /// The customer that the user is.
    package var customerID: String?

    package init(
        issuer: String,
        audience: String,
        subject: String,
        tokenID: String,
        issuedAt: Int64,
        notBefore: Int64? = nil,
        expiresAt: Int64,
        tenantID: String,
        sessionID: String,
        role: String,
        permissions: [String],
        customerID: String? = nil
    ) {
        self.issuer = issuer
        self.audience = audience
        self.subject = subject
        self.tokenID = tokenID
        self.issuedAt = issuedAt
        self.notBefore = notBefore ?? issuedAt
        self.expiresAt = expiresAt
        self.tenantID = tenantID
        self.sessionID = sessionID
        self.role = role
        self.permissions = permissions
        self.customerID = customerID
    }

    var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for (name, value) in [
            ("iss", issuer), ("aud", audience), ("sub", subject), ("jti", tokenID), ("user_id", subject),
            ("tenant_id", tenantID), ("session_id", sessionID), ("role", role), ("customer_id", customerID ?? ""),
        ] where !value.isEmpty {
            writer.key(string: name)
            writer.value(value)
        }
        for (name, value) in [("iat", issuedAt), ("nbf", notBefore), ("exp", expiresAt)] {
            writer.key(string: name)
            writer.value(value)
        }
        writer.key("permissions")
        writer.beginArray()
        for permission in permissions { writer.value(permission) }
        writer.endArray()
        writer.endObject()
        return writer.finish()
    }

    /// Reads the claims of a token whose signature holds. A name that comes twice, a claim that is missing or of another
    /// kind, and a time that is no whole number are refused.
    init(json: [UInt8]) throws(JSONError) {
        var seen: Set<String> = []
        var texts: [String: String] = [:]
        var times: [String: Int64] = [:]
        var permissions: [String]?
        var reader = JSONReader(json)
        try reader.readObject { reader, key throws(JSONError) in
            guard seen.insert(key).inserted else { throw .invalidMember("twice") }
            switch key {
            case "iss", "aud", "sub", "jti", "user_id", "tenant_id", "session_id", "role", "customer_id":
                texts[key] = try reader.readString()
            case "iat", "nbf", "exp":
                // The reader also takes digits in quotes, which no time of a token is.
                guard try reader.peek() == .number else { throw .invalidMember("time") }
                times[key] = try reader.readInt64()
            case "permissions":
                var names: [String] = []
                try reader.readArray { reader throws(JSONError) in names.append(try reader.readString()) }
                permissions = names
            default: try reader.skipValue()
            }
        }
        try reader.expectEnd()
        func text(_ name: String) throws(JSONError) -> String {
            guard let value = texts[name], !value.isEmpty else { throw .missingMember(name) }
            return value
        }
        func time(_ name: String) throws(JSONError) -> Int64 {
            guard let value = times[name] else { throw .missingMember(name) }
            return value
        }
        guard let permissions else { throw .missingMember("permissions") }
        let subject = try text("sub")
        guard try text("user_id") == subject else { throw .invalidMember("user_id") }
        self.init(
            issuer: try text("iss"),
            audience: try text("aud"),
            subject: subject,
            tokenID: try text("jti"),
            issuedAt: try time("iat"),
            notBefore: try time("nbf"),
            expiresAt: try time("exp"),
            tenantID: try text("tenant_id"),
            sessionID: try text("session_id"),
            role: try text("role"),
            permissions: permissions,
            customerID: texts["customer_id"]
        )
    }
}
