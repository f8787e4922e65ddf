import Concurrency
import NATS
import SharedTesting
import Synchronization
import Testing

/// Subscriptions that end while messages for them arrive: what a frontend's live tail does with each page that closes.
@Suite(.serialized) struct RetirementTests {
    @Test func `inboxes come and go under a rain of messages, and the process stands`() async throws {
        try await Fixture.with(stream: nil) { fixture in
            let publisher = try Fixture.makeClient(fixture.server)
            try await eventually { publisher.state == .connected }
            let target = Target()
            let heard = Atomic(0)
            let rain = Task {
                while !Task.isCancelled {
                    if let prefix = target.prefix {
                        for _ in 0..<64 { try? publisher.publish(prefix + ".x", [1]) }
                    }
                    await Task.yield()
                }
            }
            for _ in 0..<400 {
                let before = heard.load(ordering: .relaxed)
                let inbox = try ReplyInbox(
                    fixture.client,
                    answer: { _, _ in heard.add(1, ordering: .relaxed) },
                    tick: {}
                )
                target.prefix = inbox.prefix
                try await eventually { heard.load(ordering: .relaxed) > before }
                await inbox.close()
            }
            rain.cancel()
            await rain.value
            await publisher.close()
            #expect(fixture.client.state == .connected)
            #expect(heard.load(ordering: .relaxed) >= 400)
        }
    }

    private final class Target: Sendable {
        private let current = Mutex<String?>(nil)
        var prefix: String? {
            get { current.withLock { $0 } }
            set { current.withLock { $0 = newValue } }
        }
    }
}
