import Domain
import HTTPServer
import Persistence

/// What bodies about webhooks say.
enum WebhookInputs {
    /// What a body says about an endpoint.
    struct Endpoint: Sendable {
        var tenant: TenantID?
        var endpoint: WebhookEndpoint
        /// Whether it is signed by Ed25519 too.
        var usesKeyPair = false

        private static let common: [InputField<Endpoint>] = [
            InputField("url", .webhookURL, \.endpoint.url, isRequired: true),
            InputField("description", .text(200), \.endpoint.description),
            InputField(
                "events",
                InputKind.eventPattern.list(WebhookEndpoint.mostEvents, minimum: 1),
                \.endpoint.events,
                isRequired: true
            ),
            InputField("include_children", .flag, \.endpoint.includesChildren),
            InputField("reveal_people", .flag, \.endpoint.revealsPeople),
            InputField("allow_private", .flag, \.endpoint.allowPrivate),
            InputField("rate_per_minute", .whole(1...60_000), \.endpoint.rate),
        ]

        static let creation = InputShape(
            [
                InputField("tenant_id", .id(), clearable: \Endpoint.tenant),
                InputField("ed25519", .flag, \.usesKeyPair),
            ] + common
        )
        static let change = InputShape(common + [InputField("is_enabled", .flag, \.endpoint.isEnabled)])
    }

    struct Rotation: Sendable {
        var overlap = 86_400
        var usesKeyPair = false

        static let shape = InputShape<Rotation>([
            InputField("overlap_seconds", .whole(0...2_592_000), \.overlap),
            InputField("ed25519", .flag, \.usesKeyPair),
        ])
    }

    struct Replay: Sendable {
        var sequence: Int?
        var time: Timestamp?

        static let shape = InputShape<Replay>([
            InputField("from_sequence", .whole(1...9_007_199_254_740_991), clearable: \.sequence),
            InputField("from_time", .time, clearable: \.time),
        ])

        /// Where it begins: one of the two.
        func start() throws(ValidationError) -> WebhookReplay.Start {
            switch (sequence, time) {
            case (let sequence?, nil): return .sequence(Int64(sequence))
            case (nil, let time?): return .time(time)
            default:
                throw .single("from_sequence", .conflicts(reason: "or from_time must be given, and not both"))
            }
        }
    }
}

extension InputKind where Value == String {
    static var webhookURL: InputKind {
        InputKind(
            .text(minimum: 8, maximum: 2_048, pattern: "^https?://[!-~]+$"),
            "a URL such as https://example.net/hooks"
        ) { value in
            guard let text = value.text, (8...2_048).contains(text.utf8.count),
                text.hasPrefix("https://") || text.hasPrefix("http://"),
                text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !text.hasSuffix("://")
            else { return nil }
            return text
        }
    }

    static var eventPattern: InputKind {
        InputKind(
            .text(minimum: 1, maximum: 64, pattern: "^(\\*|[a-z_]+(\\.[a-z_]+){0,2}\\.(\\*|[a-z_]+))$"),
            "a kind such as session.started, session.* or *"
        ) { $0.text.flatMap { WebhookFilter.isPattern($0) ? $0 : nil } }
    }
}

extension WebhookRefusal {
    /// What the client reads.
    var code: String {
        switch self {
        case .tooMany: "too_many"
        case .disabled: "endpoint_disabled"
        case .underWay: "delivery_under_way"
        }
    }
}
