/// What the members of events hold, by their names. A name that stands in no list is shown to nobody: a new event's
/// members are decided about before anyone sees them (a test holds every golden against this table).
package enum EventFields {
    /// How a member is shown to those who may not see people unmasked.
    package enum Sight: Sendable {
        /// As it is.
        case plain
        /// A person's name on the network: its first character and its realm.
        case name
        /// A device's hardware address: its maker's half.
        case hardware
        /// A person's network address: the network that it lies in, coarsely.
        case address
        /// Not at all, though those who may see people see it.
        case hidden
        /// Not at all, whoever asks.
        case secret
    }

    /// The attributes that CloudEvents and this product give every event.
    package static let attributes: Set = [
        "specversion", "id", "source", "type", "time", "datacontenttype", "tenantid", "correlationid", "traceparent",
    ]

    /// What is known of a member of an event's data, at any depth.
    package static func sight(of name: String) -> Sight { masked[name] ?? (plain.contains(name) ? .plain : .secret) }

    private static let masked: [String: Sight] = [
        "username": .name,
        "callingStationId": .hardware,
        "hardwareAddress": .hardware,
        "framedIpv4": .address,
        "framedIpv6Address": .address,
        "framedIpv6Prefix": .address,
        "delegatedIpv6Prefix": .address,
        "unit": .address,
        "sourceAddress": .address,
        // What somebody wrote about somebody.
        "note": .hidden,
        // The line into somebody's house.
        "nasPortId": .hidden,
    ]

    private static let plain: Set = [
        // Ids, which say nothing to whoever cannot read their rows.
        "accountId", "acctSessionId", "actorId", "admissionId", "billId", "customerId", "exportId", "holderServiceId",
        "id",
        "boostId", "deviceId", "endpointId", "enforcementId", "keyId", "linkId", "codeId",
        "messageId",
        "nasId", "noticeId", "operationId", "paymentId", "planId", "poolId", "quotaId", "refundOf", "replacedBy",
        "recipientId",
        "replacesId",
        "routerOperationId", "runId",
        "serviceId",
        "sessionId",
        "sessionIds",
        "sourceId", "subscriptionId", "tenantId",
        "userId", "walletId",
        // Names of what is the provider's own.
        "actor", "consumer", "deviceName", "gateway", "host", "nasName", "plan", "poolName", "server", "setting",
        "socket",
        "stream",
        "subject",
        // Stable words.
        "before",
        "cause", "changed", "channel", "closedBy", "effect", "entity", "format", "kind", "method", "outcome", "phase",
        "policy",
        "prefix", "reason", "recipientKind", "remedy", "resource", "role",
        "scopes", "state", "status",
        "suspicion", "terminateCause",
        // Times.
        "at", "beganAt", "day", "dueAt", "endedAt", "expiresAt", "firstSeenAt", "grantedUntil", "lastSeenAt",
        "periodEnd",
        "periodStart", "recordedAt", "since",
        "startedAt", "suspendsAt", "until", "windowEnd", "windowStart",
        // Money, which is told to who may read what is billed (LiveScope), and its proof.
        "amount", "balance", "currency", "digest", "held",
        // Numbers and yes or no.
        "accepts", "allowance", "amended", "answeredAfter", "attempts", "batch", "bindingGeneration", "chap", "code",
        "count", "decisionVersion",
        "deleted",
        "deliveries",
        "eap", "endedAfter", "errorCause", "failures", "inputBps", "inputOctets", "limit", "logins", "mschap",
        "nasPort", "octets", "offsetSeconds",
        "outputBps",
        "outputOctets", "pap",
        "planDownloadBps", "planUploadBps", "proxied", "proxiedUnsigned", "refusedProxied", "refusedUnsigned",
        "refusals", "rejects", "reopened", "reports", "requests", "seconds", "secretOctets", "sequence", "sessions",
        "sessionSeconds", "signed", "termsDigest", "threshold", "timestamped", "total", "transfers", "usable", "used",
        "version",
        "month", "year",
        // What holds others.
        "accounts", "deltas", "rows",
    ]
}
