import Domain
import Events
import Synchronization

/// One record of a message that holds several: settled by itself, while the message is settled once, with its last record.
///
/// When any record is to come again, the whole message does; the others change nothing then. Two words, so that it stands
/// in a list of deliveries without an allocation of its own.
struct MessagePart: AccountingDelivery {
    private let message: SharedMessage
    let part: Int

    var subject: String { message.delivery.subject }
    var sequence: UInt64 { message.delivery.sequence }
    var timeMicroseconds: Int64 { message.delivery.timeMicroseconds }

    // Read out of the message only when asked for: dead letters do.

    /// The record's own id; where it cannot be read, its message's with the record's place.
    var messageID: String? {
        record?.id?.description ?? "\(message.delivery.messageID ?? String(sequence)).\(part)"
    }
    /// A message with this record alone.
    var payload: [UInt8] { record?.payload ?? message.delivery.payload }

    private var record: AccountingRecorded.Part? {
        let parts = (try? AccountingRecorded.parts(of: message.delivery.payload)) ?? []
        return part < parts.count ? parts[part] : nil
    }

    func ack() { message.settle(again: nil) }
    func nak(delay: Duration?) { message.settle(again: delay ?? .zero) }
    func inProgress() { message.delivery.inProgress() }

    /// The parts of a message of so many records.
    static func parts(of delivery: any AccountingDelivery, count: Int) -> [MessagePart] {
        let message = SharedMessage(delivery, parts: count)
        return (0..<count).map { MessagePart(message: message, part: $0) }
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
