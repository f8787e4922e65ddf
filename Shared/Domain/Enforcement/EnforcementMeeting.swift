/// What a new order means beside those for the same session that are under way. Pure.
///
/// | new | under way | what happens |
/// | --- | --- | --- |
/// | disconnect | a disconnect | the new one joins it and ends as it does |
/// | disconnect | a change that waits, for the NAS or for proof | the change is superseded |
/// | change | a disconnect | the new one is superseded: the next session has the terms of its time |
/// | change | a change that waits, for the NAS or for proof | the old one is superseded |
///
/// A change that is with the NAS ends by itself. One of the session's end alone (`renewed`) gives way to one that waits for the NAS,
/// which says the end too, and neither takes the other's proof away: they are about different matters.
package struct EnforcementMeeting: Hashable, Sendable {
    /// The order that the new one joins.
    package private(set) var joins: EnforcementID?
    /// Those that the new one takes the place of.
    package private(set) var supersedes: [EnforcementID] = []
    /// The new one is not needed.
    package private(set) var isSuperseded = false

    /// `others` are the orders for its session that are under way and joined none, the oldest first.
    package init(_ new: EnforcementOrder, among others: [EnforcementOrder]) {
        let open = others.filter { !$0.state.isFinal && $0.id != new.id }
        let disconnect = open.first { $0.kind == .disconnect }
        switch new.kind {
        case .disconnect: joins = disconnect?.id
        case .change:
            let saysIt = open.contains { $0.state == .pending && $0.kind == .change && $0.cause != .renewed }
            isSuperseded = disconnect != nil || (new.cause == .renewed && saysIt)
        }
        guard !isSuperseded else { return }
        supersedes =
            open.filter { old in
                let isOfTheSame = new.kind == .disconnect || (old.cause == .renewed) == (new.cause == .renewed)
                return old.kind == .change && old.state != .sent && (isOfTheSame || old.state == .pending)
            }.map(\.id)
    }
}
