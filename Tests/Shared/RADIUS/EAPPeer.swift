import Crypto
import RADIUS

/// The peer's side of EAP, as far as the tests play it.
struct EAPPeer {
    var name = Array("User".utf8)
    var password = Array("clientPass".utf8)
    var peerChallenge = octets("21402324255e262a28295f2b3a337c7e")

    /// A response to the request whose octets are given.
    func respond(_ request: [UInt8], type: UInt8? = nil, _ data: [UInt8]) throws -> EAPPacket {
        let asked = try EAPPacket(parsing: request)
        return EAPPacket(.response, identifier: asked.identifier, type: type ?? asked.type, data: data)
    }

    func identity(_ identifier: UInt8 = 1) -> EAPPacket {
        EAPPacket(.response, identifier: identifier, type: EAPType.identity, data: name)
    }

    func nak(_ request: [UInt8], _ wanted: UInt8...) throws -> EAPPacket {
        try respond(request, type: EAPType.nak, wanted)
    }

    func md5(_ request: [UInt8]) throws -> EAPPacket {
        let asked = try EAPPacket(parsing: request)
        let challenge = Array(asked.data[1..<17])
        let value = CHAP.response(identifier: asked.identifier, challenge: challenge, password: password)[1...]
        return try respond(request, [16] + value + name)
    }

    /// The response to a challenge of MSCHAPv2.
    func mschapv2(_ request: [UInt8]) throws -> EAPPacket {
        let asked = try EAPPacket(parsing: request)
        let challenge = Array(asked.data[5..<21])
        let hash = MSCHAP.challengeHash(
            peerChallenge: peerChallenge,
            authenticatorChallenge: challenge,
            userName: name
        )
        let proof = try MSCHAP.challengeResponse(challenge: hash, passwordHash: MSCHAP.ntHash(password: password))
        let value = peerChallenge + [UInt8](repeating: 0, count: 8) + proof + [0]
        let length = 5 + value.count + name.count
        return try respond(request, [2, asked.data[1], 0, UInt8(length), 49] + value + name)
    }

    /// The acknowledgement of MSCHAPv2's success or failure request.
    func acknowledge(_ request: [UInt8], _ opCode: UInt8) throws -> EAPPacket { try respond(request, [opCode]) }
}

/// Judges by one password, as a directory of one account does.
func judge(password: String, name: String? = nil) -> (EAPClaim) -> EAPVerdict {
    { claim in
        let isKnown = name.map { Array($0.utf8) == claim.name } ?? true
        guard isKnown, let proof = claim.proof(password: Array(password.utf8)) else {
            return .refused(.authenticationFailure, message: "Authentication failed")
        }
        return .admitted(proof)
    }
}

/// An offer whose octets are the same each time.
func offer(_ methods: EAPMethodKind..., octets fixed: [UInt8] = []) -> EAPOffer {
    EAPOffer(methods: methods, serverName: "nexora") { count in
        fixed.count == count ? fixed : [UInt8](repeating: 0x5A, count: count)
    }
}
