/// EAP-MSCHAPv2 (draft-kamath-pppext-eap-mschapv2): MS-CHAPv2 (RFC 2759) inside EAP. Both sides prove themselves, and
/// the MPPE keys (RFC 3079 §3) begin the MSK.
///
/// Type-Data: OpCode, MS-CHAPv2-ID, MS-Length (2), data. MS-Length says what EAP's own Length says and is not read: some
/// peers count it wrongly. The EAP identifier pairs request and response, so MS-CHAPv2-ID is only given back.
struct EAPMSCHAPv2: EAPMethod {
    private enum OpCode {
        static let challenge: UInt8 = 1
        static let response: UInt8 = 2
        static let success: UInt8 = 3
        static let failure: UInt8 = 4
    }

    private enum State {
        /// The challenge is out.
        case challenged
        /// The response was right; the server's proof is out and waits for the peer's word.
        case proven(name: [UInt8], EAPKeys?)
        /// The response was refused; the peer has yet to acknowledge it.
        case refused
    }

    private var state = State.challenged
    private let challenge: [UInt8]
    private let nextChallenge: [UInt8]
    private let serverName: [UInt8]
    private static let headerLength = 4
    private static let valueLength = 49

    init(challenge: [UInt8], nextChallenge: [UInt8], serverName: [UInt8]) {
        self.challenge = challenge
        self.nextChallenge = nextChallenge
        self.serverName = serverName
    }

    mutating func begin(identifier: UInt8) -> [UInt8] {
        Self.message(OpCode.challenge, identifier, [UInt8(challenge.count)] + challenge + serverName)
    }

    mutating func answer(_ data: [UInt8], identifier: UInt8, judge: (EAPClaim) -> EAPVerdict) -> EAPMethodStep {
        guard let opCode = data.first else { return .invalid }
        switch state {
        case .challenged: return opCode == OpCode.response ? response(data, judge) : .invalid
        case .proven(let name, let keys):
            switch opCode {
            case OpCode.success: return .success(name: name.isEmpty ? nil : name, keys)
            case OpCode.failure: return .failure(.serverNotBelieved)
            default: return .invalid
            }
        // No other try is allowed (R=0), so whatever the peer says ends it.
        case .refused: return .failure(.refused)
        }
    }

    private mutating func response(_ data: [UInt8], _ judge: (EAPClaim) -> EAPVerdict) -> EAPMethodStep {
        let nameOffset = Self.headerLength + 1 + Self.valueLength
        guard data.count >= nameOffset, Int(data[Self.headerLength]) == Self.valueLength else { return .invalid }
        let value = Array(data[(Self.headerLength + 1)..<nameOffset])
        let name = Array(data[nameOffset...])
        let identifier = data[1]
        switch judge(.mschapv2(challenge: challenge, value: value, name: name)) {
        case .admitted(let proof):
            state = .proven(name: name, proof.keys)
            let proven = (proof.authenticatorResponse ?? []) + Array(" M=OK".utf8)
            return .request(Self.message(OpCode.success, identifier, proven))
        case .refused(let failure, let message):
            state = .refused
            let text = MSCHAP.error(
                identifier: identifier,
                failure,
                mayRetry: false,
                challenge: nextChallenge,
                message: message
            )
            return .request(Self.message(OpCode.failure, identifier, Array(text[1...])))
        }
    }

    private static func message(_ opCode: UInt8, _ identifier: UInt8, _ body: [UInt8]) -> [UInt8] {
        let length = headerLength + body.count
        return [opCode, identifier, UInt8(length >> 8), UInt8(length & 0xFF)] + body
    }
}
