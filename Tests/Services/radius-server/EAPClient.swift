import Crypto
import RADIUS
import Testing

@testable import RadiusServer

/// A NAS with one EAP peer behind it, over a real socket. Every answer is proven before it is looked at.
final class EAPClient {
    private let secret = SharedSecret(Array(SampleDirectory.secret.utf8))
    private let socket: LoopbackClient
    private let port: UInt16
    private var identifier: UInt8 = 0
    let name: String
    let password: String
    /// The User-Name of the packets; nil leaves it out.
    var userName: String?
    var state: [UInt8]?

    init(_ server: LoopbackServer, _ name: String, _ password: String, host: UInt8 = 1) {
        port = server.authPort
        socket = LoopbackClient(host: host)
        self.name = name
        self.password = password
        userName = name
    }

    /// The packet with this EAP message, under a fresh RADIUS identifier.
    func packet(_ eap: [UInt8], extra: [Attribute] = []) throws -> [UInt8] {
        identifier &+= 1
        var attributes: [Attribute] = [.messageAuthenticator]
        if let userName { attributes.append(Attribute(AttributeType.userName, text: userName)) }
        attributes.append(Attribute(AttributeType.eapMessage, eap))
        if let state { attributes.append(Attribute(AttributeType.state, state)) }
        let packet = Packet(
            PacketCode.accessRequest,
            identifier: identifier,
            authenticator: Randomness.bytes(16),
            attributes: attributes + extra
        )
        return try #require(packet.encodedRequest(secret: secret))
    }

    /// The proven answer; nil for silence, which is waited for by asking something that is answered.
    func ask(_ eap: [UInt8], extra: [Attribute] = []) throws -> Packet {
        let request = try packet(eap, extra: extra)
        let octets = try #require(socket.ask(request, port))
        return try read(octets, request)
    }

    func send(_ eap: [UInt8]) throws { socket.send(try packet(eap), to: port) }

    /// True when nothing came so far.
    var isSilent: Bool { socket.receive(waiting: false) == nil }

    private func read(_ octets: [UInt8], _ request: [UInt8]) throws -> Packet {
        let isProven = unsafe try octets.withUnsafeBytes { bytes in
            unsafe try request.withUnsafeBytes { request in
                unsafe Authenticity.verifyResponse(
                    packet: try PacketView(validating: bytes),
                    requestAuthenticator: UnsafeRawBufferPointer(rebasing: request[4..<20]),
                    secret: secret.context,
                    requireMessageAuthenticator: true
                )
            }
        }
        #expect(isProven)
        #expect(octets[20] == AttributeType.messageAuthenticator, "Message-Authenticator stands first")
        lastAuthenticator = Array(request[4..<20])
        return try Packet(parsing: octets)
    }

    private var lastAuthenticator: [UInt8] = []

    /// The key of that vendor attribute in the last answer.
    func key(_ packet: Packet, _ type: UInt8) -> [UInt8]? {
        packet.firstVendor(Vendor.microsoft, type).flatMap {
            SaltEncryption.decrypt($0, requestAuthenticator: lastAuthenticator, secret: secret.context)
        }
    }

    // MARK: - The peer

    var identityResponse: [UInt8] {
        EAPPacket(.response, identifier: 1, type: EAPType.identity, data: Array(name.utf8)).encoded
    }

    /// Sends the identity and keeps the State of the challenge.
    func begin() throws -> EAPPacket { try goOn(try ask(identityResponse)) }

    /// The EAP request of a challenge, whose State is kept.
    func goOn(_ reply: Packet) throws -> EAPPacket {
        #expect(reply.code == PacketCode.accessChallenge.rawValue)
        let sent: [UInt8]? = reply.first(AttributeType.state)
        state = sent
        #expect(sent?.count == EAPState.length)
        return try eap(of: reply)
    }

    func eap(of reply: Packet) throws -> EAPPacket {
        #expect(reply.first(AttributeType.replyMessage) == nil, "forbidden beside EAP-Message")
        return try EAPPacket(parsing: reply.attributes.filter { $0.type == AttributeType.eapMessage }.flatMap(\.value))
    }

    func nak(_ request: EAPPacket, _ wanted: UInt8) -> [UInt8] {
        EAPPacket(.response, identifier: request.identifier, type: EAPType.nak, data: [wanted]).encoded
    }

    func md5(_ request: EAPPacket) -> [UInt8] {
        let value = CHAP.response(
            identifier: request.identifier,
            challenge: Array(request.data[1..<17]),
            password: Array(password.utf8)
        )
        return EAPPacket(.response, identifier: request.identifier, type: 4, data: [16] + value[1...]).encoded
    }

    func mschapv2(_ request: EAPPacket, inner: String? = nil) throws -> [UInt8] {
        let user = Array((inner ?? name).utf8)
        let peerChallenge = Randomness.bytes(16)
        let hash = MSCHAP.challengeHash(
            peerChallenge: peerChallenge,
            authenticatorChallenge: Array(request.data[5..<21]),
            userName: user
        )
        let secret = try MSCHAP.ntHash(password: Array(password.utf8))
        let proof = try MSCHAP.challengeResponse(challenge: hash, passwordHash: secret)
        let value = peerChallenge + [UInt8](repeating: 0, count: 8) + proof + [0]
        let data = [2, request.data[1], 0, UInt8(5 + value.count + user.count), 49] + value + user
        return EAPPacket(.response, identifier: request.identifier, type: 26, data: data).encoded
    }

    func word(_ request: EAPPacket, _ opCode: UInt8) -> [UInt8] {
        EAPPacket(.response, identifier: request.identifier, type: 26, data: [opCode]).encoded
    }
}
