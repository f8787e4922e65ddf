import Domain
import Persistence
import WebhookSigning

/// `webhook add|list|rotate|enable|deliveries|redeliver|replay`.
enum WebhookCommands {
    static let all: [CommandSpec] = [add, list, rotate, enable, deliveries, redeliver, replay]

    private static let reference = ArgumentSpec("WEBHOOK", "The endpoint's id.")

    private static let add = CommandSpec(
        "webhook add",
        "Adds an endpoint to which a tenant's events are sent, and shows its secret, once.",
        arguments: [ArgumentSpec("URL", "Where: https://example.net/hooks.")],
        options: [
            SharedOptions.owner,
            .value("events", "KINDS", "Kinds with commas between: session.started, session.* or *.", required: true),
            .value("description", "TEXT", "What it is for."),
            .flag("children", "What happens to the tenants below is sent too."),
            .flag("reveal", "Names and addresses of people are sent as they are."),
            .flag("private", "Private addresses, any port and plain http may be used."),
            .value("rate", "N", "Requests a minute at most; default 6000."),
            .flag("ed25519", "It is signed by Ed25519 too, so that the receiver needs no secret."),
        ],
        examples: ["nexora webhook add https://example.net/hooks --tenant acme --events session.*,billing.*"]
    ) { invocation, context in
        var endpoint = WebhookEndpoint(
            tenantID: TenantID(.zero),
            id: WebhookEndpointID(.zero),
            url: try invocation.requiredArgument("URL"),
            events: (invocation.string("events") ?? "").split(separator: ",").map(String.init),
            createdBy: .zero
        )
        endpoint.description = invocation.string("description") ?? ""
        endpoint.includesChildren = invocation.has("children")
        endpoint.revealsPeople = invocation.has("reveal")
        endpoint.allowPrivate = invocation.has("private")
        endpoint.rate = try invocation.integer("rate", in: 1...60_000) ?? endpoint.rate
        let (secret, keys) = try keys(withPair: invocation.has("ed25519"))
        let record = try await context.withDatabase { [endpoint] database in
            let secrets = WebhookSecrets(try await context.keyring(for: database))
            return try await context.inDirectory(database, invocation) { directory in
                let change = try await told {
                    try await WebhookWriter(directory.transaction, ids: context.ids)
                        .create(endpoint, tenant: directory.root, keys: keys, secrets: secrets)
                }
                return try await output(change.after, directory, secret: secret)
            }
        }
        context.report.one(record)
    }

    private static let list = CommandSpec(
        "webhook list",
        "Lists endpoints and how they fare.",
        options: [SharedOptions.scope, SharedOptions.limit, SharedOptions.after],
        examples: ["nexora webhook list", "nexora webhook list --tenant acme --json"]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        let after: WebhookEndpointID? = try SharedOptions.after(invocation)
        let records = try await context.inDirectory(invocation) { directory in
            let names = try await directory.tenantNames()
            return try await WebhookRepository(directory.transaction).list(after: after, limit: limit)
                .map { OutputRecord($0, names: names) }
        }
        context.report.page(records, limit: limit, none: "no webhooks")
    }

    private static let rotate = CommandSpec(
        "webhook rotate",
        "Gives an endpoint another secret and shows it, once; the one before it signs too for a while.",
        arguments: [reference],
        options: [
            SharedOptions.scope,
            .value("overlap", "SECONDS", "How long both sign; default 86400, 0 for not at all."),
            .flag("ed25519", "Another Ed25519 key too, or the first."),
        ],
        examples: ["nexora webhook rotate 0197f0c2-0000-7000-8000-000000000001 --overlap 3600"]
    ) { invocation, context in
        let overlap = try invocation.integer("overlap", in: 0...2_592_000) ?? 86_400
        let (secret, keys) = try keys(withPair: invocation.has("ed25519"))
        let record = try await context.withDatabase { database in
            let secrets = WebhookSecrets(try await context.keyring(for: database))
            return try await context.inDirectory(database, invocation) { directory in
                let endpoint = try await endpoint(invocation, directory)
                let change = try await WebhookWriter(directory.transaction, ids: context.ids).rotate(
                    endpoint.id,
                    keys: keys,
                    overlap: overlap > 0 ? context.time.now() + .seconds(overlap) : nil,
                    secrets: secrets
                )
                return try await output(change.after, directory, secret: secret)
            }
        }
        context.report.one(record)
    }

