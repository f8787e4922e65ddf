import CoA
import Crypto
import Domain
import RADIUS
import SharedTesting
import Sockets
import WireFormat

/// What the tests have in common: the session and the secret of the derived vectors.
enum Fixture {
    static let secret = SharedSecret(Array("0123456789abcdef0123456789ABCDEF".utf8))
    static let otherSecret = SharedSecret(Array("another secret".utf8))
    static let identity = LiveIdentity(
        userName: Array("bob".utf8),
        acctSessionID: Array("8000002a".utf8),
        framedIPAddress: IPAddress("10.20.30.40"),
        nasAddress: IPAddress("10.0.0.1")
    )
    static let byAll = IdentitySet(.userName, .acctSessionID, .framedIPAddress)
    static let byBoth = IdentitySet(.userName, .acctSessionID)
    static let nas = SourceAddress(high: 0, low: 0xffff_0a00_0001, port: 3799)
    static let second: UInt64 = 1_000_000_000

    static func octets(_ hex: String) -> [UInt8] { Hex.decode(hex) ?? [] }

    /// A change of speed in MikroTik's words.
    static func speedChange(_ vendor: NASVendor = .mikrotik) throws -> LiveChange {
        var change = LiveChange()
        let profile = SpeedProfile(rate: SpeedPair(download: 100_000_000, upload: 20_000_000))
        guard change.addSpeed(profile, from: nil, for: vendor) else { throw Unsaid() }
        return change
    }

    struct Unsaid: Error {}

    static func disconnect(_ identity: LiveIdentity = identity) throws -> ControlRequest {
        guard let request = ControlRequest.disconnect(identity, by: byBoth, timestamped: false) else { throw Unsaid() }
        return request
    }

    static func order(
        session: String,
        to destination: SourceAddress = nas,
        secret: SharedSecret = secret,
        isUrgent: Bool = false,
        patience: Duration = .seconds(30)
    ) throws -> ControlOrder {
        var identity = identity
        identity.acctSessionID = Array(session.utf8)
        return ControlOrder(
            destination: destination,
            vendor: .mikrotik,
            secret: secret,
            request: try disconnect(identity),
            session: session,
            isUrgent: isUrgent,
            patience: patience
        )
    }

    /// The answer of a NAS to the octets of a request.
    static func answer(
        _ request: [UInt8],
        refusal: ErrorCause? = nil,
        secret: SharedSecret = secret
    ) -> [UInt8] {
        let isChange = request[0] == PacketCode.coaRequest.rawValue
        let code: PacketCode =
            refusal == nil ? (isChange ? .coaACK : .disconnectACK) : (isChange ? .coaNAK : .disconnectNAK)
        let cause = refusal.map { [Attribute(AttributeType.errorCause, $0.rawValue)] } ?? []
        return Packet(code, identifier: request[1], attributes: [.messageAuthenticator] + cause)
            .encodedReply(requestAuthenticator: Array(request[4..<20]), secret: secret) ?? []
    }
}
