import Observability
import SharedTesting
import Testing

@testable import Lifecycle

@Suite struct HealthTests {
    private let health = Health(version: "1.2.3")
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func `A process is ready when none of its components says otherwise`() {
        #expect(health.isReady)
        let postgres = health.component("postgres")
        #expect(text(health.readyBody().body).contains(#"{"component":"postgres","reason":"starting"}"#))
        postgres.set(.ready)
        #expect(text(health.readyBody().body) == #"{"status":"ready","reasons":[]}"#)
        health.component("nats").set(.degraded("journal \"grows\""))
        #expect(health.isReady)
        #expect(health.component("postgres") === postgres)
        health.beginShutdown()
        #expect(
            text(health.readyBody().body)
                == #"{"status":"not_ready","reasons":[{"component":"process","reason":"shutting down"}]}"#
        )
    }

    @Test func `Health tells version, age and each component`() {
        health.component("postgres").set(.ready)
        #expect(text(health.healthBody()).hasPrefix(#"{"status":"ok","version":"1.2.3","uptime_seconds":"#))
        health.component("nats").set(.degraded("slow"))
        #expect(
            text(health.healthBody()).hasSuffix(
                #""components":{"postgres":{"status":"ready"},"nats":{"status":"degraded","reason":"slow"}}}"#
            )
        )
        #expect(text(health.healthBody()).hasPrefix(#"{"status":"degraded""#))
    }

    @Test func `Components are a gauge`() {
        let metrics = MetricsRegistry()
        health.register(in: metrics)
        health.component("a").set(.ready)
        health.component("b").set(.degraded("x"))
        _ = health.component("c")
        let text = text(metrics.render())
        #expect(
            text.hasSuffix(
                "component_ready{component=\"a\"} 1\ncomponent_ready{component=\"b\"} 0.5\n"
                    + "component_ready{component=\"c\"} 0\n"
            )
        )
    }
}
