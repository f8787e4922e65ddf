/// One packet that a NAS wants answered, from its first transmission to its answer.
struct Dispatch {
    enum Subject {
        case boot(SimBoot)
        case login(Int)
        case report(session: Int, index: Int, isRepeat: Bool)
    }

    let subject: Subject
    let nas: Int
    /// Transmissions so far, under any identifier.
    var sent = 0
    /// Real nanoseconds of the first.
    var firstSent: UInt64 = 0
    var retransmission: Double
    var lostRequests: Int
    var lostAnswers: Int
    var copies: Int
    var lane = -1
    var identifier: UInt8 = 0
    var delay = 0
    var success: [UInt8]?
    var isAnswered = false

    init(_ subject: Subject, nas: Int, _ misfortune: Misfortune, first: Double) {
        self.subject = subject
        self.nas = nas
        lostRequests = misfortune.lostRequests
        lostAnswers = misfortune.lostAnswers
        copies = misfortune.copies
        retransmission = first
    }

    var isLogin: Bool {
        if case .login = subject { return true }
        return false
    }
}

/// A session's way from the script to the wire.
struct Gate {
    enum State {
        case awaitingLogin
        case open
        /// Ended by a Disconnect or with its NAS: what the script still holds of it does not happen.
        case ended
    }

    var state = State.awaitingLogin
    /// Class of the Access-Accept.
    var admission: [UInt8]?
    /// Reports that wait for the login or, in an orderly session, for those before them.
    var queue: [Int] = []
    var isBusy = false
    /// Real nanoseconds before which an orderly session sends nothing.
    var notBefore: UInt64 = 0
}
