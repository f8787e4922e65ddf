import Observability
import Synchronization
import Testing

@Suite struct LoggerTests {
    private let sink = MemoryLogSink()

    @Test func `A line is one JSON object with time, level, service, message and fields in order`() throws {
        let logger = Logger(service: "radius-server", sink: sink)
        logger.info("server started", ["b.port": 1812, "a": "x\n\"", "ok": true, "d": .duration(.milliseconds(1_500))])
        let line = try #require(sink.lines.first)
        #expect(line.hasPrefix(#"{"time":"20"#))
        #expect(
            line.hasSuffix(
                #"Z","level":"info","service":"radius-server","msg":"server started","#
                    + #""b.port":1812,"a":"x\n\"","ok":true,"d":1.5}"#
            )
        )
    }

    @Test func `Lines below the level are not written and their fields not built`() {
        let logger = Logger(service: "s", level: .warn, sink: sink)
        func expensive() -> LogFields {
            Issue.record("built the fields of a line that is off")
            return [:]
        }
        logger.info("quiet", expensive())
        logger.error("loud")
        #expect(sink.lines.count == 1)
        #expect(!logger.isEnabled(.debug))
    }

    @Test func `A logger's own fields stand on each line and a line's fields win`() {
        var logger = Logger(service: "s", sink: sink)
        logger[metadata: "nas.id"] = "one"
        logger.with(["x": 1]).warn("m", ["nas.id": "two"])
        #expect(sink.lines[0].hasSuffix(#""msg":"m","nas.id":"two","x":1}"#))
        #expect(logger[metadata: "nas.id"] == "one")
    }

    @Test func `Inside a trace a line carries its id`() throws {
        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let trace = try #require(TraceContext(traceparent: header))
        let logger = Logger(service: "s", sink: sink)
        TraceContext.$current.withValue(trace) { logger.info("m") }
        #expect(sink.lines[0].contains(#""trace_id":"0af7651916cd43dd8448eb211c80319c""#))
    }

    @Test func `A rate-limited line tells how often it was suppressed`() {
        let clock = Mutex<UInt64>(0)
        let holder = ClockHolder(clock)
        let limited = RateLimitedLog(
            Logger(service: "s", sink: sink),
            every: .seconds(1),
            maximumKeys: 2,
            now: { holder.value.withLock { $0 } }
        )
        for _ in 0..<5 { limited.warn(key: "a", "bad packet") }
        limited.warn(key: "b", "bad packet")
        #expect(sink.lines.count == 2)
        holder.value.withLock { $0 = 1_000_000_000 }
        limited.warn(key: "a", "bad packet", ["nas": "n"])
        #expect(sink.lines[2].hasSuffix(#""nas":"n","log.suppressed":4}"#))
    }

    @Test func `A flood of keys is bounded and shares one entry`() {
        let limited = RateLimitedLog(Logger(service: "s", sink: sink), every: .seconds(1), maximumKeys: 2, now: { 0 })
        for key in 0..<1_000 { limited.warn(key: "key\(key)", "bad packet") }
        #expect(sink.lines.count == 3)
    }
}

private final class ClockHolder: Sendable {
    let value: Mutex<UInt64>
    init(_ value: consuming Mutex<UInt64>) { self.value = value }
}
