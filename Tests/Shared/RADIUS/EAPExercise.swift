import RADIUS

/// Puts arbitrary octets through EAP: as packets, and as what a hostile peer says in a conversation. The hostile test and
/// the fuzzer both run it.
struct EAPExercise {
    private let offer = EAPOffer(methods: [.mschapv2, .md5], serverName: "nexora") { count in
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
    }

    /// What went wrong, or nil. The octets are a script: each packet in it, one octet of length in front, is a response
    /// in turn; an odd length has its identifier set to the awaited one, so that a script gets beyond the first check.
    func violation(inScript script: [UInt8]) -> String? {
        if let problem = violation(inPacket: script) { return problem }
        var conversation = EAPConversation(askingIdentity: offer)
        var rest = script[...]
        var wasOver = false
        while let length = rest.popFirst() {
            var octets = Array(rest.prefix(Int(length)))
            rest = rest.dropFirst(Int(length))
            if length & 1 == 1, octets.count > 1 { octets[1] = conversation.request[1] }
            guard let packet = try? EAPPacket(parsing: octets) else { continue }
            let isRepeated = conversation.isRepeated(packet)
            let step = conversation.answer(packet, offer: offer) { claim in
                // A password that no script knows.
                _ = claim.proof(password: Array("unknown to all".utf8))
                return .refused(.authenticationFailure, message: "no")
            }
            if let problem = violation(in: step, to: packet, conversation) { return problem }
            let isEnd = if case .failure = step { true } else { false }
            if wasOver, !isRepeated, !isEnd { return "it goes on after its end" }
            wasOver = conversation.isOver
        }
        return nil
    }

    private func violation(
        in step: EAPConversation.Step,
        to packet: EAPPacket,
        _ conversation: EAPConversation
    ) -> String? {
        switch step {
        case .success: return "a success without an admitted claim"
        case .request(let octets), .invalid(let octets):
            guard let read = try? EAPPacket(parsing: octets), read.code == .request, read.encoded == octets else {
                return "a request that cannot be read"
            }
            if case .invalid = step, octets != conversation.request { return "not the request that stands" }
        case .failure(let octets, _):
            guard (try? EAPPacket(parsing: octets)) == EAPPacket(.failure, identifier: packet.identifier) else {
                return "a failure that does not answer its response"
            }
        }
        return nil
    }

    private func violation(inPacket octets: [UInt8]) -> String? {
        guard let packet = try? EAPPacket(parsing: octets) else { return nil }
        guard let again = try? EAPPacket(parsing: packet.encoded), again == packet else {
            return "a packet that was written is not read"
        }
        guard (packet.roleRefusal == nil) == (packet.code == .response) else { return "the role" }
        return nil
    }
}
