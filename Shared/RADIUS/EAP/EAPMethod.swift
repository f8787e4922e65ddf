/// A method by which a peer proves itself, the server's side: a state machine without I/O.
///
/// A method sees Type-Data only; identifiers, retransmissions and negotiation are `EAPConversation`'s. One whose
/// messages are longer than a packet, such as TLS, cuts them into Type-Data of its own requests (RFC 5216 §2.1.5).
package protocol EAPMethod: Sendable {
    /// The Type-Data of the first request, which carries `identifier`.
    mutating func begin(identifier: UInt8) -> [UInt8]

    /// Takes the Type-Data of the response to the request that carried `identifier`. `judge` is asked at most once in a
    /// method's life.
    mutating func answer(_ data: [UInt8], identifier: UInt8, judge: (EAPClaim) -> EAPVerdict) -> EAPMethodStep
}

/// What a method does about a response.
package enum EAPMethodStep: Equatable, Sendable {
    /// Asks on, with this Type-Data.
    case request([UInt8])
    /// The peer proved itself; `name` is the account where the method names one.
    case success(name: [UInt8]?, EAPKeys?)
    case failure(EAPFailure)
    /// The response makes no sense here; nothing changed.
    case invalid
}

/// Why a conversation failed.
package enum EAPFailure: Equatable, Sendable {
    /// The peer wants none of the methods on offer.
    case noCommonMethod
    /// `judge` refused the claim.
    case refused
    /// The peer did not believe the server's own proof.
    case serverNotBelieved
    /// More responses than any method takes.
    case tooManyRounds
    /// It was over already.
    case over
}

/// The methods that can be offered. The raw values are those of the setting.
package enum EAPMethodKind: String, Sendable, CaseIterable {
    case mschapv2
    case md5

    /// The method's number (IANA "EAP Method Types").
    package var type: UInt8 {
        switch self {
        case .mschapv2: EAPType.mschapv2
        case .md5: EAPType.md5Challenge
        }
    }
}

/// What a server offers its peers.
package struct EAPOffer: Sendable {
    /// In the order in which they are proposed.
    package let methods: [EAPMethodKind]
    /// The name that challenges carry.
    let serverName: [UInt8]
    /// Unpredictable octets for challenges.
    let random: @Sendable (Int) -> [UInt8]

    /// `methods` must not be empty. Tests give octets of their own as `random`.
    package init(methods: [EAPMethodKind], serverName: String, random: @escaping @Sendable (Int) -> [UInt8]) {
        precondition(!methods.isEmpty, "a server without a method can log nobody on")
        self.methods = methods
        self.serverName = Array(serverName.utf8)
        self.random = random
    }

    func make(_ kind: EAPMethodKind) -> any EAPMethod {
        switch kind {
        case .mschapv2: EAPMSCHAPv2(challenge: random(16), nextChallenge: random(16), serverName: serverName)
        case .md5: EAPMD5(challenge: random(16))
        }
    }
}
