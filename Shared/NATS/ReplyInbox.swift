internal import Concurrency
internal import Synchronization

/// A private subject below which answers come back, each under a token of its own. Outlives reconnects. Read on a thread of
/// its own, which also calls `tick` some fifty times a second, so that whoever waits can be told that his time is over.
package final class ReplyInbox: Sendable {
    /// What every answer's subject begins with; `<prefix>.<token>`.
    package let prefix: String
    private let thread: PlatformThread
    private let isClosing: Flag

    private final class Flag: Sendable {
        let isRaised = Atomic(false)
    }

    /// Listens at once. Both functions are called on the inbox's thread and must not block.
    package init(
        _ client: NATSClient,
        answer: @escaping @Sendable (_ token: String, _ payload: [UInt8]) -> Void,
        tick: @escaping @Sendable () -> Void
    ) throws {
        let subscription = try InboxSubscription(client.handle)
        let flag = Flag()
        let length = subscription.prefix.utf8.count + 1
        prefix = subscription.prefix
        isClosing = flag
        thread = try PlatformThread.start(name: "nats-replies") {
            var due = Deadline.after(.milliseconds(20))
            while !flag.isRaised.load(ordering: .acquiring) {
                switch subscription.next(milliseconds: 20) {
                case .message(let message):
                    if let subject = message.copiedSubject() {
                        answer(String(decoding: subject.utf8.dropFirst(length), as: UTF8.self), message.copiedPayload())
                    }
                case .noResponders: break
                case .nothing: break
                case .closed: return
                }
                if due.hasPassed {
                    tick()
                    due = .after(.milliseconds(20))
                }
            }
        }
    }

    /// Stops listening.
    package func close() async {
        isClosing.isRaised.store(true, ordering: .releasing)
        await thread.joined()
    }
}
