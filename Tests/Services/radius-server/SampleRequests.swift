import Crypto
import RADIUS
import Testing

/// Requests of the sample directory's NAS, and the answers to them.
enum SampleRequests {
    static let secret = SharedSecret(Array(SampleDirectory.secret.utf8))

    /// A PAP login with its Message-Authenticator first, if `signed`.
    static func pap(
        _ user: String,
        _ password: String,
        identifier: UInt8 = 9,
        signed: Bool = true,
        extra: [Attribute] = []
    ) throws -> [UInt8] {
        let authenticator = Randomness.bytes(16)
        let hidden = UserPassword.encrypt(
            password: Array(password.utf8),
            requestAuthenticator: authenticator,
            secret: secret.context
        )
        let packet = Packet(
            PacketCode.accessRequest,
            identifier: identifier,
            authenticator: authenticator,
            attributes: (signed ? [.messageAuthenticator] : []) + [
                Attribute(AttributeType.userName, text: user),
                Attribute(AttributeType.userPassword, try #require(hidden)),
            ] + extra
        )
        return try #require(packet.encodedRequest(secret: secret))
    }

    /// What the server answers; nil for silence. The answer's authenticators must be true.
    static func answer(_ request: [UInt8], _ server: LoopbackServer) throws -> [UInt8]? {
        guard let reply = LoopbackClient().ask(request, server.authPort) else { return nil }
        let isProven = unsafe try reply.withUnsafeBytes { bytes in
            unsafe try request.withUnsafeBytes { request in
                let view = try unsafe PacketView(validating: bytes)
                return unsafe Authenticity.verifyResponse(
                    packet: view,
                    requestAuthenticator: UnsafeRawBufferPointer(rebasing: request[4..<20]),
                    secret: secret.context,
                    requireMessageAuthenticator: true
                )
            }
        }
        #expect(isProven)
        return reply
    }
}
