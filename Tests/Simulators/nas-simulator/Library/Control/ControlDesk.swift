import Crypto
import RADIUS

/// Takes CoA-Requests and Disconnect-Requests for one NAS (RFC 5176) and answers them as its kind would. No I/O and no
/// clock: packet and time in, answer and effect out.
package struct ControlDesk: Sendable {
    /// How the NAS behaves towards whoever wants something of it.
    package enum Mode: Sendable, Equatable {
        case obedient
        /// No answer, no effect.
        case deaf
        /// Does it at once, and says so that much later.
        case slow(milliseconds: Int)
        /// Acknowledges and does nothing.
        case lying
        /// Does it, and says so three times.
        case doubling
        /// Says so at once; what it says happens that much later, if it is a session's end.
        case late(milliseconds: Int)
        /// Somebody else answers, under another secret; nothing happens.
        case forging
        /// Falls over and boots.
        case rebooting
    }

    /// What a request did.
    package enum Effect: Sendable, Equatable {
        case none
        /// The session of this number is now so.
        case changed(session: Int, LiveSession)
        /// The session of this number was ended, for this Acct-Terminate-Cause.
        case ended(session: Int, cause: UInt32)
        case reboot
    }

    package struct Outcome: Sendable {
        /// What to send; nil for silence.
        package var reply: [UInt8]?
        package var delayMilliseconds = 0
        /// How often to send it.
        package var copies = 1
        package var effect = Effect.none
        package var effectDelayMilliseconds = 0
        /// For the log: what became of the request.
        package var note: String
        package var isRepeat = false
    }

    /// Who asked, as far as duplicates go.
    private struct Ask: Hashable {
        let source: UInt64
        let identifier: UInt8
        let authenticator: [UInt8]
    }

    /// Admin-Reset (RFC 2866 §5.10).
    private static let adminReset: UInt32 = 6
    /// Seconds by which Event-Timestamp may be off (RFC 5176 §6.3 recommends 300).
    private static let window: Int64 = 300
    /// Whoever answers under this is not the NAS.
    private static let foreign = SharedSecret(Array("nobody told this secret".utf8))

    private let nas: SimNAS
    private let secret: SharedSecret
    private let rules: ControlRules?
    private let isHotspot: Bool
    package var mode: Mode
    private var answered: [Ask: [UInt8]] = [:]
    private var order: [Ask] = []

    /// `isHotspot`: a MikroTik whose hotspot serves the subscribers wants Framed-IP-Address as well.
    package init(_ packets: NASPackets, mode: Mode = .obedient, isHotspot: Bool = false) {
        nas = packets.nas
        secret = packets.secret
        rules = ControlRules.of(packets.nas.kind)
        self.mode = mode
        self.isHotspot = isHotspot
    }

    /// Judges one datagram. `now` is the true time in seconds since 1970, `source` tells senders apart, `sessions` are
    /// those that are on, by number.
    package mutating func take(
        _ datagram: [UInt8],
        source: UInt64,
        now: Int64,
        sessions: [Int: LiveSession]
    ) -> Outcome {
        guard let rules else { return Outcome(note: "this kind listens to nobody") }
        if mode == .deaf { return Outcome(note: "deaf") }
        guard let request = authentic(datagram, rules) else { return Outcome(note: "dropped: not authentic") }
        let sent = request.first(AttributeType.eventTimestamp)
        if sent == nil, rules.requiresEventTimestamp { return Outcome(note: "dropped: no Event-Timestamp") }
        if let sent {
            // RFC 5176 §6.3: what is old may be a replay. A NAS whose clock is wrong drops everything.
            let late = Int64(Self.number(sent) ?? 0) - (now + Int64(nas.skew))
            guard abs(late) <= Self.window else { return Outcome(note: "dropped: \(late) s off by this NAS's clock") }
        }
        let ask = Ask(source: source, identifier: request.identifier, authenticator: request.authenticator)
        if let reply = answered[ask] {
            var outcome = Outcome(reply: reply, note: "repeated", isRepeat: true)
            // What has not been said yet is not said sooner.
            if case .slow(let milliseconds) = mode { outcome.delayMilliseconds = milliseconds }
            return outcome
        }
        if mode == .rebooting { return Outcome(effect: .reboot, note: "reboots") }
        var outcome = decide(request, rules, sessions)
        switch mode {
        case .slow(let milliseconds): outcome.delayMilliseconds = milliseconds
        case .lying, .forging:
            if outcome.effect != .none { outcome.note += ", a lie" }
            outcome.effect = .none
        case .doubling: outcome.copies = 3
        case .late(let milliseconds):
            if case .ended = outcome.effect { outcome.effectDelayMilliseconds = milliseconds }
        default: break
        }
        if let reply = outcome.reply { remember(ask, reply) }
        return outcome
    }

    // MARK: - Authenticity

    private func authentic(_ datagram: [UInt8], _ rules: ControlRules) -> Packet? {
        let isTrue = unsafe datagram.withUnsafeBytes { bytes in
            guard let view = unsafe try? PacketView(validating: bytes),
                view.knownCode == .coaRequest || view.knownCode == .disconnectRequest,
                Authenticity.verifyAccountingAuthenticator(packet: view, secret: secret.context)
            else { return false }
            if view.messageAuthenticatorOffset == nil { return !rules.requiresMessageAuthenticator }
            return Authenticity.verifyMessageAuthenticator(packet: view, secret: secret.context)
        }
        return isTrue ? try? Packet(parsing: datagram) : nil
    }

    private mutating func remember(_ ask: Ask, _ reply: [UInt8]) {
        answered[ask] = reply
        order.append(ask)
        if order.count > 64 { answered[order.removeFirst()] = nil }
    }

    // MARK: - The decision

    private func decide(_ request: Packet, _ rules: ControlRules, _ sessions: [Int: LiveSession]) -> Outcome {
        if let cause = mismatch(request) { return refuse(request, cause) }
        // Authorize-Only asks for a second round that none of these kinds offers (RFC 5176 §3.2).
        if let service = request.first(AttributeType.serviceType), Self.number(service) == 17 {
            return refuse(request, ErrorCause.unsupportedService)
        }
        guard isIdentified(request, rules) else { return refuse(request, ErrorCause.missingAttribute) }
        let found = sessions.filter { Self.matches(request, $0.value) }
        guard let (number, session) = found.first else { return refuse(request, ErrorCause.sessionContextNotFound) }
        guard found.count == 1 else { return refuse(request, ErrorCause.multipleSessionSelectionUnsupported) }
        guard request.code == PacketCode.coaRequest.rawValue else {
            let reply = answer(request, .disconnectACK, [Attribute(AttributeType.acctTerminateCause, Self.adminReset)])
            return Outcome(reply: reply, effect: .ended(session: number, cause: Self.adminReset), note: "disconnected")
        }
        switch ControlChange.apply(request, to: session, rules) {
        case .refused(let cause): return refuse(request, cause)
        case .changed(let changed):
            return Outcome(
                reply: answer(request, .coaACK, []),
                effect: changed == session ? .none : .changed(session: number, changed),
                note: changed == session ? "nothing to change" : "changed"
            )
        case .ends:
            return Outcome(
                reply: answer(request, .coaACK, []),
                effect: .ended(session: number, cause: Self.adminReset),
                note: "logged off"
            )
        }
    }

    /// NAS-IP-Address and NAS-Identifier, where they are told, must be this NAS's (RFC 5176 §3).
    private func mismatch(_ request: Packet) -> UInt32? {
        if let address = request.first(AttributeType.nasIPAddress), Self.number(address) != nas.address {
            return ErrorCause.nasIdentificationMismatch
        }
        if let name = request.first(AttributeType.nasIdentifier), let own = nas.identifier, name != Array(own.utf8) {
            return ErrorCause.nasIdentificationMismatch
        }
        return nil
    }

    private func isIdentified(_ request: Packet, _ rules: ControlRules) -> Bool {
        if isHotspot, request.first(AttributeType.framedIPAddress) == nil { return false }
        return rules.identification.contains { set in set.allSatisfy { request.first($0) != nil } }
    }

    /// All that is told about the session must be true of it (RFC 5176 §3).
    private static func matches(_ request: Packet, _ session: LiveSession) -> Bool {
        func agrees(_ type: UInt8, _ text: String) -> Bool {
            request.first(type).map { $0 == Array(text.utf8) } ?? true
        }
        func agrees(_ type: UInt8, _ value: UInt32) -> Bool { request.first(type).map { number($0) == value } ?? true }
        return agrees(AttributeType.acctSessionID, session.id) && agrees(AttributeType.userName, session.username)
            && agrees(AttributeType.callingStationID, session.station)
            && agrees(AttributeType.framedIPAddress, session.address) && agrees(AttributeType.nasPort, session.port)
    }

    // MARK: - Answers

    private func refuse(_ request: Packet, _ cause: UInt32) -> Outcome {
        let code: PacketCode = request.code == PacketCode.coaRequest.rawValue ? .coaNAK : .disconnectNAK
        let reply = answer(request, code, [Attribute(AttributeType.errorCause, cause)])
        return Outcome(reply: reply, note: "refused with Error-Cause \(cause)")
    }

    /// Message-Authenticator first; State and Proxy-State come back (RFC 5176 §3.1).
    private func answer(_ request: Packet, _ code: PacketCode, _ attributes: [Attribute]) -> [UInt8]? {
        let returned = request.attributes.filter {
            $0.type == AttributeType.state || $0.type == AttributeType.proxyState
        }
        return Packet(code, identifier: request.identifier, attributes: [.messageAuthenticator] + attributes + returned)
            .encodedReply(
                requestAuthenticator: request.authenticator,
                secret: mode == .forging ? Self.foreign : secret
            )
    }

    static func number(_ value: [UInt8]) -> UInt32? {
        value.count == 4 ? value.reduce(0) { $0 << 8 | UInt32($1) } : nil
    }
}
