import Concurrency
import Synchronization

/// What other threads ask of the server's loop.
final class LoopMailbox: Sendable {
    enum Message: Sendable {
        case watch(ClientWatch)
        case unwatch(ClientWatch)
        case adopt(WebSocket, UpgradedSocket)
        /// The socket has something to send, or room for more messages.
        case attend(WebSocket)
        /// End gracefully, by then at the latest.
        case drain(Deadline)
    }

    let event: EventFD
    private let messages = Mutex<[Message]>([])

    init() throws(SystemError) { event = try EventFD() }

    func post(_ message: Message) {
        let isFirst = messages.withLock { messages in
            messages.append(message)
            return messages.count == 1
        }
        if isFirst { event.signal() }
    }

    func takeAll() -> [Message] {
        event.drain()
        return messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}
