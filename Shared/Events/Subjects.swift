package import Domain

/// The subjects that events travel on: `<domain>.<event>.<tenant>`, accounting with its NAS as a further token. Tenants
/// and NASes stand there as UUIDs, whose text holds no dot.
package enum Subjects {
    /// The subject of an accounting record.
    package static func accounting(tenant: TenantID, nas: NASID) -> String {
        "\(AccountingRecorded.subject).\(tenant).\(nas)"
    }

    /// The subject of any other event: its kind's, then the tenant.
    package static func event<Payload: EventPayload>(_ kind: Payload.Type, tenant: TenantID) -> String {
        "\(kind.subject).\(tenant)"
    }

    /// The same for a subject from the outbox, which the row keeps without its tenant.
    package static func event(subject: String, tenant: TenantID) -> String {
        "\(subject).\(tenant)"
    }

    /// All events of one kind, for a filter: `session.started.>`.
    package static func all<Payload: EventPayload>(_ kind: Payload.Type) -> String {
        "\(kind.subject).>"
    }
}

/// The JetStream streams and what each of them holds (files, limits retention unless said otherwise).
package enum Streams: String, CaseIterable, Sendable {
    /// Every accounting record, for 7 days.
    case accounting = "ACCOUNTING"
    /// Every other event, for 30 days.
    case domain = "DOMAIN"
    /// Work for one taker each: a work queue.
    case commands = "COMMANDS"
    /// Messages that failed for their own sake.
    case deadLetter = "DEADLETTER"

    /// The stream's name on the server.
    package var name: String { rawValue }

    /// The subjects the stream holds.
    package var subjects: [String] {
        switch self {
        case .accounting: ["accounting.sessions.>"]
        case .domain:
            [
                "session.>", "usage.>", "directory.>", "radius.>", "messaging.>", "ipam.>", "access.>", "identity.>",
                "tenancy.>", "export.>", "ledger.>", "billing.>", "quota.>", "wallet.>", "device.>",
                "provisioning.>", "notice.>", "webhook.>",
            ]
        case .commands: ["commands.>"]
        case .deadLetter: ["deadletter.>"]
        }
    }
}
