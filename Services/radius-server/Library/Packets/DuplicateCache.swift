import CPlatform
import Glibc
import Sockets

/// Recognises a retransmission and keeps its finished answer, octet for octet (RFC 5080 §2.2.2).
///
/// Key: source address and port, code, identifier and Request Authenticator; the socket is the owning thread's. A new
/// authenticator under the same identifier replaces the old entry. Only packets that proved authentic come here. It has
/// a fixed size (4 entries a set, the oldest gives way) and never allocates. Confined to one thread.
@safe final class DuplicateCache {
    /// A packet's place in the cache; `generation` tells whether the place still belongs to it.
    struct Slot {
        let index: Int
        let generation: UInt32
    }

    enum Lookup {
        /// Not seen before: the slot is its own, in progress.
        case fresh(Slot)
        /// Seen and still being worked on.
        case inProgress(Slot)
        /// Seen and answered: send the kept answer again.
        case answered(Slot)
    }

    /// What one entry is waiting for.
    enum Progress {
        case working
        /// The answer stands, but may go only once the journal holds this sequence.
        case awaitingJournal(sequence: UInt64)
        case answered
    }

    private struct Entry {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var authenticatorHigh: UInt64 = 0
        var authenticatorLow: UInt64 = 0
        var usedAt: UInt64 = 0
        var journalSequence: UInt64 = 0
        var generation: UInt32 = 0
        var port: UInt16 = 0
        var answerLength: UInt16 = 0
        var code: UInt8 = 0
        var identifier: UInt8 = 0
        var state: UInt8 = 0  // 0 empty, 1 working, 2 awaiting journal, 3 answered
    }

    /// Octets an answer has in its slot.
    static let answerCapacity = 512
    private static let ways = 4

    private let lifetime: UInt64
    private let setMask: Int
    private let entries: UnsafeMutablePointer<Entry>
    private let answers: UnsafeMutableRawPointer
    private let answerBytes: Int
    private let count: Int
    /// Evictions of entries younger than their lifetime: the cache is too small for its NASes.
    private(set) var earlyEvictions: UInt64 = 0

    /// `capacity` entries (rounded up to a power of two), each kept for `lifetime` nanoseconds.
    init(capacity: Int, lifetime: UInt64) {
        var sets = 64
        while sets * Self.ways < capacity { sets *= 2 }
        setMask = sets - 1
        count = sets * Self.ways
        self.lifetime = lifetime
        unsafe entries = .allocate(capacity: count)
        unsafe entries.initialize(repeating: Entry(), count: count)
        answerBytes = count * Self.answerCapacity
        // Fresh pages of the kernel: an unused slot costs address space only.
        let pages = unsafe mmap(nil, answerBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let pages = unsafe pages, unsafe pages != MAP_FAILED else {
            preconditionFailure("no address space for the duplicate cache")
        }
        unsafe answers = pages
    }

    deinit {
        unsafe entries.deallocate()
        unsafe munmap(answers, answerBytes)
    }

    /// Finds or makes the entry of an authentic packet. `authenticator` points at its 16 octets.
    func look(
        source: SourceAddress,
        code: UInt8,
        identifier: UInt8,
        authenticator: UnsafeRawPointer,
        now: UInt64
    ) -> Lookup {
        let first = unsafe authenticator.loadUnaligned(as: UInt64.self)
        let second = unsafe authenticator.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        let set = setIndex(source, code: code, identifier: identifier) * Self.ways
        var victim = set
        for index in set..<set + Self.ways {
            let same = unsafe entries[index].state != 0 && matches(index, source, code, identifier)
            if same {
                if unsafe entries[index].authenticatorHigh == first && entries[index].authenticatorLow == second
                    && now &- entries[index].usedAt < lifetime
                {
                    let slot = Slot(index: index, generation: unsafe entries[index].generation)
                    return unsafe entries[index].state == 3 ? .answered(slot) : .inProgress(slot)
                }
                victim = index
                break
            }
            if unsafe entries[index].state == 0 {
                if unsafe entries[victim].state != 0 { victim = index }
            } else if unsafe entries[victim].state != 0 && entries[index].usedAt < entries[victim].usedAt {
                victim = index
            }
        }
        if unsafe entries[victim].state != 0, !matches(victim, source, code, identifier),
            unsafe now &- entries[victim].usedAt < lifetime
        {
            earlyEvictions += 1
        }
        let generation = unsafe entries[victim].generation &+ 1
        unsafe entries[victim] = Entry(
            high: source.high,
            low: source.low,
            authenticatorHigh: first,
            authenticatorLow: second,
            usedAt: now,
            generation: generation,
            port: source.port,
            code: code,
            identifier: identifier,
            state: 1
        )
        return .fresh(Slot(index: victim, generation: generation))
    }

    /// Keeps the finished answer, which may be sent now, or once the journal holds `journalSequence`. An answer too long
    /// for a slot is not kept: its request, sent again, is worked on again, which every handler allows.
    func keep(_ answer: UnsafeRawBufferPointer, in slot: Slot, journalSequence: UInt64? = nil) {
        guard owns(slot) else { return }
        guard answer.count <= Self.answerCapacity, let bytes = answer.baseAddress else { return forget(slot) }
        unsafe (answers + slot.index * Self.answerCapacity).copyMemory(from: bytes, byteCount: answer.count)
        unsafe entries[slot.index].answerLength = UInt16(answer.count)
        unsafe entries[slot.index].journalSequence = journalSequence ?? 0
        unsafe entries[slot.index].state = journalSequence == nil ? 3 : 2
    }

    /// The kept answer waits for its moment: a retransmission meanwhile is a packet in progress.
    func hold(_ slot: Slot) {
        guard owns(slot) else { return }
        unsafe entries[slot.index].state = 1
    }

    /// The answer has left, or is free to: a retransmission gets it again.
    func release(_ slot: Slot) {
        guard owns(slot) else { return }
        unsafe entries[slot.index].state = 3
    }

    /// Whether the slot still belongs to the packet it was given to.
    func owns(_ slot: Slot) -> Bool {
        unsafe entries[slot.index].generation == slot.generation && entries[slot.index].state != 0
    }

    /// What the entry waits for.
    func progress(_ slot: Slot) -> Progress {
        switch unsafe entries[slot.index].state {
        case 3: .answered
        case 2: .awaitingJournal(sequence: unsafe entries[slot.index].journalSequence)
        default: .working
        }
    }

    /// The kept answer's octets.
    func keptAnswer(_ slot: Slot) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(
            start: answers + slot.index * Self.answerCapacity,
            count: Int(entries[slot.index].answerLength)
        )
    }

    /// Forgets the entry, so that a retransmission is a new request. For work that was shed or failed.
    func forget(_ slot: Slot) {
        guard owns(slot) else { return }
        unsafe entries[slot.index].state = 0
    }

    private func matches(_ index: Int, _ source: SourceAddress, _ code: UInt8, _ identifier: UInt8) -> Bool {
        unsafe entries[index].identifier == identifier && entries[index].port == source.port
            && entries[index].low == source.low && entries[index].high == source.high && entries[index].code == code
    }

    private func setIndex(_ source: SourceAddress, code: UInt8, identifier: UInt8) -> Int {
        var hash = source.low &* 0x9e37_79b9_7f4a_7c15 ^ source.high
        hash ^= UInt64(source.port) << 16 | UInt64(identifier) << 8 | UInt64(code)
        hash = (hash ^ hash >> 32) &* 0xd6e8_feb8_6659_fd93
        return Int(truncatingIfNeeded: hash >> 32) & setMask
    }
}
