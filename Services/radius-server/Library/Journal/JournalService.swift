import Concurrency
import Lifecycle
import NATS
import Observability

/// The journal's threads: writer, keeper and publisher. At shutdown what was handed over is still written and answered,
/// and the publisher has a moment to bring it to JetStream; what it does not reach is published at the next start.
final class JournalService: Service {
    private let journal: Journal
    private let publisher: JournalPublisher
    private let connection: NATSClient
    private let drain: Duration

    init(journal: Journal, publisher: JournalPublisher, connection: NATSClient, drain: Duration) {
        self.journal = journal
        self.publisher = publisher
        self.connection = connection
        self.drain = drain
    }

    func run() async throws {
        let publisher = publisher
        let journal = journal
        let jetStream = try JetStreamPublisher(connection, maximumOutstanding: 8_192) { token, result in
            publisher.settle(token, result)
        }
        let writing = try PlatformThread.start(name: "journal-write") { journal.runWriter() }
        let keeping = try PlatformThread.start(name: "journal-keep") { journal.runKeeper() }
        let publishing = try PlatformThread.start(name: "journal-publish") { publisher.run(publisher: jetStream) }
        await GracefulShutdown.wait()
        journal.stop()
        await writing.joined()
        await keeping.joined()
        let deadline = Deadline.after(drain)
        while !publisher.isCaughtUp, !deadline.hasPassed, !Task.isCancelled {
            try await pause(for: .milliseconds(20))
        }
        publisher.stop()
        await publishing.joined()
        await jetStream.close()
    }
}
