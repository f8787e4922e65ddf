import Events
import Synchronization

/// One record of a message that holds several: settled by itself, while the message is settled once, with its last record.
///
/// When any record is to come again, the whole message does; the others change nothing then.
struct MessagePart: AccountingDelivery {
    private let message: SharedMessage
    let part: Int
    let messageID: String?

    var subject: String { message.delivery.subject }
    var sequence: UInt64 { message.delivery.sequence }
    var timeMicroseconds: Int64 { message.delivery.timeMicroseconds }

    /// The record's own event. Read out of the message only when asked for: dead letters do.
    var payload: [UInt8] {
        let events = (try? EventBatch.split(message.delivery.payload)) ?? []
        return part < events.count ? events[part] : message.delivery.payload
    }

    func ack() { message.settle(again: nil) }
    func nak(delay: Duration?) { message.settle(again: delay ?? .zero) }
    func inProgress() { message.delivery.inProgress() }

    /// The parts of a message, one for each of these event ids.
    static func parts(of delivery: any AccountingDelivery, ids: [String]) -> [MessagePart] {
        let message = SharedMessage(delivery, parts: ids.count)
        return ids.enumerated().map { MessagePart(message: message, part: $0.offset, messageID: $0.element) }
    }
}

/// What the parts of one message share.
private final class SharedMessage: Sendable {
    private struct State {
        var remaining: Int
        /// The longest delay that a part asked for; nil while none is to come again.
        var again: Duration?
    }

    let delivery: any AccountingDelivery
    private let state: Mutex<State>

    init(_ delivery: any AccountingDelivery, parts: Int) {
        self.delivery = delivery
        state = Mutex(State(remaining: parts))
    }

    func settle(again delay: Duration?) {
        let (isLast, again) = state.withLock { state in
            state.remaining -= 1
            if let delay { state.again = max(state.again ?? .zero, delay) }
            return (state.remaining == 0, state.again)
        }
        guard isLast else { return }
        if let again { delivery.nak(delay: again) } else { delivery.ack() }
    }
}
