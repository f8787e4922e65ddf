package import Crypto
package import RADIUS

/// Which of the two requests.
package enum ControlKind: String, Hashable, Sendable, CaseIterable {
    /// CoA-Request.
    case change
    /// Disconnect-Request.
    case disconnect

    package var requestCode: PacketCode { self == .change ? .coaRequest : .disconnectRequest }
    package var ackCode: PacketCode { self == .change ? .coaACK : .disconnectACK }
    package var nakCode: PacketCode { self == .change ? .coaNAK : .disconnectNAK }
}

/// A CoA-Request or Disconnect-Request without its identifier (RFC 5176 §2).
package struct ControlRequest: Equatable, Sendable {
    package let kind: ControlKind
    /// Who: User-Name first where it is told, then the NAS, then the rest of the session's parts.
    package let identification: [Attribute]
    /// What: nothing in a Disconnect-Request.
    package let changes: [Attribute]
    /// Whether Event-Timestamp is told: a NAS whose clock is wrong passes over such a packet in silence (RFC 5176 §6.3).
    package let isTimestamped: Bool

    /// A CoA-Request; nil where `set` is not known of the session, or there is nothing to change.
    package static func change(
        _ change: LiveChange,
        of identity: LiveIdentity,
        by set: IdentitySet,
        tellingNAS: Bool = true,
        timestamped: Bool
    ) -> ControlRequest? {
        guard !change.isEmpty else { return nil }
        return ControlRequest(.change, identity, set, tellingNAS, change.attributes, timestamped)
    }

    /// A Disconnect-Request; nil where `set` is not known of the session.
    package static func disconnect(
        _ identity: LiveIdentity,
        by set: IdentitySet,
        tellingNAS: Bool = true,
        timestamped: Bool
    ) -> ControlRequest? {
        ControlRequest(.disconnect, identity, set, tellingNAS, [], timestamped)
    }

    private init?(
        _ kind: ControlKind,
        _ identity: LiveIdentity,
        _ set: IdentitySet,
        _ tellsNAS: Bool,
        _ changes: [Attribute],
        _ isTimestamped: Bool
    ) {
        guard let session = set.attributes(of: identity), !session.isEmpty else { return nil }
        self.kind = kind
        let name = session.prefix { $0.type == AttributeType.userName }
        identification = name + (tellsNAS ? identity.nasAttributes : []) + session.dropFirst(name.count)
        self.changes = changes
        self.isTimestamped = isTimestamped
    }

    /// The octets under `secret`: Message-Authenticator first, whoever asks for it or not; never a Proxy-State. A
    /// retransmission is these octets again: whatever changes in them wants another identifier (RFC 5176 §2.3). Nil when it
    /// does not fit into a packet.
    package func encoded(identifier: UInt8, eventTime: UInt32, secret: SharedSecret) -> [UInt8]? {
        var attributes: [Attribute] = [.messageAuthenticator]
        if isTimestamped { attributes.append(Attribute(AttributeType.eventTimestamp, eventTime)) }
        attributes += identification
        attributes += changes
        return Packet(kind.requestCode, identifier: identifier, authenticator: [], attributes: attributes)
            .encodedRequest(secret: secret)
    }
}
