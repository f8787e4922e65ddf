import Domain

/// The options for a plan's advanced settings (PLN-04).
enum PlanAdvancedOptions {
    static let all: [OptionSpec] = [
        .value("burst", "yes|no", "Allow a burst; needs both burst speeds."),
        .value("burst-download", "SPEED", "The burst to the subscriber."),
        .value("burst-upload", "SPEED", "The burst from the subscriber."),
        .value("threshold-download", "SPEED", "The average above which a burst ends."),
        .value("threshold-upload", "SPEED", "The same from the subscriber."),
        .value("burst-seconds", "SECONDS", "Over how long the average is taken."),
        .value("priority", "N", "1 is served first, 8 last; default 8."),
        .value("guaranteed-download", "SPEED", "What is always there to the subscriber."),
        .value("guaranteed-upload", "SPEED", "What is always there from the subscriber."),
        .value("max-connections", "N", "Connections at once."),
        .value("address-pool", "NAME", "The pool of IPv4 addresses: ours, else the NAS's."),
        .value("ipv6-pool", "NAME", "The pool of IPv6 prefixes for the link: ours, else the NAS's."),
        .value("delegated-ipv6-pool", "NAME", "The pool of IPv6 prefixes to delegate: ours, else the NAS's."),
        .value(
            "dns",
            "ADDRESS",
            "A DNS server, at most four; given once or more, they replace those there.",
            repeated: true
        ),
        .value("address-list", "NAME", "The address list the NAS puts the subscriber on."),
        .value("transparent-proxy", "yes|no", "Web traffic through a proxy; default no."),
        .value("queue-type", "NAME", "Default pcq."), .value("parent-queue", "NAME", "The queue above."),
    ]

    static func apply(_ invocation: Invocation, to settings: inout PlanAdvancedSettings) throws(UsageError) {
        if let flag = try invocation.boolean("burst") { settings.burstEnabled = flag }
        try speed(invocation, "burst-download", &settings.burstDownload)
        try speed(invocation, "burst-upload", &settings.burstUpload)
        try speed(invocation, "threshold-download", &settings.thresholdDownload)
        try speed(invocation, "threshold-upload", &settings.thresholdUpload)
        try speed(invocation, "guaranteed-download", &settings.guaranteedDownload)
        try speed(invocation, "guaranteed-upload", &settings.guaranteedUpload)
        if let seconds = try invocation.clearableInteger("burst-seconds", in: 1...86_400) {
            settings.burstSeconds = seconds
        }
        if let priority = try invocation.integer("priority", in: 1...8) { settings.priority = priority }
        if let count = try invocation.clearableInteger("max-connections", in: 1...Int(Int32.max)) {
            settings.maxConnections = count
        }
        if let name = invocation.clearable("address-pool") { settings.addressPool = name }
        if let name = invocation.clearable("ipv6-pool") { settings.ipv6Pool = name }
        if let name = invocation.clearable("delegated-ipv6-pool") { settings.delegatedIPv6Pool = name }
        if let name = invocation.clearable("address-list") { settings.addressList = name }
        if let name = invocation.clearable("parent-queue") { settings.parentQueue = name }
        if let flag = try invocation.boolean("transparent-proxy") { settings.transparentProxy = flag }
        if let name = invocation.string("queue-type") { settings.queueType = name.isEmpty ? "pcq" : name }
        guard invocation.has("dns") else { return }
        settings.dnsServers = []
        for text in invocation.strings("dns") where !text.isEmpty {
            guard let address = IPAddress(text) else {
                throw UsageError("--dns \"\(text)\": must be an IP address", command: invocation.command.words)
            }
            settings.dnsServers.append(address)
        }
    }

    private static func speed(_ invocation: Invocation, _ name: String, _ value: inout Int64?) throws(UsageError) {
        guard let text = invocation.string(name) else { return }
        value = text.isEmpty ? nil : try invocation.bitRate(name)
    }
}

extension Invocation {
    /// A whole number that an empty value clears: nil when it was not given, `.some(nil)` when it was given empty.
    func clearableInteger(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int?? {
        guard let text = string(name) else { return nil }
        return text.isEmpty ? .some(nil) : .some(try integer(name, in: range))
    }
}