    private static let enable = CommandSpec(
        "webhook enable",
        "Enables an endpoint again; what was held is sent, in its order.",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora webhook enable 0197f0c2-0000-7000-8000-000000000001"]
    ) { invocation, context in
        let record = try await context.inDirectory(invocation) { directory in
            let endpoint = try await endpoint(invocation, directory)
            let change = try await WebhookWriter(directory.transaction, ids: context.ids)
                .update(endpoint.id, at: context.time.now()) { $0.isEnabled = true }
            return try await output(change.after, directory)
        }
        context.report.one(record)
    }

    private static let deliveries = CommandSpec(
        "webhook deliveries",
        "Lists what was sent to an endpoint or is to be, the newest first.",
        arguments: [reference],
        options: [
            .value("state", "STATE", "Only these.", choices: WebhookDelivery.State.allCases.map(\.rawValue)),
            SharedOptions.scope, SharedOptions.limit, SharedOptions.after,
        ],
        examples: ["nexora webhook deliveries 0197f0c2-0000-7000-8000-000000000001 --state failed"]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        let after: WebhookDeliveryID? = try SharedOptions.after(invocation)
        let state = invocation.string("state").flatMap(WebhookDelivery.State.init(rawValue:))
        let records = try await context.inDirectory(invocation) { directory in
            let endpoint = try await endpoint(invocation, directory)
            return try await WebhookRepository(directory.transaction)
                .deliveries(of: endpoint, state: state, after: after, limit: limit).map { OutputRecord($0) }
        }
        context.report.page(records, limit: limit, none: "nothing was sent there")
    }

    private static let redeliver = CommandSpec(
        "webhook redeliver",
        "Has a delivery that has ended sent again, under the same webhook-id.",
        arguments: [ArgumentSpec("DELIVERY", "The delivery's id.")],
        options: [SharedOptions.scope],
        examples: ["nexora webhook redeliver 0197f0c2-0000-7000-8000-000000000002"]
    ) { invocation, context in
        let text = try invocation.requiredArgument("DELIVERY")
        guard let id = WebhookDeliveryID(text) else {
            throw CommandFailure(.notFound, "no delivery \"\(text)\" (by id)")
        }
        let record = try await context.inDirectory(invocation) { directory in
            let change = try await told {
                try await WebhookWriter(directory.transaction, ids: context.ids).redeliver(id, at: context.time.now())
            }
            guard let delivery = change.after else { throw PersistenceError.notFound }
            return OutputRecord(delivery)
        }
        context.report.one(record)
    }

    private static let replay = CommandSpec(
        "webhook replay",
        "Has the events from a place of the stream or a time on sent to an endpoint again.",
        details: """
            At most 100,000 of them, as far as the stream keeps them. Receivers know by webhook-id what they have had.
            """,
        arguments: [reference],
        options: [
            .value("from-sequence", "N", "From that place of the stream on."),
            .value("from-time", "TIME", "From what was stored at that time on."), SharedOptions.scope,
        ],
        examples: ["nexora webhook replay 0197f0c2-0000-7000-8000-000000000001 --from-time 2026-11-20T10:00:00Z"]
    ) { invocation, context in
        let sequence = try invocation.integer("from-sequence", in: 1...9_007_199_254_740_991)
        let time = try SessionCommands.time(invocation, "from-time")
        let start: WebhookReplay.Start
        switch (sequence, time) {
        case (let sequence?, nil): start = .sequence(Int64(sequence))
        case (nil, let time?): start = .time(time)
        default: throw invocation.invalid("from-sequence", "or --from-time must be given, and not both")
        }
        let record = try await context.inDirectory(invocation) { directory in
            let endpoint = try await endpoint(invocation, directory)
            let stored = try await told {
                try await WebhookWriter(directory.transaction, ids: context.ids).replay(
                    WebhookReplay(
                        tenantID: endpoint.tenantID,
                        id: context.ids.next(),
                        endpointID: endpoint.id,
                        start: start,
                        requestedBy: .zero,
                        requestedAt: context.time.now()
                    )
                )
            }
            var record = OutputRecord()
            record.add("id", .text(stored.id.description))
            record.add("webhook", .text(stored.endpointID.description))
            record.add("state", .text(stored.state.rawValue))
            return record
        }
        context.report.one(record)
    }

