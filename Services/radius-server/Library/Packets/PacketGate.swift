import Crypto
import Domain
import RADIUS
import Sockets

/// Finds whose packet a datagram is and whether it is authentic, before anything else is done with it.
enum PacketGate {
    enum Verdict {
        case authentic(NASEntry)
        case refused(RefusalReason, NASEntry?)
    }

    /// For Access-Request and Status-Server.
    ///
    /// A Message-Authenticator that is there must be right, wherever it stands. One that is missing is allowed only
    /// where the NAS's row says so, never with EAP (RFC 3579 §3.2) or in Status-Server (RFC 5997 §3), and not beside a
    /// Proxy-State where that is limited (CVE-2024-3596).
    static func access(_ view: PacketView, candidates: [NASEntry]) -> Verdict {
        guard let first = candidates.first else { return .refused(.unknownNAS, nil) }
        guard view.messageAuthenticatorOffset == nil else {
            for nas in candidates where named(nas, view) {
                if Authenticity.verifyMessageAuthenticator(packet: view, secret: nas.secret.context) {
                    return .authentic(nas)
                }
            }
            return .refused(candidates.contains { named($0, view) } ? .badAuthenticator : .unknownNAS, first)
        }
        guard let nas = candidates.first(where: { named($0, view) }) else { return .refused(.unknownNAS, nil) }
        let mustSign = nas.requiresMessageAuthenticator || view.hasEAP || view.knownCode == .statusServer
        if mustSign { return .refused(.messageAuthenticatorMissing, nas) }
        if nas.limitsProxyState, view.proxyStateCount > 0 { return .refused(.proxyStateRefused, nas) }
        return .authentic(nas)
    }

    /// For Accounting-Request: its Request Authenticator proves the secret (RFC 2866 §3); a Message-Authenticator that is
    /// there must be right as well.
    static func accounting(_ view: PacketView, candidates: [NASEntry]) -> Verdict {
        guard let first = candidates.first else { return .refused(.unknownNAS, nil) }
        for nas in candidates where named(nas, view) {
            guard Authenticity.verifyAccountingAuthenticator(packet: view, secret: nas.secret.context) else { continue }
            guard
                view.messageAuthenticatorOffset == nil
                    || Authenticity.verifyMessageAuthenticator(packet: view, secret: nas.secret.context)
            else { continue }
            return .authentic(nas)
        }
        return .refused(candidates.contains { named($0, view) } ? .badAuthenticator : .unknownNAS, first)
    }

    /// Whether the packet carries the NAS-Identifier that the NAS's row asks for.
    private static func named(_ nas: NASEntry, _ view: PacketView) -> Bool {
        guard let wanted = nas.identifier else { return true }
        guard let sent = unsafe view.first(AttributeType.nasIdentifier) else { return false }
        return unsafe sent.elementsEqual(wanted)
    }
}
