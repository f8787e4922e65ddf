package import Crypto
import RADIUS

/// What the NAS said.
package enum ControlAnswer: Hashable, Sendable {
    /// ACK. Acct-Terminate-Cause may tell why the session ended (RFC 5176 §3.6, table).
    case acknowledged(terminateCause: UInt32?)
    /// NAK.
    case refused(Refusal)

    /// Why a datagram is no answer to a request.
    package enum Fault: String, Error, Hashable, Sendable, CaseIterable {
        /// No RADIUS packet.
        case malformed
        /// A code that does not answer the request's.
        case unexpectedCode = "unexpected_code"
        /// Its authenticator or Message-Authenticator is not that of an answer to this request under this secret.
        case badAuthenticator = "bad_authenticator"
    }

    /// Reads an answer to `request`, the octets as they were sent (RFC 5176 §2.3). A Message-Authenticator is proven where
    /// there is one, and there must be one if `requiresMessageAuthenticator`.
    package static func read(
        _ datagram: [UInt8],
        to request: [UInt8],
        kind: ControlKind,
        secret: SharedSecret,
        requiresMessageAuthenticator: Bool
    ) -> Result<ControlAnswer, Fault> {
        // SAFETY: the views live within the closures, over arrays that nobody changes meanwhile.
        unsafe datagram.withUnsafeBytes { bytes in
            guard let answer = unsafe try? PacketView(validating: bytes) else { return .failure(.malformed) }
            guard request.count >= PacketView.headerLength, answer.identifier == request[1] else {
                return .failure(.badAuthenticator)
            }
            let isTrue = unsafe request.withUnsafeBytes { request in
                unsafe Authenticity.verifyResponse(
                    packet: answer,
                    requestAuthenticator: UnsafeRawBufferPointer(rebasing: request[4..<20]),
                    secret: secret.context,
                    requireMessageAuthenticator: requiresMessageAuthenticator
                )
            }
            guard isTrue else { return .failure(.badAuthenticator) }
            switch answer.knownCode {
            case kind.ackCode:
                return .success(.acknowledged(terminateCause: answer.uint32(AttributeType.acctTerminateCause)))
            case kind.nakCode: return .success(.refused(Refusal(number: answer.uint32(AttributeType.errorCause))))
            default: return .failure(.unexpectedCode)
            }
        }
    }
}
