import Crypto

/// One peer's EAP conversation, the server's side (RFC 3748, RFC 3579): identity, negotiation, one method, the end. A
/// pure value; whoever keeps it bounds how many there are and how old they get.
///
/// A response that was answered already gets the same answer again, in whatever RADIUS packet it comes; one that fits
/// nothing changes nothing (RFC 3748 §4.1).
package struct EAPConversation: Sendable {
    /// What to tell the NAS. The octets are an EAP packet.
    package enum Step: Equatable, Sendable {
        /// Ask on: Access-Challenge.
        case request([UInt8])
        /// The response is passed over: the request stands, as Access-Challenge with Error-Cause 202 (RFC 3579 §2.2).
        case invalid([UInt8])
        /// `name` is the account that the method proved; nil is the identity.
        case success([UInt8], name: [UInt8]?, EAPKeys?)
        case failure([UInt8], EAPFailure)
    }

    private enum Phase {
        /// The server asked for the identity itself.
        case askedIdentity
        /// A method was proposed; `begun` once the peer went along, when it can no longer ask for another one.
        case running(any EAPMethod, EAPMethodKind, begun: Bool)
        case over
    }

    /// More responses than this end a conversation, whatever they are.
    package static let maximumResponses = 50

    private var phase: Phase
    /// Methods not proposed yet, best first.
    private var left: [EAPMethodKind]
    private var outstanding: EAPPacket
    private var answered: (identifier: UInt8, digest: [UInt8], step: Step)?
    private var responses = 0
    /// What the peer calls itself; nil until it said so.
    package private(set) var identity: [UInt8]?
    /// The method proposed last.
    package private(set) var method: EAPMethodKind?

    /// A conversation that the server begins itself, because the NAS sent an EAP-Start (RFC 3579 §2.1).
    package init(askingIdentity offer: EAPOffer) {
        let identifier = offer.random(1).first ?? 0
        outstanding = EAPPacket(.request, identifier: identifier, type: EAPType.identity)
        phase = .askedIdentity
        left = offer.methods
    }

    /// A conversation that begins with the peer's EAP-Response/Identity; nil for any other packet.
    package init?(identityResponse response: EAPPacket, offer: EAPOffer) {
        guard response.code == .response, response.type == EAPType.identity else { return nil }
        outstanding = EAPPacket(.request, identifier: response.identifier, type: EAPType.identity)
        phase = .askedIdentity
        left = offer.methods
        _ = answer(response, offer: offer) { _ in .refused(.authenticationFailure, message: "") }
    }

    /// The request that waits for its response.
    package var request: [UInt8] { outstanding.encoded }

    /// True once it succeeded or failed.
    package var isOver: Bool { if case .over = phase { true } else { false } }

    /// True once it took as many responses as it will.
    package var isExhausted: Bool { responses > Self.maximumResponses }

    /// Ends it from outside, without a word to the peer.
    package mutating func abandon() { phase = .over }

    /// Counts octets that are no EAP packet as a response; the request stands.
    package mutating func passOver() { responses += 1 }

    /// True when this response was answered before and will get the same answer.
    package func isRepeated(_ response: EAPPacket) -> Bool {
        guard let answered, answered.identifier == response.identifier else { return false }
        return answered.digest == Digest.sha256(response.encoded)
    }

    /// Takes one response of the peer. `judge` says whether a claim is true and its account may log on.
    package mutating func answer(
        _ response: EAPPacket,
        offer: EAPOffer,
        judge: (EAPClaim) -> EAPVerdict
    ) -> Step {
        responses += 1
        if let answered, isRepeated(response), !isExhausted { return answered.step }
        guard !isOver else { return failed(response, .over) }
        guard !isExhausted else { return end(response, .tooManyRounds) }
        guard response.code == .response, response.identifier == outstanding.identifier, let type = response.type
        else { return .invalid(request) }
        let step: Step
        switch phase {
        case .askedIdentity:
            guard type == EAPType.identity else { return .invalid(request) }
            identity = response.data
            step = propose(after: response, offer)
        case .running(_, _, begun: false) where type == EAPType.nak:
            // The peer names what it would rather do; our order of preference decides among that (RFC 3748 §5.3.1).
            left.removeAll { !response.data.contains($0.type) }
            step = propose(after: response, offer)
        case .running(var method, let kind, _):
            guard type == kind.type else { return .invalid(request) }
            let taken = method.answer(response.data, identifier: response.identifier, judge: judge)
            if case .invalid = taken { return .invalid(request) }
            phase = .running(method, kind, begun: true)
            step = follow(taken, kind, after: response)
        case .over: step = failed(response, .over)
        }
        answered = (response.identifier, Digest.sha256(response.encoded), step)
        return step
    }

    // MARK: - Private

    private mutating func propose(after response: EAPPacket, _ offer: EAPOffer) -> Step {
        guard !left.isEmpty else { return end(response, .noCommonMethod) }
        let kind = left.removeFirst()
        var made = offer.make(kind)
        let identifier = response.identifier &+ 1
        let data = made.begin(identifier: identifier)
        method = kind
        phase = .running(made, kind, begun: false)
        return ask(identifier, kind, data)
    }

    private mutating func follow(_ step: EAPMethodStep, _ kind: EAPMethodKind, after response: EAPPacket) -> Step {
        switch step {
        case .request(let data): return ask(response.identifier &+ 1, kind, data)
        case .success(let name, let keys):
            phase = .over
            return .success(EAPPacket(.success, identifier: response.identifier).encoded, name: name, keys)
        case .failure(let failure): return end(response, failure)
        case .invalid: return .invalid(request)
        }
    }

    private mutating func ask(_ identifier: UInt8, _ kind: EAPMethodKind, _ data: [UInt8]) -> Step {
        outstanding = EAPPacket(.request, identifier: identifier, type: kind.type, data: data)
        return .request(request)
    }

    private mutating func end(_ response: EAPPacket, _ failure: EAPFailure) -> Step {
        phase = .over
        return failed(response, failure)
    }

    private func failed(_ response: EAPPacket, _ failure: EAPFailure) -> Step {
        .failure(EAPPacket(.failure, identifier: response.identifier).encoded, failure)
    }
}
