import Crypto
import Domain
import RADIUS

/// What an Access-Accept says beyond the service's own attributes when EAP led to it.
struct EAPAccept: Sendable {
    /// EAP-Success.
    let packet: [UInt8]
    let keys: EAPKeys?
    /// The account's name, where the NAS does not know it (RFC 3579 §2.1) or knows another one: it accounts by this.
    let userName: [UInt8]?

    /// EAP-Failure in its place (RFC 3748 §4.2).
    var failure: [UInt8] { [4, packet.count > 1 ? packet[1] : 0, 0, 4] }

    func appendPacket(to reply: inout ReplyWriter) {
        reply.append(eapMessage: packet)
        if let userName, userName.count <= 253 { reply.append(type: AttributeType.userName, userName) }
    }

    func appendKeys(to reply: inout ReplyWriter, view: PacketView, nas: NASEntry) {
        guard let keys else { return }
        let authenticator = unsafe Array(view.authenticator)
        MPPEReply.appendKeys(send: keys.send, receive: keys.receive, authenticator, nas, to: &reply)
        MPPEReply.appendPolicy(to: &reply)
    }
}

/// An Access-Challenge of EAP: Message-Authenticator, EAP-Message, State and what the NAS should know.
struct EAPChallenge: Sendable {
    /// "Invalid EAP Packet (Ignored)" (RFC 3579 §2.2).
    private static let invalidPacket: UInt32 = 202

    /// The EAP request.
    let packet: [UInt8]
    let state: EAPState
    /// How long the NAS should wait for the peer, in seconds (RFC 3579 §2.3).
    var sessionTimeout: UInt32?
    /// The peer's response was passed over.
    var isInvalid = false
    /// The request tells the peer that its claim was refused: it is held back as a reject is.
    var refuses = false

    /// Returns the length; 0 when it did not fit.
    func write(into room: UnsafeMutableRawBufferPointer, view: PacketView, nas: NASEntry) -> Int {
        var reply = unsafe ReplyWriter(into: room, code: .accessChallenge, identifier: view.identifier)
        reply.append(eapMessage: packet)
        state.append(to: &reply)
        if let sessionTimeout { reply.append(type: AttributeType.sessionTimeout, sessionTimeout) }
        if isInvalid { reply.append(type: AttributeType.errorCause, Self.invalidPacket) }
        reply.copyProxyState(from: view)
        return unsafe reply.finish(requestAuthenticator: unsafe view.authenticator, secret: nas.secret.context)
    }
}

/// An Access-Reject of EAP. No Reply-Message: beside an EAP-Message it is forbidden (RFC 3579 §2.6.5).
enum EAPReject {
    /// Returns the length; 0 when it did not fit.
    static func write(
        into room: UnsafeMutableRawBufferPointer,
        view: PacketView,
        nas: NASEntry,
        packet: [UInt8]
    ) -> Int {
        var reply = unsafe ReplyWriter(into: room, code: .accessReject, identifier: view.identifier)
        reply.append(eapMessage: packet)
        reply.copyProxyState(from: view)
        return unsafe reply.finish(requestAuthenticator: unsafe view.authenticator, secret: nas.secret.context)
    }
}
