/// MD5-Challenge (RFC 3748 §5.4): CHAP inside EAP. It proves the peer only and leaves no keys.
struct EAPMD5: EAPMethod {
    private let challenge: [UInt8]
    private static let valueLength = 16

    init(challenge: [UInt8]) { self.challenge = challenge }

    mutating func begin(identifier: UInt8) -> [UInt8] { [UInt8(challenge.count)] + challenge }

    mutating func answer(_ data: [UInt8], identifier: UInt8, judge: (EAPClaim) -> EAPVerdict) -> EAPMethodStep {
        // What follows the value is the peer's name, which says no more than its identity.
        guard data.count > Self.valueLength, Int(data[0]) == Self.valueLength else { return .invalid }
        let value = Array(data[1...Self.valueLength])
        switch judge(.md5(identifier: identifier, challenge: challenge, value: value)) {
        case .admitted: return .success(name: nil, nil)
        case .refused: return .failure(.refused)
        }
    }
}
