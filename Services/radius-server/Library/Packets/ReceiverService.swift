import Concurrency
import Lifecycle
import Sockets

/// One receiver thread as a service: it ends after the batch in hand.
final class ReceiverService: Service {
    private let name: String
    private let receiver: Receiver
    private let body: @Sendable (Receiver) -> Void

    /// `body` makes the thread's handler and runs the receiver with it.
    init(name: String, receiver: Receiver, body: @escaping @Sendable (Receiver) -> Void) {
        self.name = name
        self.receiver = receiver
        self.body = body
    }

    func run() async throws {
        let receiver = receiver
        let body = body
        let thread = try PlatformThread.start(name: name) { body(receiver) }
        await GracefulShutdown.wait()
        receiver.stop()
        await thread.joined()
    }
}
