import CPlatform
import Domain

/// Records that receivers have handed over and the journal has not yet written, with the answers that wait for it.
/// Two of them take turns: receivers fill one while the journal thread works on the other. Fixed size: a full mailbox
/// refuses, and the NAS asks again.
@safe final class JournalMailbox {
    /// An answer that may leave once its record is on disk.
    struct Answer {
        var descriptor: Int32
        var offset: Int
        var length: Int
        var sequence: UInt64
        var destination: cp_endpoint
        var local: cp_local
    }

    private let records: UnsafeMutableRawBufferPointer
    private(set) var used = 0
    private(set) var firstSequence: UInt64 = 0
    private(set) var lastSequence: UInt64 = 0
    private(set) var recordCount = 0
    private(set) var answers: ContiguousArray<Answer> = []
    private var answerOctets: ContiguousArray<UInt8> = []
    private let answerLimit: Int

    init(capacity: Int, answers limit: Int) {
        unsafe records = .allocate(byteCount: capacity, alignment: 16)
        answerLimit = limit
        answers.reserveCapacity(limit)
        answerOctets.reserveCapacity(limit * 32)
    }

    deinit { unsafe records.deallocate() }

    var isEmpty: Bool { recordCount == 0 }

    /// Takes a record and its answer; false when full.
    func add(
        _ record: JournalRecord,
        packet: UnsafeRawBufferPointer,
        answer: UnsafeRawBufferPointer,
        descriptor: Int32,
        destination: cp_endpoint,
        local: cp_local
    ) -> Bool {
        let footprint = JournalRecord.footprint(packet: packet.count)
        guard unsafe used + footprint <= records.count, answers.count < answerLimit,
            let base = unsafe records.baseAddress
        else {
            return false
        }
        unsafe record.write(packet: packet, to: base + used)
        used += footprint
        if recordCount == 0 { firstSequence = record.sequence }
        lastSequence = record.sequence
        recordCount += 1
        answers.append(
            Answer(
                descriptor: descriptor,
                offset: answerOctets.count,
                length: answer.count,
                sequence: record.sequence,
                destination: destination,
                local: local
            )
        )
        unsafe answerOctets.append(contentsOf: answer)
        return true
    }

    func removeAll() {
        used = 0
        recordCount = 0
        answers.removeAll(keepingCapacity: true)
        answerOctets.removeAll(keepingCapacity: true)
    }

    /// The records, to be sealed in place and written.
    var octets: UnsafeMutableRawBufferPointer { unsafe UnsafeMutableRawBufferPointer(rebasing: records[..<used]) }

    /// Sends all answers.
    func sendAnswers() {
        var start = answers.startIndex
        var outgoing = unsafe ContiguousArray<cp_outgoing>()
        unsafe outgoing.reserveCapacity(min(answers.count, 64))
        unsafe answerOctets.withUnsafeBytes { octets in
            while start < answers.endIndex {
                let descriptor = answers[start].descriptor
                unsafe outgoing.removeAll(keepingCapacity: true)
                while start < answers.endIndex, answers[start].descriptor == descriptor, unsafe outgoing.count < 64 {
                    let answer = answers[start]
                    start += 1
                    guard let base = octets.baseAddress else { continue }
                    let bytes = unsafe (base + answer.offset).assumingMemoryBound(to: UInt8.self)
                    unsafe outgoing.append(
                        cp_outgoing(
                            bytes: bytes,
                            length: UInt32(answer.length),
                            destination: answer.destination,
                            local: answer.local
                        )
                    )
                }
                unsafe outgoing.withUnsafeBufferPointer { items in
                    guard let first = items.baseAddress, !items.isEmpty else { return }
                    unsafe _ = cp_send_batch(descriptor, first, UInt32(items.count))
                }
            }
        }
    }

    /// One answer's octets and target, for a cluster that waits for the replicated stream too.
    func forEachAnswer(_ body: (Answer, UnsafeRawBufferPointer) -> Void) {
        unsafe answerOctets.withUnsafeBytes { octets in
            for answer in answers {
                unsafe body(
                    answer,
                    UnsafeRawBufferPointer(rebasing: octets[answer.offset..<answer.offset + answer.length])
                )
            }
        }
    }
}
