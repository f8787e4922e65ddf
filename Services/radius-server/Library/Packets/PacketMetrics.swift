import Observability

/// Why a packet was left without an answer. The names are the metric's and the event's `reason`.
enum RefusalReason: Int, CaseIterable, Sendable {
    case malformed
    case unexpectedCode
    case unknownNAS
    case badAuthenticator
    case messageAuthenticatorMissing
    case proxyStateRefused
    case rateExceeded
    case journalUnavailable
    case eapOfOtherServer
    case eapSessionsFull
    case admissionUnanswered
    case tooOld

    var name: String {
        switch self {
        case .malformed: "malformed"
        case .unexpectedCode: "unexpected_code"
        case .unknownNAS: "unknown_nas"
        case .badAuthenticator: "bad_authenticator"
        case .messageAuthenticatorMissing: "message_authenticator_missing"
        case .proxyStateRefused: "proxy_state_refused"
        case .rateExceeded: "rate_exceeded"
        case .journalUnavailable: "journal_unavailable"
        case .eapOfOtherServer: "eap_of_other_server"
        case .eapSessionsFull: "eap_sessions_full"
        case .admissionUnanswered: "admission_unanswered"
        case .tooOld: "too_old"
        }
    }

    /// What an engineer can do about it.
    var remedy: String {
        switch self {
        case .malformed: "The sender's packets break RFC 2865; find out what sends to this port."
        case .unexpectedCode: "Check that the NAS sends authentication and accounting to their own ports."
        case .unknownNAS:
            "Add the NAS with `nexora nas add NAME --tenant TENANT --address ADDRESS`, or block the sender."
        case .badAuthenticator:
            "The shared secret differs: set the same one with `nexora nas set NAME --secret-from stdin`."
        case .messageAuthenticatorMissing:
            "Make the NAS send Message-Authenticator, or allow its absence with "
                + "`nexora nas set NAME --require-message-authenticator no`."
        case .proxyStateRefused:
            "A proxy sends Proxy-State without Message-Authenticator (CVE-2024-3596): update it, or allow it with "
                + "`nexora nas set NAME --limit-proxy-state no`."
        case .rateExceeded: "The NAS asks faster than its rate: raise it with `nexora nas set NAME --auth-rate N`."
        case .journalUnavailable:
            "The accounting journal cannot be written: free disk space; the NAS keeps the records."
        case .admissionUnanswered:
            "Redis is away or too slow, and no address is in reserve: see `radius_redis_connections` and Redis' log."
        case .tooOld:
            "Logins wait longer than their NAS does: this server has too much to do, or `radius.stale_after` is too short."
        case .eapOfOtherServer:
            "The NAS changed servers amid an EAP conversation: let it stay with one until that is over; give every "
                + "radius-server its own radius.name."
        case .eapSessionsFull: "More EAP conversations at once than there is room for: raise eap.sessions."
        }
    }
}

/// Counters of one kind of socket (auth or acct), shared by its threads.
struct PacketMetrics: Sendable {
    let requests: CounterCell
    let replies: CounterCell
    let duplicates: CounterCell
    let statusServer: CounterCell
    let refused: [CounterCell]
    let kernelDrops: CounterCell
    let earlyEvictions: CounterCell
    let unknownClients: CounterCell
    let unknownClientDrops: CounterCell
    let backlogs: CounterCell
    let queue: HistogramCell

    init(_ families: PacketMetricFamilies, socket: String) {
        requests = families.requests.with(socket)
        replies = families.replies.with(socket)
        duplicates = families.duplicates.with(socket)
        statusServer = families.statusServer.with(socket)
        refused = RefusalReason.allCases.map { families.refused.with(socket, $0.name) }
        kernelDrops = families.kernelDrops.with(socket)
        earlyEvictions = families.earlyEvictions.with(socket)
        unknownClients = families.unknownClients.with(socket)
        unknownClientDrops = families.unknownClientDrops.with(socket)
        backlogs = families.backlogs.with(socket)
        queue = families.queue.with(socket)
    }

    func refuse(_ reason: RefusalReason) { refused[reason.rawValue].add(1) }
}

/// The metrics of both sockets, registered once.
struct PacketMetricFamilies: Sendable {
    let requests: Counter
    let replies: Counter
    let duplicates: Counter
    let statusServer: Counter
    let refused: Counter
    let kernelDrops: Counter
    let earlyEvictions: Counter
    let unknownClients: Counter
    let unknownClientDrops: Counter
    let backlogs: Counter
    let queue: Histogram

    init(_ registry: MetricsRegistry) {
        requests = registry.counter("radius_requests_total", "Datagrams received", labels: ["socket"])
        replies = registry.counter("radius_replies_total", "Answers sent, repeats included", labels: ["socket"])
        duplicates = registry.counter(
            "radius_duplicates_total",
            "Retransmissions recognised (RFC 5080)",
            labels: ["socket"]
        )
        statusServer = registry.counter(
            "radius_status_server_total",
            "Status-Server packets answered (RFC 5997)",
            labels: ["socket"]
        )
        refused = registry.counter(
            "radius_refused_total",
            "Packets left without an answer",
            labels: ["socket", "reason"]
        )
        kernelDrops = registry.counter(
            "radius_kernel_drops_total",
            "Datagrams the kernel dropped because the receive buffer was full",
            labels: ["socket"]
        )
        earlyEvictions = registry.counter(
            "radius_duplicate_cache_evictions_total",
            "Answers that left the duplicate cache before their time: raise radius.duplicates",
            labels: ["socket"]
        )
        unknownClients = registry.counter(
            "radius_unknown_client_requests_total",
            "Packets from addresses that no NAS has: radiusAuthServTotalInvalidRequests, radiusAccServTotalInvalidRequests",
            labels: ["socket"]
        )
        unknownClientDrops = registry.counter(
            "radius_unknown_client_drops_total",
            "Of those, dropped unseen because their sender was unknown a moment ago",
            labels: ["socket"]
        )
        backlogs = registry.counter(
            "radius_backlogs_total",
            "Times that more datagrams waited than are worked on at once",
            labels: ["socket"]
        )
        queue = registry.histogram(
            "radius_queue_seconds",
            "How long the oldest datagram of each receive call had waited in the kernel",
            labels: ["socket"]
        )
    }
}
