import Concurrency
import Glibc
import WireFormat

extension Storm {
    /// Whether nothing happened that must not.
    var holds: Bool { truth.breaches.isEmpty && unanswered.isEmpty && counts.forged == 0 }

    func tell(second: Int) {
        let text =
            "\(second) s: \(counts.accepted) admissions, \(counts.refusals.values.reduce(0, +)) refused, "
            + "\(logins) logins and \(reports) reports under way, \(counts.intents) told to leave, "
            + "\(truth.breaches.count) breaches, \(unanswered.count) unanswered"
        if second % 10 == 0 { Speech.tell(text) }
        guard let path = options.progressFile else { return }
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        Speech.write("{\"second\":\(second),\"admissions\":\(counts.accepted)}\n", to: descriptor)
        close(descriptor)
    }

    var report: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("holds")
        json.value(holds)
        json.key("seed")
        json.value(Int(truncatingIfNeeded: world.seed))
        for (name, value) in [
            ("admissions", counts.accepted), ("milliseconds", Int(seconds * 1_000)), ("overheard", counts.overheard),
            ("answersLost", counts.answersLost), ("askedOtherServer", counts.otherServer), ("stops", counts.stops),
            ("stopsLost", counts.stopsLost), ("takeovers", counts.takeovers), ("interims", counts.interims),
            ("toldToLeave", counts.intents), ("deaths", counts.deaths), ("boots", counts.boots),
            ("acknowledged", counts.acknowledged), ("forged", counts.forged), ("unanswered", unanswered.count),
        ] {
            json.key(string: name)
            json.value(value)
        }
        json.key("refused")
        json.beginObject()
        for (reason, count) in counts.refusals.sorted(by: { $0.key < $1.key }) {
            json.key(string: reason)
            json.value(count)
        }
        json.endObject()
        json.key("breaches")
        json.beginObject()
        for kind in StormTruth.Breach.Kind.allCases {
            json.key(string: kind.rawValue)
            json.value(truth.breaches.count { $0.kind == kind })
        }
        json.endObject()
        writeLists(&json)
        json.endObject()
        return json.bytes
    }

    private func writeLists(_ json: inout JSONWriter) {
        json.key("details")
        json.beginArray()
        let some = StormTruth.Breach.Kind.allCases.flatMap { kind in
            truth.breaches.filter { $0.kind == kind }.prefix(50)
        }
        for breach in some {
            json.beginObject()
            json.key("kind")
            json.value(breach.kind.rawValue)
            json.key("at")
            json.value(Int(breach.at))
            json.key("text")
            json.value(breach.text)
            json.endObject()
        }
        json.endArray()
        json.key("unansweredDetails")
        json.beginArray()
        for text in unanswered.prefix(50) { json.value(text) }
        json.endArray()
        json.key("pauses")
        json.beginArray()
        for pause in pauses.prefix(200) {
            json.beginObject()
            json.key("from")
            json.value(Int(pause.from))
            json.key("milliseconds")
            json.value(pause.milliseconds)
            json.endObject()
        }
        json.endArray()
        // How many logins took less than 2 to the power of n milliseconds.
        json.key("latency")
        json.beginArray()
        for count in latencies.prefix(20) { json.value(count) }
        json.endArray()
    }

    /// Every session, a line each with tabs: tenant, user name, service, admission, device, NAS, IPv4, prefix, from and
    /// until in microseconds (empty while it stands), state, whether its Start was acknowledged, whether its NAS forgot it.
    func writeTruth(to path: String) throws(FileFailure) {
        let descriptor = try Files.create(path)
        defer { close(descriptor) }
        var text = ""
        for session in truth.sessions {
            let subscriber = world.subscribers[Int(session.subscriber)]
            let grant = session.grant
            text += "\(StormWorld.tenants[subscriber.tenant].subdomain)\t\(subscriber.username)\t"
            text += "\(Self.uuid(grant.name.service))\t\(Self.uuid(grant.name.admission))\t"
            text += "\(StormWorld.station(Int(session.subscriber), Int(session.device)))\t"
            text += "\(world.nases[Int(session.nas)].name)\t\(IPv4Text.of(grant.ipv4))\t\(Self.prefix(grant.prefix))\t"
            text += "\(session.from)\t\(session.until == .max ? "" : String(session.until))\t\(session.state)\t"
            text += "\(session.isReported ? 1 : 0)\t\(session.isGone ? 1 : 0)\n"
            guard text.utf8.count > 1 << 16 else { continue }
            Speech.write(text, to: descriptor)
            text = ""
        }
        Speech.write(text, to: descriptor)
    }

    private static func hex(_ value: UInt64, _ digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    private static func uuid(_ id: (high: UInt64, low: UInt64)) -> String {
        "\(hex(id.high >> 32, 8))-\(hex(id.high >> 16 & 0xFFFF, 4))-\(hex(id.high & 0xFFFF, 4))-"
            + "\(hex(id.low >> 48, 4))-\(hex(id.low & 0xFFFF_FFFF_FFFF, 12))"
    }

    private static func prefix(_ high: UInt64) -> String {
        guard high != 0 else { return "" }
        return (0..<4).map { String(high >> UInt64(48 - 16 * $0) & 0xFFFF, radix: 16) }.joined(separator: ":") + "::/56"
    }
}

extension Application {
    /// `nas-simulator storm`.
    static func storm(_ arguments: [String]) async throws -> Int32 {
        let options = try StormOptions(arguments)
        let world = StormWorld(seed: options.seed, subscribers: options.subscribers)
        if let path = options.directoryFile { try Files.write(world.directory, to: path) }
        if let path = options.subscribersFiles {
            for tenant in StormWorld.tenants.indices {
                try Files.write(world.customers(ofTenant: tenant), to: "\(path)\(tenant).csv")
            }
        }
        guard !options.servers.isEmpty else { return 0 }
        return try await onThread("storm") {
            let storm = try Storm(world, options)
            try storm.run()
            if let path = options.truthFile { try storm.writeTruth(to: path) }
            let report = storm.report
            if let path = options.reportFile { try Files.write(report, to: path) }
            Speech.write(report + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
            return storm.holds ? 0 : 1
        }
    }
}
