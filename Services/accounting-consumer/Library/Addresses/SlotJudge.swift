import Admission
import Domain
import Persistence

/// What is to be done with a slot in Redis, by what Postgres knows of its service's sessions. Pure.
enum SlotJudge {
    enum Verdict: Equatable {
        case fine
        /// Its session, of that admission, is open: it counts on.
        case renew(UUID128)
        case end(Repair)
    }

    /// A login that no session followed is given up this long after its slot ran out.
    static let pendingGrace = Duration.seconds(60)
    /// A slot that nothing was heard of is given up this long after it ran out: records may be late.
    static let silentGrace = Duration.seconds(900)
    /// Clocks of NASes and of Redis differ by less.
    private static let skew = Duration.seconds(60)

    /// `sessions` are the newest of the slot's service, open and closed.
    static func judge(_ slot: ServiceRecord.Slot, sessions: [KnownSession], now: Timestamp) -> Verdict {
        guard slot.state != .released else { return .fine }
        var own = sessions.filter { slot.isNamed($0.admissionID?.value) }
        if own.isEmpty {
            // Without Class the device tells; a session of before the slot is another.
            own = sessions.filter {
                ($0.admissionID == nil || slot.admission == .zero) && $0.device == slot.device
                    && ($0.endedAt == nil || $0.startedAt >= slot.since - skew)
            }
        }
        let standing = own.filter {
            $0.admissionID == nil || $0.admissionID?.value == slot.admission || slot.admission == .zero
        }
        if standing.contains(where: { $0.endedAt == nil }) {
            let counts = slot.state == .leaving || slot.state == .active && slot.until > now
            return counts ? .fine : .renew(slot.admission)
        }
        // The NAS took the answer to the login before, and nothing came of this one.
        if slot.state == .pending, slot.until <= now, let open = own.first(where: { $0.endedAt == nil }) {
            return .renew(open.admissionID?.value ?? slot.admission)
        }
        if !standing.isEmpty { return .end(.slotEnded) }
        if slot.state == .pending { return slot.until + pendingGrace < now ? .end(.slotPending) : .fine }
        return slot.until + silentGrace < now ? .end(.slotSilent) : .fine
    }
}
