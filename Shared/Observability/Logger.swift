import Concurrency
import Synchronization
import WireFormat

/// How much a log line matters.
package enum LogLevel: UInt8, Sendable, Comparable, CaseIterable {
    case debug, info, warn, error, fatal

    /// As written in lines and configuration.
    package var name: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warn: "warn"
        case .error: "error"
        case .fatal: "fatal"
        }
    }

    /// The level called `name`.
    package init?(name: String) {
        guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}

/// Writes JSON lines: time, level, service, msg, trace_id (inside a trace) and the given fields.
///
/// Messages are constants, so that they can be searched and counted; what varies goes into fields. Passwords, shared
/// secrets and tokens are never fields. A line below the level costs one relaxed load: its fields are not built.
package struct Logger: Sendable {
    private let target: LogTarget
    private var metadata: LogFields = [:]

    /// A logger to the process's destination, as `bootstrap` set it (before or after).
    package init() { target = .process }

    /// A logger with a destination of its own: for tests.
    package init(service: String, level: LogLevel = .debug, sink: any LogSink) {
        target = LogTarget(service: service, level: level, sink: sink)
    }

    /// Names the process's service and level (and sink). Loggers that exist already follow.
    package static func bootstrap(service: String, level: LogLevel, sink: (any LogSink)? = nil) {
        LogTarget.process.set(service: service, level: level, sink: sink)
    }

    /// A field of every line of this logger and its copies.
    package subscript(metadata name: String) -> LogValue? {
        get { metadata[name] }
        set { metadata[name] = newValue }
    }

    /// A copy that adds `fields` to every line.
    package func with(_ fields: LogFields) -> Logger {
        var copy = self
        copy.metadata = metadata.merging(fields)
        return copy
    }

    /// Whether lines of `level` are written.
    package func isEnabled(_ level: LogLevel) -> Bool { level.rawValue >= target.level.load(ordering: .relaxed) }

    /// For developers; off in production.
    package func debug(_ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.debug, message, fields())
    }

    /// A change of state that an operator may want to know later.
    package func info(_ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.info, message, fields())
    }

    /// Something is wrong and is being handled.
    package func warn(_ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.warn, message, fields())
    }

    /// Something failed that somebody has to look at.
    package func error(_ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.error, message, fields())
    }

    /// The process cannot go on.
    package func fatal(_ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.fatal, message, fields())
    }

    /// Writes one line if `level` is enabled.
    package func log(_ level: LogLevel, _ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        guard isEnabled(level) else { return }
        target.write(level, message, metadata.merging(fields()))
    }
}

/// A destination of lines with its level.
private final class LogTarget: Sendable {
    static let process = LogTarget(service: "nexora", level: .info, sink: StandardOutputSink())

    let level: Atomic<UInt8>
    private let output: Mutex<(service: String, sink: any LogSink)>

    init(service: String, level: LogLevel, sink: any LogSink) {
        self.level = Atomic(level.rawValue)
        output = Mutex((service, sink))
    }

    func set(service: String, level: LogLevel, sink: (any LogSink)?) {
        self.level.store(level.rawValue, ordering: .relaxed)
        output.withLock { $0 = (service, sink ?? $0.sink) }
    }

    func write(_ level: LogLevel, _ message: StaticString, _ fields: LogFields) {
        let (service, sink) = output.withLock { $0 }
        var writer = JSONWriter(capacity: 512)
        writer.beginObject()
        writer.key("time")
        writer.value(RFC3339.text(microsecondsSince1970: SystemClock.microsecondsSince1970()))
        writer.key("level")
        writer.value(level.name)
        writer.key("service")
        writer.value(service)
        writer.key("msg")
        writer.value(message.description)
        if let trace = TraceContext.current {
            writer.key("trace_id")
            writer.value(trace.traceID)
        }
        for field in fields.all {
            writer.key(string: field.name)
            write(field.value, to: &writer)
        }
        writer.endObject()
        var line = writer.finish()
        line.append(UInt8(ascii: "\n"))
        sink.write(line, at: level)
    }

    private func write(_ value: LogValue, to writer: inout JSONWriter) {
        switch value {
        case .string(let text): writer.value(text)
        case .int(let number): writer.value(number)
        case .uint(let number): writer.value(number)
        case .double(let number): writer.value(number)
        case .bool(let flag): writer.value(flag)
        case .strings(let texts):
            writer.beginArray()
            for text in texts { writer.value(text) }
            writer.endArray()
        }
    }
}
