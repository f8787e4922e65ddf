import Crypto
import RADIUS
import WireFormat

/// What the derived vectors have in common.
enum Vectors {
    /// The secret of the derived vectors.
    static let secret = SharedSecret(Array("0123456789abcdef0123456789ABCDEF".utf8))
    /// The Request Authenticator of the derived access vectors.
    static let requestAuthenticator = octets("101112131415161718191a1b1c1d1e1f")
    /// The secret of RFC 2865 §7 and RFC 5997 §6.
    static let rfcSecret = SharedSecret(Array("xyzzy5461".utf8))
    /// The secret of RFC 5090 §6.
    static let digestSecret = SharedSecret(Array("secret".utf8))
}

/// The octets that hexadecimal text writes; empty, which no vector equals, when it is none.
func octets(_ hex: String) -> [UInt8] {
    Hex.decode(hex) ?? []
}

/// Hands a validated view of `bytes` to `body`.
func withView<Result>(_ bytes: [UInt8], _ body: (PacketView) throws -> Result) throws -> Result {
    try unsafe bytes.withUnsafeBytes { try body(unsafe PacketView(validating: $0)) }
}

/// The value of an attribute as an array.
func value(_ type: UInt8, in view: PacketView) -> [UInt8]? {
    unsafe view.first(type).map { unsafe [UInt8]($0) }
}

/// The value of a vendor's attribute as an array.
func vendorValue(_ vendor: UInt32, _ type: UInt8, in view: PacketView) -> [UInt8]? {
    unsafe view.firstVendor(vendor, type).map { unsafe [UInt8]($0) }
}

func isMessageAuthentic(_ bytes: [UInt8], _ secret: SharedSecret) throws -> Bool {
    try withView(bytes) { Authenticity.verifyMessageAuthenticator(packet: $0, secret: secret.context) }
}

func isAccountingAuthentic(_ bytes: [UInt8], _ secret: SharedSecret) throws -> Bool {
    try withView(bytes) { Authenticity.verifyAccountingAuthenticator(packet: $0, secret: secret.context) }
}

/// True when `reply` answers `request` under `secret`.
func answers(
    _ reply: [UInt8],
    _ request: [UInt8],
    _ secret: SharedSecret,
    requireMessageAuthenticator: Bool
) throws -> Bool {
    try withView(request) { request in
        try withView(reply) { reply in
            unsafe Authenticity.verifyResponse(
                packet: reply,
                requestAuthenticator: request.authenticator,
                secret: secret.context,
                requireMessageAuthenticator: requireMessageAuthenticator
            )
        }
    }
}

/// The reply to `request` that `fill` writes.
func reply(
    to request: [UInt8],
    _ code: PacketCode,
    secret: SharedSecret,
    messageAuthenticator: Bool? = nil,
    capacity: Int = 4096,
    _ fill: (inout ReplyWriter, PacketView) -> Void = { _, _ in }
) throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0xEE, count: capacity)
    let length = try withView(request) { view in
        unsafe buffer.withUnsafeMutableBytes { buffer in
            var writer = unsafe ReplyWriter(
                into: buffer,
                code: code,
                identifier: view.identifier,
                messageAuthenticator: messageAuthenticator ?? code.repliesWithMessageAuthenticator
            )
            fill(&writer, view)
            return unsafe writer.finish(requestAuthenticator: view.authenticator, secret: secret.context)
        }
    }
    return Array(buffer[..<length])
}

/// The clear text of a request's User-Password, or nil when it is malformed.
func clearPassword(_ request: [UInt8], _ secret: SharedSecret) throws -> [UInt8]? {
    var output = [UInt8](repeating: 0xEE, count: UserPassword.maximumLength)
    let length = try withView(request) { view in
        unsafe output.withUnsafeMutableBytes { output in
            unsafe view.first(AttributeType.userPassword).flatMap { hidden in
                unsafe UserPassword.decrypt(
                    hidden: hidden,
                    requestAuthenticator: view.authenticator,
                    secret: secret.context,
                    into: output
                )
            }
        }
    }
    return length.map { Array(output[..<$0]) }
}

/// True when the CHAP-Password of `request` was made from `password`.
func chapMatches(_ request: [UInt8], _ password: String) throws -> Bool {
    try withView(request) { view in
        guard let response = unsafe view.first(AttributeType.chapPassword) else { return false }
        let challenge = unsafe view.first(AttributeType.chapChallenge) ?? view.authenticator
        return unsafe CHAP.verify(response: response, challenge: challenge, password: Array(password.utf8))
    }
}
