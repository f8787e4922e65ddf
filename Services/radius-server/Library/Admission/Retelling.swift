import Admission

/// What another memory of Redis is being told: first which sessions ended, then what was granted, a part at a time so that
/// logins pass between. A grant whose end was told before it does not come back.
struct Retelling {
    enum Part {
        case ends([SessionReport])
        case claims([AdmissionClaim])
    }

    private static let endsPerCall = 256
    private static let claimsPerCall = 128

    private var ends: ArraySlice<SessionReport> = []
    private var claims: ArraySlice<AdmissionClaim> = []
    /// A part was sent and not answered yet.
    private(set) var isWaiting = false

    var isOver: Bool { ends.isEmpty && claims.isEmpty && !isWaiting }

    mutating func begin(ends: [SessionReport], claims: [AdmissionClaim]) {
        self.ends = ends[...]
        self.claims = claims[...]
        isWaiting = false
    }

    /// The next part, once the last was answered.
    mutating func next() -> Part? {
        guard !isWaiting else { return nil }
        if !ends.isEmpty {
            defer { ends = ends.dropFirst(Self.endsPerCall) }
            isWaiting = true
            return .ends(Array(ends.prefix(Self.endsPerCall)))
        }
        guard !claims.isEmpty else { return nil }
        defer { claims = claims.dropFirst(Self.claimsPerCall) }
        isWaiting = true
        return .claims(Array(claims.prefix(Self.claimsPerCall)))
    }

    mutating func wasAnswered() { isWaiting = false }

    mutating func giveUp() { self = Retelling() }
}
