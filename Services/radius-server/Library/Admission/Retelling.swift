import Admission

/// What a memory of Redis is told that may lack what this server knows: another primary, or one that was restarted. First which
/// sessions ended, then what was granted, a part at a time so that logins pass between: a grant whose end was told before it
/// does not come back.
struct Retelling {
    enum Part {
        case ends([SessionReport])
        case claims([AdmissionClaim])
    }

    private static let endsPerCall = 256
    private static let claimsPerCall = 128
    private static let pause: UInt64 = 1_000_000_000
    /// Until all servers have found another primary and told it what they granted, nothing is asked of it: one that was demoted
    /// has still granted for a while, and so has a replica that is none of the new one's.
    private static let othersMoveWithin: UInt64 = 2_000_000_000

    /// Which memory has what was granted, as far as is known; nil when it is to be told everything.
    private var known: [UInt8]?
    /// The one that answers now; nil before it said so.
    private var here: [UInt8]?
    private var quietUntil: UInt64 = 0
    private var isWanted = false
    private var begunAt: UInt64 = 0
    private var ends: ArraySlice<SessionReport> = []
    private var claims: ArraySlice<AdmissionClaim> = []
    /// A part was sent and not answered yet.
    private var isWaiting = false

    /// The memory that answers has all it must have before it is asked for anything.
    var isComplete: Bool { here != nil && here == known }

    func mayAsk(now: UInt64) -> Bool { isComplete && now >= quietUntil }

    /// Whether something is to be told now that is not under way.
    func isDue(now: UInt64) -> Bool { isWanted && here != nil && isIdle && now &- begunAt > Self.pause }

    /// The connection came or went: nothing is known of who answers.
    mutating func reconnect() {
        stop()
        here = nil
        begunAt = 0
    }

    /// Redis said which memory it is. `patience` is how long a failover is waited for, in nanoseconds.
    mutating func found(_ memory: [UInt8], now: UInt64, patience: UInt64) {
        here = memory
        isWanted = true
        if known != nil, known != memory { quietUntil = now + min(Self.othersMoveWithin, patience) }
    }

    /// Something was granted that Redis may not have.
    mutating func want() { isWanted = true }

    /// Redis turned out to have been emptied.
    mutating func forget() {
        known = nil
        isWanted = true
    }

    mutating func begin(ends: [SessionReport], claims: [AdmissionClaim], now: UInt64) {
        isWanted = false
        begunAt = now
        self.ends = ends[...]
        self.claims = claims[...]
    }

    /// The next part, once the last was answered.
    mutating func next() -> Part? {
        guard !isWaiting, !isIdle else { return nil }
        isWaiting = true
        guard ends.isEmpty else {
            defer { ends = ends.dropFirst(Self.endsPerCall) }
            return .ends(Array(ends.prefix(Self.endsPerCall)))
        }
        defer { claims = claims.dropFirst(Self.claimsPerCall) }
        return .claims(Array(claims.prefix(Self.claimsPerCall)))
    }

    /// A part could not be sent, or not be told: all of it is to be told again.
    mutating func fail() {
        stop()
        isWanted = true
    }

    mutating func wasAnswered() { isWaiting = false }

    /// True once for each memory that has everything now.
    mutating func finish() -> Bool {
        guard isIdle, !isComplete else { return false }
        known = here
        return true
    }

    private var isIdle: Bool { ends.isEmpty && claims.isEmpty && !isWaiting }

    private mutating func stop() {
        ends = []
        claims = []
        isWaiting = false
    }
}
