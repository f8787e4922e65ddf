/// What a RADIUS packet is for (IANA "RADIUS Packet Type Codes").
package enum PacketCode: UInt8, Sendable, CaseIterable {
    case accessRequest = 1
    case accessAccept = 2
    case accessReject = 3
    case accountingRequest = 4
    case accountingResponse = 5
    case accessChallenge = 11
    case statusServer = 12
    case disconnectRequest = 40
    case disconnectACK = 41
    case disconnectNAK = 42
    case coaRequest = 43
    case coaACK = 44
    case coaNAK = 45
    case protocolError = 52

    /// True where the 16 octets of the Request Authenticator count as zeros in the codes over the packet (RFC 2866 §3,
    /// RFC 5176 §2.3, RFC 3579 §3.2) because they are such a code themselves.
    package var hasComputedRequestAuthenticator: Bool {
        switch self {
        case .accountingRequest, .disconnectRequest, .coaRequest: true
        default: false
        }
    }

    /// True for the replies that must begin with a Message-Authenticator, whatever the request held: else an attacker
    /// on the path may forge them by an MD5 collision (CVE-2024-3596).
    package var repliesWithMessageAuthenticator: Bool {
        switch self {
        case .accessAccept, .accessReject, .accessChallenge, .protocolError: true
        default: false
        }
    }
}
