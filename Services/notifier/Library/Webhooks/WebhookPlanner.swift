import Domain
import Events
import Messaging
import Persistence
import WireFormat

/// What follows from events: which endpoints are told, and what. Pure.
struct WebhookPlanner {
    let roster: WebhookRoster
    /// Events that say something else than their subject, or nothing that can be read.
    private(set) var unreadable = 0
    private(set) var deliveries: [PlannedDelivery] = []

    /// A payload that is larger is told to nobody: a receiver would not take it.
    static let longest = 1 << 20

    init(_ roster: WebhookRoster) { self.roster = roster }

    /// Adds what one message means. What outsiders may not see is taken out, or shortened, as the live tail does it.
    mutating func take(sequence: UInt64, subject: String, payload: [UInt8]) {
        guard !roster.isEmpty, let dot = subject.lastIndex(of: ".") else { return }
        let kind = String(subject[..<dot])
        guard let tenant = TenantID(String(subject[subject.index(after: dot)...])) else { return }
        let entries = roster.entries(for: kind, of: tenant)
        guard !entries.isEmpty else { return }
        guard let event = try? EventEnvelope(decoding: payload), event.tenantID == tenant else {
            unreadable += 1
            return
        }
        var shown: [Bool: [UInt8]] = [:]
        for entry in entries {
            let body: [UInt8]
            if let known = shown[entry.revealsPeople] {
                body = known
            } else {
                guard
                    let made = try? (entry.revealsPeople ? EventMask.revealed : .masked).applied(to: payload),
                    made.count <= Self.longest
                else {
                    unreadable += 1
                    return
                }
                body = made
                shown[entry.revealsPeople] = made
            }
            deliveries.append(
                PlannedDelivery(
                    tenantID: entry.tenantID,
                    endpointID: entry.id,
                    eventID: event.id,
                    eventTenantID: tenant,
                    kind: kind,
                    sequence: sequence,
                    payload: body
                )
            )
        }
    }
}
