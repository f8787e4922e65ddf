import Domain
import Events
import Lifecycle
import Messaging
import Notices
import Observability
import Persistence
import WireFormat

/// Hears what happens and writes what is to be told of it. An event is acknowledged when its notices are stored; told again, it adds none.
struct NoticeListener: Lifecycle.Service {
    let consumer: EventConsumer
    let plans: any NoticePlanKeeping
    let overflow: NoticeOverflow
    let zone: @Sendable (String) -> TimeZoneRules?
    let time: TimeSource
    let metrics: NoticeMetrics

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await consumer.run { (deliveries: [Delivery]) in
                try await take(deliveries.map(\.payload))
            }
        } onShutdown: { [consumer] in
            consumer.stop()
        }
        await consumer.close()
    }

    /// One batch. Throws for what cannot be read: it goes to the dead letters alone.
    func take(_ payloads: [[UInt8]]) async throws {
        var intents: [NoticeIntent] = []
        for payload in payloads {
            do throws(JSONError) {
                if let intent = try NoticePlanner.intent(of: EventEnvelope(decoding: payload)) {
                    intents.append(intent)
                }
            } catch {
                throw UnreadableEvent(reason: "\(error)")
            }
        }
        guard !intents.isEmpty else { return }
        let names = try await plans.names(
            services: intents.compactMap { intent in intent.service.map { (intent.tenantID, $0) } },
            plans: intents.compactMap { intent in intent.plan.map { (intent.tenantID, $0) } }
        )
        // Whose service is gone is told nothing of it.
        intents = intents.compactMap { $0.named(by: names) }
        intents = try await StaffPlanning.expanded(intents, by: plans)
        let found = try await addressees(of: intents)
        let now = time.now()
        let rows = intents.enumerated().flatMap { place, intent in
            found[place].map { addressee in
                NoticePlanner.rows(intent, to: addressee, zone: addressee.timeZone.flatMap(zone), at: now)
            } ?? []
        }
        metrics.planned.add(try await plans.write(try await overflow.applied(to: rows, at: now), at: now))
    }

    /// By their places; who is told of much is looked up once.
    private func addressees(of intents: [NoticeIntent]) async throws(StorageFault) -> [Int: NoticeAddressee] {
        struct Asked: Hashable {
            var tenant: TenantID
            var recipient: NoticeRecipient
            var kind: NoticeKind
        }
        var places: [Asked: Int] = [:]
        var asked: [(tenant: TenantID, recipient: NoticeRecipient, kind: String)] = []
        let wanted = intents.map { intent in
            let one = Asked(tenant: intent.tenantID, recipient: intent.recipient, kind: intent.kind)
            if let place = places[one] { return place }
            places[one] = asked.count
            asked.append((one.tenant, one.recipient, one.kind.rawValue))
            return asked.count - 1
        }
        let found = try await plans.addressees(asked)
        var addressees: [Int: NoticeAddressee] = [:]
        for (place, one) in wanted.enumerated() { addressees[place] = found[one] }
        return addressees
    }

    /// What a failure of such work is to blame on.
    static func failure(_ error: any Error) -> HandlingFailure {
        if error is UnreadableEvent { return .message }
        return (error as? StorageFault)?.blamesData == true ? .message : .outage
    }
}

/// No further attempt reads it.
struct UnreadableEvent: Error, CustomStringConvertible {
    let reason: String
    var description: String { "cannot be read as an event: \(reason)" }
}
