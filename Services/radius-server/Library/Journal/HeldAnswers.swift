import CPlatform
import Synchronization

/// Answers whose records are on disk but not yet in the replicated stream. Bounded: one that finds no room is dropped,
/// and its NAS asks again.
final class HeldAnswers: Sendable {
    private struct Held {
        let answer: JournalMailbox.Answer
        let octets: [UInt8]
    }

    private let answers = Mutex<[UInt64: Held]>([:])
    private static let capacity = 65_536

    func add(_ answer: JournalMailbox.Answer, _ octets: UnsafeRawBufferPointer) {
        answers.withLock { answers in
            if answers.count < Self.capacity {
                answers[answer.sequence] = unsafe Held(answer: answer, octets: Array(octets))
            }
        }
    }

    func holds(_ sequence: UInt64) -> Bool { answers.withLock { $0[sequence] != nil } }

    /// Sends the answer of this record, if it waits here.
    func release(_ sequence: UInt64) {
        guard let held = answers.withLock({ $0.removeValue(forKey: sequence) }) else { return }
        unsafe held.octets.withUnsafeBufferPointer { octets in
            guard let bytes = octets.baseAddress else { return }
            var outgoing = unsafe cp_outgoing(
                bytes: bytes,
                length: UInt32(octets.count),
                destination: held.answer.destination,
                local: held.answer.local
            )
            _ = unsafe cp_send_batch(held.answer.descriptor, &outgoing, 1)
        }
    }
}
