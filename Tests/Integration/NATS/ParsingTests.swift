import SharedTesting
import Testing

@testable import NATS

@Suite struct ParsingTests {
    private func parse(_ text: String) -> AckResult {
        let bytes = Array(text.utf8)
        return unsafe PubAck.parse(bytes.span.bytes)
    }

    @Test("a publish acknowledgement gives its sequence and whether it was a repeat")
    func acknowledgement() {
        #expect(parse(#"{"stream":"T","seq":42}"#) == .acknowledged(sequence: 42, duplicate: false))
        #expect(parse(#"{"stream":"T", "seq": 7,"duplicate": true}"#) == .acknowledged(sequence: 7, duplicate: true))
        #expect(parse(#"{"stream":"T","seq":7,"duplicate":false}"#) == .acknowledged(sequence: 7, duplicate: false))
        let refused = #"{"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"},"seq":0}"#
        #expect(parse(refused) == .refused("maximum bytes exceeded"))
    }

    @Test("what is no acknowledgement counts as unknown")
    func unknown() {
        for text in ["", "{", #"{"seq":}"#, #"{"seq":0}"#, #""seq""#, #"{"seq":99999999999999999999999}"#] {
            #expect(parse(text) == .unknown, "\(text)")
        }
    }

    @Test("random octets and cut acknowledgements never trap")
    func robust() {
        var random = SeededRandom()
        let whole = Array(#"{"error":{"description":"x"},"stream":"T","seq":12,"duplicate":true}"#.utf8)
        for length in 0...whole.count { _ = parse(String(decoding: whole[..<length], as: UTF8.self)) }
        for _ in 0..<500 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = unsafe PubAck.parse(bytes.span.bytes)
        }
    }

    @Test("the acknowledgement subject tells sequences, deliveries and time in both of its forms")
    func metadata() throws {
        let short = try #require(unsafe DeliveryMetadata("$JS.ACK.T.worker.3.41.17.1790000000000000001.5"))
        #expect(short.delivered == 3)
        #expect(short.streamSequence == 41)
        #expect(short.consumerSequence == 17)
        #expect(short.timestamp == 1_790_000_000_000_000_001)
        #expect(short.pending == 5)
        let long = try #require(
            unsafe DeliveryMetadata("$JS.ACK.hub.ACCHASH.T.worker.3.41.17.1790000000000000001.5.rnd")
        )
        #expect(long == short)
        #expect(unsafe DeliveryMetadata("$JS.ACK.T.worker.3.41") == nil)
        #expect(unsafe DeliveryMetadata("_INBOX.x") == nil)
        #expect(unsafe DeliveryMetadata("$JS.ACK.T.worker.x.41.17.1.5") == nil)
    }

    @Test("wildcards cover subjects as in NATS")
    func patterns() {
        #expect(SubjectPattern.matches("a.>", "a.b"))
        #expect(SubjectPattern.matches("a.>", "a.b.c"))
        #expect(!SubjectPattern.matches("a.>", "a"))
        #expect(SubjectPattern.matches("a.*.c", "a.b.c"))
        #expect(!SubjectPattern.matches("a.*", "a.b.c"))
        #expect(!SubjectPattern.matches("a.b.c", "a.b"))
        #expect(SubjectPattern.matches(">", "x"))
    }

    @Test("each token is settled once, and a late acknowledgement never settles a slot's next message")
    func window() throws {
        var random = SeededRandom()
        for _ in 0..<100 {
            var window = PublishWindow(capacity: Int.random(in: 1...8, using: &random))
            var open: [UInt64: UInt64] = [:]
            var closed: [UInt64] = []
            for token in UInt64(0)..<200 {
                if let id = window.open(token: token, deadline: token + 10, connection: 1) { open[id] = token }
                if Bool.random(using: &random), let (id, expected) = open.randomElement(using: &random) {
                    #expect(window.close(id) == expected)
                    open[id] = nil
                    closed.append(id)
                }
                if let id = closed.randomElement(using: &random) { #expect(window.close(id) == nil) }
                if token % 50 == 49 {
                    let expired = window.expire(now: token, connection: 1)
                    #expect(Set(expired) == Set(open.values.filter { $0 + 10 <= token }))
                    open = open.filter { $0.value + 10 > token }
                }
                #expect(window.outstanding == open.count)
            }
            #expect(Set(window.expire(now: 0, connection: 2)) == Set(open.values))
        }
    }

    @Test("a pull window never asks for more than it may hold")
    func pulls() {
        var random = SeededRandom()
        for _ in 0..<100 {
            let (batch, requests) = (Int.random(in: 1...10, using: &random), Int.random(in: 1...4, using: &random))
            var window = PullWindow(batch: batch, requests: requests)
            var buffered = 0
            for _ in 0..<100 {
                _ = window.requestsToSend(buffered: buffered)
                #expect(window.requested + buffered <= batch * requests)
                let coming = Int.random(in: 0...window.requested, using: &random)
                for _ in 0..<coming { window.received() }
                buffered += coming
                if Bool.random(using: &random) { window.ended(open: window.requested / 2) }
                buffered = Int.random(in: 0...buffered, using: &random)
            }
            #expect(window.requestsToSend(buffered: batch * requests) == 0)
        }
    }
}
