import Observability
import Testing

@Suite struct TraceContextTests {
    @Test func `A header reads back as it was written`() throws {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let trace = try #require(TraceContext(traceparent: header))
        #expect(trace.traceparent == header)
        #expect(trace.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        let child = trace.child()
        #expect(child.traceID == trace.traceID)
        #expect(child.span != trace.span)
        let root = TraceContext.root()
        #expect(TraceContext(traceparent: root.traceparent) == root)
    }

    @Test func `No two ids are the same, and every one is whole`() throws {
        var spans: Set<UInt64> = []
        var traces: Set<String> = []
        for _ in 0..<10_000 {
            let trace = TraceContext.root()
            #expect(trace.traceID.utf8.count == 32 && trace.traceparent.utf8.count == 55)
            #expect(TraceContext(traceparent: trace.traceparent) == trace)
            spans.insert(trace.span)
            spans.insert(trace.child().span)
            traces.insert(trace.traceID)
        }
        #expect(spans.count == 20_000 && traces.count == 10_000)
    }

    @Test(
        arguments: [
            "", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ])
    func `A malformed header is ignored`(header: String) {
        #expect(TraceContext(traceparent: header) == nil)
    }

    @Test func `A newer version may carry more`() {
        #expect(TraceContext(traceparent: "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more") != nil)
    }
}
