import Domain
import Events
import Lifecycle
import Messaging
import Persistence

/// Readers of what may change what sessions should have.
struct ChangeConsumers: Sendable {
    let sessions: EventConsumer
    let access: EventConsumer
    let directory: EventConsumer

    func stop() { for consumer in [sessions, access, directory] { consumer.stop() } }

    func close() async { for consumer in [sessions, access, directory] { await consumer.close() } }
}

extension Reconciler {
    /// Looks at the sessions that each change is about; a change is acknowledged when what follows from it is stored. Returns when the
    /// consumers stop.
    func follow(_ changes: ChangeConsumers) async throws {
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await changes.sessions.run(SessionStarted.self) { try await self.began($0) } }
                group.addTask { try await changes.access.run(AccessChanged.self) { try await self.changed($0) } }
                group.addTask { try await changes.directory.run(DirectoryChanged.self) { try await self.changed($0) } }
                try await group.next()
                changes.stop()
                try await group.waitForAll()
            }
        } onShutdown: {
            changes.stop()
        }
    }

    private func began(_ events: [Event<SessionStarted>]) async throws {
        var look = Look(.sessions([]))
        var sessions: [SessionRef] = []
        for event in events {
            guard let service = event.payload.session.serviceID else { continue }
            let session = SessionRef(tenantID: event.tenantID, id: event.payload.session.sessionID)
            sessions.append(session)
            look.told.insert(session)
            look.granted[session] = event.payload.termsDigest.map {
                Look.Granted(digest: TermsDigest(rawValue: $0), until: event.payload.grantedUntil)
            }
            look.occasions[ServiceRef(tenantID: event.tenantID, serviceID: service)] = Look.Occasion(event)
        }
        look.subject = .sessions(sessions)
        if !sessions.isEmpty { try await self.look(look) }
    }

    private func changed(_ events: [Event<AccessChanged>]) async throws {
        var look = Look(.services([]))
        for event in events {
            look.occasions[ServiceRef(tenantID: event.tenantID, serviceID: event.payload.serviceID)] = Look.Occasion(
                event
            )
        }
        look.subject = .services(Array(look.occasions.keys))
        if !events.isEmpty { try await self.look(look) }
    }

    private func changed(_ events: [Event<DirectoryChanged>]) async throws {
        var ids: [DirectoryChanged.Kind: [(TenantID, UUID128)]] = [:]
        for event in events {
            ids[event.payload.kind, default: []] += event.payload.rows.map { (event.tenantID, $0.id) }
        }
        let occasion = events.last.map { Look.Occasion($0) }
        var services = (ids[.service] ?? []).map { ServiceRef(tenantID: $0, serviceID: ServiceID($1)) }
        services += try await servicesOf(customers: ids[.customer] ?? [], plans: ids[.plan] ?? [])
        let all = Array(Set(services))
        for start in stride(from: 0, to: all.count, by: Self.servicesOfALook) {
            var look = Look(.services(Array(all[start..<min(start + Self.servicesOfALook, all.count)])))
            look.occasion = occasion
            try await self.look(look)
        }
        let tenants = Set((ids[.tenant] ?? []).map { TenantID($1) })
        if !tenants.isEmpty { try await look(onAllOf: Array(tenants), occasion) }
    }

    private static let servicesOfALook = 500
}

extension Look.Occasion {
    fileprivate init<Payload>(_ event: Event<Payload>) {
        self.init(time: event.time, correlationID: event.correlationID, traceparent: event.traceparent)
    }
}
