import Configuration
import Observability

/// The keys that every daemon has.
struct CommonSettings {
    let logLevel: LogLevel
    let drainDeadline: Duration
    let adminAddress: String
    let adminPort: UInt16

    init(_ config: ConfigReader, adminPort defaultPort: UInt16) {
        let levels = LogLevel.allCases.map(\.name)
        let level = config.string(
            "log.level",
            default: "info",
            allowed: "one of " + levels.joined(separator: ", "),
            where: { LogLevel(name: $0) != nil },
            doc: "Lines below this level are not written."
        )
        logLevel = LogLevel(name: level) ?? .info
        drainDeadline = config.duration(
            "shutdown.deadline",
            default: .seconds(25),
            in: .milliseconds(100) ... .seconds(600),
            doc: "After SIGTERM, how long services may finish what they began."
        )
        adminAddress = config.string(
            "admin.address",
            default: "127.0.0.1",
            doc: "The numeric address of /health, /ready and /metrics."
        )
        adminPort = config.port(
            "admin.port",
            default: Int(defaultPort),
            doc: "The port of /health, /ready and /metrics; 0 takes a free one."
        )
    }
}
