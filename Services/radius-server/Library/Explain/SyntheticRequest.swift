import Crypto
import Domain
import Events
import RADIUS

/// The Access-Request that a NAS would send for a login, proven with the password that is stored, so that the very code
/// that answers packets judges it. Never leaves this process.
enum SyntheticRequest {
    private static let authenticator: [UInt8] = Array(0..<16)
    private static let callCheck: UInt32 = 10

    /// Nil where a value is longer than its attribute may be.
    static func octets(
        _ question: LoginQuestion,
        _ method: AuthenticationMethod,
        password: [UInt8]?,
        nas: NASEntry
    ) -> [UInt8]? {
        let name = Array(question.username.utf8)
        guard name.count <= 253, question.callingStationID.utf8.count <= 253 else { return nil }
        var attributes: [Attribute] = [.messageAuthenticator, Attribute(AttributeType.userName, name)]
        if let port = question.nasPort { attributes.append(Attribute(AttributeType.nasPort, port)) }
        if !question.callingStationID.isEmpty {
            attributes.append(Attribute(AttributeType.callingStationID, text: question.callingStationID))
        }
        // Any password does where none is stored: it is looked for first.
        attributes += proof(method, name, password ?? [0x3f], nas)
        return Packet(.accessRequest, identifier: 1, authenticator: authenticator, attributes: attributes)
            .encodedRequest(secret: nas.secret)
    }

    private static func proof(
        _ method: AuthenticationMethod,
        _ name: [UInt8],
        _ password: [UInt8],
        _ nas: NASEntry
    ) -> [Attribute] {
        switch method {
        case .pap:
            let hidden = UserPassword.encrypt(
                password: password,
                requestAuthenticator: authenticator,
                secret: nas.secret.context
            )
            return hidden.map { [Attribute(AttributeType.userPassword, $0)] } ?? []
        case .chap:
            let response = CHAP.response(identifier: 1, challenge: authenticator, password: password)
            return [Attribute(AttributeType.chapPassword, response)]
        case .mschap, .mschapv2: return (try? microsoft(method, name, password)) ?? []
        case .mac: return [Attribute(AttributeType.serviceType, callCheck)]
        case .eapMD5, .eapMSCHAPv2, .unsupported: return []
        }
    }

    private static func microsoft(
        _ method: AuthenticationMethod,
        _ name: [UInt8],
        _ password: [UInt8]
    ) throws(CryptoError) -> [Attribute] {
        let hash = try MSCHAP.ntHash(password: password)
        let challenge = method == .mschap ? Array(authenticator.prefix(8)) : authenticator
        let peer = method == .mschap ? [UInt8](repeating: 0, count: 16) : authenticator
        let asked =
            method == .mschap
            ? challenge
            : MSCHAP.challengeHash(peerChallenge: peer, authenticatorChallenge: challenge, userName: name)
        // Identifier and flags; the peer's challenge, or an LM response that is none; eight reserved octets.
        let head = [1, method == .mschap ? 1 : 0] + peer + [UInt8](repeating: 0, count: 8)
        let response = head + (try MSCHAP.challengeResponse(challenge: asked, passwordHash: hash))
        let type = method == .mschap ? MicrosoftType.chapResponse : MicrosoftType.chap2Response
        return [
            .vendor(Vendor.microsoft, MicrosoftType.chapChallenge, challenge),
            .vendor(Vendor.microsoft, type, response),
        ]
    }
}
