/// What a new order means beside those for the same session that are under way. Pure.
///
/// | new | under way | what happens |
/// | --- | --- | --- |
/// | disconnect | a disconnect | the new one joins it and ends as it does |
/// | disconnect | a change that waits, for the NAS or for proof | the change is superseded |
/// | change | a disconnect | the new one is superseded: the next session has the terms of its time |
/// | change | a change that waits, for the NAS or for proof | the old one is superseded |
///
/// A change that is with the NAS ends by itself.
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
        case .change: isSuperseded = disconnect != nil
        }
        guard !isSuperseded else { return }
        supersedes = open.filter { $0.kind == .change && $0.state != .sent }.map(\.id)
    }
}
