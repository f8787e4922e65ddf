import Domain
import Persistence

/// One round of the outbox relay: what may be published now, and what the stream said about it. Pure.
///
/// Of each aggregate only the oldest row is in flight: a later one could overtake it when the first has to be sent again.
struct RelayRound {
    /// The rows to publish, oldest first. A row's place is its token.
    let rows: [OutboxRow]
    /// Whether rows had to wait for an earlier one of their aggregate.
    let hasLeftOver: Bool
    private(set) var accepted: [EventID] = []
    /// What the stream refused, with its reason.
    private(set) var refused: [(id: EventID, reason: String)] = []
    /// What may have been stored or not: it stays and is sent again with the same id.
    private(set) var unknown = 0

    init(oldest candidates: [OutboxRow]) {
        var taken: Set<UUID128> = []
        rows = candidates.filter { row in row.aggregateID.map { taken.insert($0).inserted } ?? true }
        hasLeftOver = rows.count < candidates.count
    }

    /// Whether every row of the round was answered.
    var isComplete: Bool { accepted.count + refused.count + unknown == rows.count }

    mutating func acknowledge(_ token: Int) { accepted.append(rows[token].id) }
    mutating func refuse(_ token: Int, _ reason: String) { refused.append((rows[token].id, reason)) }
    mutating func doubt() { unknown += 1 }
}