    // MARK: - Parts

    private static func keys(withPair usesPair: Bool) throws -> (WebhookSecret, WebhookSigningKeys) {
        let secret = WebhookSecret()
        let pair = usesPair ? try WebhookKeyPair() : nil
        return (
            secret,
            WebhookSigningKeys(secret: secret.octets, privateKey: pair?.privateKey, publicKey: pair?.publicKey)
        )
    }

    private static func endpoint(_ invocation: Invocation, _ directory: DirectoryAccess) async throws
        -> WebhookEndpoint
    {
        let text = try invocation.requiredArgument("WEBHOOK")
        guard let id = WebhookEndpointID(text),
            let endpoint = try await WebhookRepository(directory.transaction).find(id)
        else { throw CommandFailure(.notFound, "no webhook \"\(text)\" (by id)") }
        return endpoint
    }

    private static func output(
        _ endpoint: WebhookEndpoint?,
        _ directory: DirectoryAccess,
        secret: WebhookSecret? = nil
    ) async throws -> OutputRecord {
        guard let endpoint else { throw PersistenceError.notFound }
        var record = OutputRecord(endpoint, names: try await directory.tenantNames())
        if let secret { record.add("secret", .text(secret.text)) }
        return record
    }

    private static func told<Success>(_ body: () async throws -> Success) async throws -> Success {
        do {
            return try await body()
        } catch let refusal as WebhookRefusal {
            throw CommandFailure(.conflict, refusal.description)
        }
    }
}

extension OutputRecord {
    /// An endpoint, without what is signed with.
    init(_ endpoint: WebhookEndpoint, names: [TenantID: String]) {
        self.init()
        add("id", .text(endpoint.id.description))
        add("tenant", .text(names[endpoint.tenantID] ?? endpoint.tenantID.description))
        add("url", .text(endpoint.url))
        add("events", .list(endpoint.events.map { .text($0) }))
        add("description", .text(endpoint.description), detail: true)
        add("includesChildren", .boolean(endpoint.includesChildren), detail: true)
        add("revealsPeople", .boolean(endpoint.revealsPeople), detail: true)
        add("allowPrivate", .boolean(endpoint.allowPrivate), detail: true)
        add("rate", .integer(Int64(endpoint.rate)), detail: true)
        add("isEnabled", .boolean(endpoint.isEnabled))
        add("disabledReason", .optional(endpoint.disabledReason))
        add("failingSince", .optional(endpoint.standing.failingSince?.description))
        add("lastError", .optional(endpoint.standing.lastError))
        add("publicKey", .optional(endpoint.publicKey.map { WebhookKeyPair.text(publicKey: $0) }), detail: true)
        add(endpoint.stamp)
    }

    /// A delivery, without what it says.
    init(_ delivery: WebhookDelivery) {
        self.init()
        add("id", .text(delivery.id.description))
        add("event", .text(delivery.eventID.description))
        add("kind", .text(delivery.kind))
        add("sequence", .integer(delivery.sequence))
        add("state", .text(delivery.state.rawValue))
        add("attempts", .integer(Int64(delivery.attempts)))
        add("lastStatus", .optional(delivery.lastStatus))
        add("lastError", .optional(delivery.lastError))
        add("createdAt", .text(delivery.createdAt.description))
    }
}
