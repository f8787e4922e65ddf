/// What a router says of itself.
package struct RouterResource: Hashable, Sendable {
    /// As in `7.14.3 (stable)`.
    package let version: String
    package let board: String?
    package let architecture: String?
    package let uptime: Duration?
    /// Percent.
    package let processorLoad: Int?
    /// Octets.
    package let freeMemory: Int64?
    package let totalMemory: Int64?

    /// The version's first two numbers; nil where it does not begin with them.
    package var release: (major: Int, minor: Int)? {
        let numbers = version.prefix { $0.isNumber || $0 == "." }.split(separator: ".").compactMap { Int($0) }
        return numbers.count >= 2 ? (numbers[0], numbers[1]) : nil
    }
}

/// One sensor.
package struct RouterSensor: Hashable, Sendable {
    /// As in `temperature`.
    package let name: String
    package let value: String
    /// `C`, `V`, `RPM`, where the router says so.
    package let unit: String?
}

/// `/system`: identity, resources and health. Changes nothing.
package struct RouterSystem: Sendable {
    private let runner: any CommandRunner

    package init(_ runner: any CommandRunner) { self.runner = runner }

    /// The router's own name. The least that can be asked: it shows that the router is there and lets us in.
    package func identity() async throws(RouterOSError) -> String {
        try await runner.run(RouterCommand("/system/identity/print")).rows.first?["name"] ?? ""
    }

    package func resource() async throws(RouterOSError) -> RouterResource {
        let row = try await runner.run(RouterCommand("/system/resource/print")).rows.first ?? RouterRow()
        return RouterResource(
            version: row["version"] ?? "",
            board: row["board-name"],
            architecture: row["architecture-name"],
            uptime: row["uptime"].flatMap(RouterText.duration),
            processorLoad: row["cpu-load"].flatMap { Int($0) },
            freeMemory: row["free-memory"].flatMap { Int64($0) },
            totalMemory: row["total-memory"].flatMap { Int64($0) }
        )
    }

    /// The board's sensors; none where it has none. RouterOS 7 gives a row for each, RouterOS 6 one row with all.
    package func health() async throws(RouterOSError) -> [RouterSensor] {
        let rows: [RouterRow]
        do throws(RouterOSError) {
            rows = try await runner.run(RouterCommand("/system/health/print")).rows
        } catch {
            guard error.code == .noSuchCommand else { throw error }
            return []
        }
        return rows.flatMap { row -> [RouterSensor] in
            if let name = row["name"], let value = row["value"] {
                return [RouterSensor(name: name, value: value, unit: row["type"])]
            }
            return row.attributes.filter { !$0.name.hasPrefix(".") }.map { attribute in
                RouterSensor(name: attribute.name, value: String(decoding: attribute.value, as: UTF8.self), unit: nil)
            }
        }
    }
}

extension CommandRunner {
    /// Subscribers whom the router knows itself.
    package var secrets: PPPSecrets { PPPSecrets(self) }
    /// Plans as the router knows them.
    package var profiles: PPPProfiles { PPPProfiles(self) }
    /// Limits on addresses.
    package var queues: SimpleQueues { SimpleQueues(self) }
    /// Addresses that rules look at.
    package var addressLists: AddressLists { AddressLists(self) }
    /// Who is online.
    package var sessions: ActiveSessions { ActiveSessions(self) }
    /// The router itself.
    package var system: RouterSystem { RouterSystem(self) }
}
