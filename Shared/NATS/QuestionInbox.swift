internal import CNATS
internal import Concurrency
internal import Synchronization

/// A request that came in; see ``QuestionInbox``.
package struct NATSQuestion: Sendable {
    package let payload: [UInt8]
    private let reply: String
    private let client: NATSClient

    init(payload: [UInt8], reply: String, client: NATSClient) {
        self.payload = payload
        self.reply = reply
        self.client = client
    }

    /// Sends the answer; it is lost while there is no connection, and the asker's deadline tells him.
    package func answer(_ payload: [UInt8]) { try? client.publish(reply, payload) }
}

/// Requests on a subject, without JetStream: each goes to one member of the queue group. Outlives reconnects. Read on a
/// thread of its own; what finds no room among those that wait is answered at once with `refusal`.
package final class QuestionInbox: Sendable {
    private let queue: BoundedQueue<NATSQuestion>
    private let thread: PlatformThread
    private let isClosing: Flag

    private final class Flag: Sendable {
        let isRaised = Atomic(false)
    }

    /// Listens at once; what is longer than `longest` octets is refused unread.
    package init(
        _ client: NATSClient,
        subject: String,
        group: String,
        waiting: Int,
        longest: Int,
        refusal: [UInt8]
    ) throws {
        let subscription = try InboxSubscription(client.handle, subject: subject, group: group)
        let (queue, flag) = (BoundedQueue<NATSQuestion>(capacity: waiting), Flag())
        self.queue = queue
        isClosing = flag
        thread = try PlatformThread.start(name: "nats-questions") {
            while !flag.isRaised.load(ordering: .acquiring) {
                switch subscription.next(milliseconds: 200) {
                case .message(let message):
                    guard let reply = message.copiedReply() else { continue }
                    let payload = message.copiedPayload()
                    let isTooLong = payload.count > longest
                    let question = NATSQuestion(payload: payload, reply: reply, client: client)
                    if isTooLong || !queue.offer(question) { question.answer(refusal) }
                case .noResponders: continue
                case .nothing: continue
                case .closed: return queue.finish()
                }
            }
            queue.finish()
        }
    }

    /// The next request; nil once the inbox is closed, or when the task is cancelled. For one reader at a time.
    package func next() async -> NATSQuestion? { await queue.next() }

    /// Stops listening.
    package func close() async {
        isClosing.isRaised.store(true, ordering: .releasing)
        await thread.joined()
    }
}
