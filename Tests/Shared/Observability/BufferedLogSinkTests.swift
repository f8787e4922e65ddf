import Concurrency
import Observability
import SharedTesting
import Synchronization
import Testing

@Suite struct BufferedLogSinkTests {
    /// Keeps the pieces that it was given.
    private final class Pieces: LogSink {
        private let kept = Mutex<[String]>([])
        var all: [String] { kept.withLock { $0 } }
        var lines: [String] { all.joined().split(separator: "\n").map(String.init) }

        func write(_ line: [UInt8]) {
            let text = String(decoding: line, as: UTF8.self)
            kept.withLock { $0.append(text) }
        }
    }

    private let pieces = Pieces()

    private func line(_ text: String) -> [UInt8] { Array("\(text)\n".utf8) }

    @Test func `lines wait for each other, and go on by themselves`() async throws {
        let sink = BufferedLogSink(pieces, delay: .milliseconds(20))
        for number in 0..<3 { sink.write(line("line \(number)"), at: .info) }
        try await eventually { pieces.lines.count == 3 }
        sink.write(line("later"), at: .debug)
        try await eventually { pieces.lines == ["line 0", "line 1", "line 2", "later"] }
        sink.close()
    }

    @Test func `a warning takes everything before it along at once`() {
        for level in [LogLevel.warn, .error, .fatal] {
            let (pieces, level) = (Pieces(), level)
            let sink = BufferedLogSink(pieces, delay: .seconds(3_600))
            sink.write(line("before"), at: .info)
            #expect(pieces.all.isEmpty)
            sink.write(line("bad"), at: level)
            #expect(pieces.all == ["before\nbad\n"])
            sink.close()
        }
    }

    @Test func `no more waits than fits, and closing lets nothing be lost`() {
        let sink = BufferedLogSink(pieces, octets: 100, delay: .seconds(3_600))
        for number in 0..<50 { sink.write(line("line number \(number)"), at: .info) }
        #expect(pieces.all.count >= 5 && pieces.all.count < 50)
        sink.close()
        #expect(pieces.lines == (0..<50).map { "line number \($0)" })
        sink.write(line("afterwards"), at: .info)
        #expect(pieces.lines.last == "afterwards")
    }

    @Test func `many write at once, and each finds its lines whole and in its order`() async throws {
        let sink = BufferedLogSink(pieces, octets: 500, delay: .milliseconds(1))
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for number in 0..<200 {
                        sink.write(line("\(writer) \(number)"), at: number % 50 == 49 ? .warn : .info)
                    }
                }
            }
        }
        sink.close()
        let lines = pieces.lines
        #expect(lines.count == 1_600)
        for writer in 0..<8 {
            #expect(lines.filter { $0.hasPrefix("\(writer) ") } == (0..<200).map { "\(writer) \($0)" })
        }
    }

    @Test func `a logger's line passes through whole`() throws {
        let sink = BufferedLogSink(pieces, delay: .seconds(3_600))
        let logger = Logger(service: "s", sink: sink)
        logger.info("one", ["n": 1])
        #expect(pieces.all.isEmpty)
        logger.warn("two")
        #expect(pieces.lines.count == 2 && pieces.lines[0].hasSuffix(#""msg":"one","n":1}"#))
        sink.close()
    }
}
