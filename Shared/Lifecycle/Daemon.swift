import Concurrency
package import Configuration
import Glibc
package import Observability

/// What a daemon's services are built with.
package struct DaemonContext: Sendable {
    package let name: String
    package let version: String
    package let logger: Logger
    package let metrics: MetricsRegistry
    package let health: Health
    /// How long services may take to finish what they began.
    package let drainDeadline: Duration
}

/// The exit codes of a daemon.
package enum ExitCode {
    /// Asked to end, and everything ended in time.
    package static let success: Int32 = 0
    /// A service failed or did not end in time.
    package static let failure: Int32 = 1
    /// A wrong command line (EX_USAGE).
    package static let usage: Int32 = 64
    /// A wrong configuration (EX_CONFIG).
    package static let configuration: Int32 = 78
}

/// Runs a daemon from its command line to its exit code; a daemon's executable calls just this.
///
/// `configure` only reads keys; what is wrong with them is told all at once and ends the process with 78.
/// `build` then makes the services, in the order of their dependence. Under `--check`, `--help` and `--version`
/// nothing is built. The admin server is added in front and ends last.
package func runDaemon<Settings>(
    name: String,
    version: String,
    arguments: [String] = Array(CommandLine.arguments.dropFirst()),
    environment: [String: String] = Environment.current(),
    adminPort: UInt16 = 0,
    configure: (ConfigReader) throws -> Settings,
    build: (Settings, DaemonContext) async throws -> [NamedService]
) async -> Int32 {
    let options: CommandLineOptions
    do throws(CommandLineOptions.UsageError) {
        options = try CommandLineOptions(arguments)
    } catch {
        Console.error("\(name): \(error)")
        return ExitCode.usage
    }
    if options.action == .version {
        Console.output("\(name) \(version)")
        return ExitCode.success
    }
    let config = ConfigReader(environment: environment, path: options.configurationPath)
    let common = CommonSettings(config, adminPort: adminPort)
    let settings = Result { try configure(config) }
    if options.action == .help {
        Console.output(CommandLineOptions.help(program: name, keys: config.report()))
        return ExitCode.success
    }
    Logger.bootstrap(service: name, level: common.logLevel)
    do {
        try config.finish()
        let settings = try settings.get()
        if options.action == .check {
            for entry in config.report() { Console.output("\(entry.key) = \(entry.value)  (\(entry.source))") }
            return ExitCode.success
        }
        return await serve(name, version, common, config, settings, build)
    } catch {
        tellProblems(error, asText: options.action == .check)
        return ExitCode.configuration
    }
}

/// From the first log line to the exit code.
private func serve<Settings>(
    _ name: String,
    _ version: String,
    _ common: CommonSettings,
    _ config: ConfigReader,
    _ settings: Settings,
    _ build: (Settings, DaemonContext) async throws -> [NamedService]
) async -> Int32 {
    let context = DaemonContext(
        name: name,
        version: version,
        logger: Logger(),
        metrics: MetricsRegistry(),
        health: Health(version: version),
        drainDeadline: common.drainDeadline
    )
    // A call of the system for each line costs more than the line. Whatever ends the daemon, all lines are out before it is gone.
    let output = BufferedLogSink(StandardOutputSink())
    Logger.bootstrap(service: name, level: common.logLevel, sink: output)
    defer { output.close() }
    context.metrics.processMetrics(service: name, version: version)
    context.health.register(in: context.metrics)
    logStart(context, config)
    do {
        let signals = try ProcessSignals.install()
        let admin = AdminServer(
            address: common.adminAddress,
            port: common.adminPort,
            health: context.health,
            metrics: context.metrics,
            logger: context.logger
        )
        let services = [NamedService("admin", admin)] + (try await build(settings, context))
        let group = ServiceGroup(
            services: services,
            drainDeadline: common.drainDeadline,
            logger: context.logger,
            health: context.health,
            signals: signals
        )
        group.onShutdown { Watchdog.start(limit: common.drainDeadline + .seconds(5), logger: context.logger) }
        try await group.run()
        context.logger.info("daemon ended")
        return ExitCode.success
    } catch {
        context.logger.fatal("daemon failed", ["error": .error(error)])
        return ExitCode.failure
    }
}

private func logStart(_ context: DaemonContext, _ config: ConfigReader) {
    var fields: LogFields = ["version": .string(context.version), "process.id": .int(Int(getpid()))]
    for entry in config.report() { fields["config." + entry.key] = "\(entry.value) (\(entry.source))" }
    context.logger.info("daemon starting", fields)
}

/// Text for people under `--check`, one log line per problem otherwise.
private func tellProblems(_ error: any Error, asText: Bool) {
    let lines = (error as? ConfigurationError)?.problems.map(\.description) ?? [String(describing: error)]
    for line in lines {
        if asText {
            Console.error("configuration: \(line)")
        } else {
            Logger().fatal("configuration refused", ["config.problem": .string(line)])
        }
    }
}
