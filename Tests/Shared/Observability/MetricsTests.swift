import Concurrency
import Observability
import SharedTesting
import Testing

@Suite struct MetricsTests {
    private let registry = MetricsRegistry()
    private var text: String { String(decoding: registry.render(), as: UTF8.self) }

    @Test func `Counters, gauges and histograms render as Prometheus reads them`() {
        let decisions = registry.counter("radius_auth_total", "Decisions.\nAll.", labels: ["tenant", "result"])
        decisions.with("a", "accept").add(3)
        decisions.with("quote\"back\\line\n", "reject").add()
        decisions.with("a", "accept").add()
        registry.gauge("depth", "How deep.").set(2.5)
        let latency = registry.histogram("latency_seconds", "How long.", labels: ["op"], buckets: [0.1, 1])
        latency.with("x").observe(0.1)
        latency.with("x").observe(Duration.milliseconds(400))
        latency.with("x").observe(nanoseconds: 3_000_000_000)
        let expected = #"""
            # HELP radius_auth_total Decisions.\nAll.
            # TYPE radius_auth_total counter
            radius_auth_total{tenant="a",result="accept"} 4
            radius_auth_total{tenant="quote\"back\\line\n",result="reject"} 1
            # HELP depth How deep.
            # TYPE depth gauge
            depth 2.5
            # HELP latency_seconds How long.
            # TYPE latency_seconds histogram
            latency_seconds_bucket{op="x",le="0.1"} 1
            latency_seconds_bucket{op="x",le="1"} 2
            latency_seconds_bucket{op="x",le="+Inf"} 3
            latency_seconds_sum{op="x"} 3.5
            latency_seconds_count{op="x"} 3

            """#
        #expect(text == expected)
    }

    @Test func `A metric without labels shows zero before its first use`() {
        _ = registry.counter("c_total", "C.")
        #expect(text.hasSuffix("\nc_total 0\n"))
    }

    @Test func `Sampled metrics ask at the scrape`() {
        let level = Monitor(1.0)
        registry.gauge("level", "L.") { level.withLock { $0 } }
        registry.counter("drops_total", "D.", labels: ["thread"]) { [MetricSample(["0"], 7), MetricSample(["1"], 8)] }
        level.withLock { $0 = 4 }
        #expect(text.contains("\nlevel 4\n"))
        #expect(text.contains("drops_total{thread=\"0\"} 7\ndrops_total{thread=\"1\"} 8\n"))
    }

    @Test func `Series beyond the cap count together`() {
        let counter = registry.counter("c_total", "C.", labels: ["tenant"], maximumSeries: 2)
        for tenant in 0..<100 { counter.with("t\(tenant)").add() }
        counter.with("t1").add()
        #expect(text.contains("c_total{tenant=\"t0\"} 1\nc_total{tenant=\"t1\"} 2\nc_total{tenant=\"other\"} 98\n"))
    }

    @Test func `A removed gauge child disappears and the others stay`() {
        let gauge = registry.gauge("g", "G.", labels: ["nas"])
        for nas in ["a", "b", "c"] { gauge.with(nas).set(1) }
        gauge.remove("a")
        gauge.with("c").add(1)
        #expect(text.hasSuffix("g{nas=\"b\"} 1\ng{nas=\"c\"} 2\n"))
    }

    @Test func `Threads that count at once lose nothing`() async throws {
        let counter = registry.counter("c_total", "C.")
        let cell = registry.histogram("h", "H.", labels: ["l"], buckets: [1, 2]).with("x")
        let threads = try (0..<4).map { index in
            try PlatformThread.start(name: "count-\(index)") {
                for _ in 0..<10_000 {
                    counter.add(2)
                    cell.observe(1.5)
                }
            }
        }
        for thread in threads { await thread.joined() }
        #expect(text.contains("\nc_total 80000\n"))
        #expect(cell.reading.counts == [0, 40_000, 0])
        #expect(cell.reading.sum == 60_000)
    }

    @Test func `A name registered twice traps`() async {
        await #expect(processExitsWith: .failure) {
            let registry = MetricsRegistry()
            _ = registry.counter("c_total", "C.")
            _ = registry.gauge("c_total", "C.")
        }
    }

    @Test func `The process tells its memory, descriptors, age and build`() {
        registry.processMetrics(service: "radius-server", version: "1.2.3")
        #expect(text.contains("nexora_build_info{service=\"radius-server\",version=\"1.2.3\"} 1\n"))
        #expect(ProcessUsage.residentOctets > 1_000_000)
        #expect(ProcessUsage.openDescriptors >= 3)
        #expect(ProcessUsage.maximumDescriptors >= 64)
        #expect(registry.names.contains("process_cpu_seconds_total"))
    }
}
