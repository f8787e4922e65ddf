import Synchronization

/// What is known of one segment while the journal lives.
final class SegmentInfo: Sendable {
    let segment: Segment
    /// Offset behind the last durable record.
    let end: Atomic<Int>
    /// No more records will be added.
    let isClosed: Atomic<Bool>
    /// Monotonic nanoseconds of the moment when JetStream had acknowledged all of it; 0 while it has not.
    let acknowledgedAt = Atomic<UInt64>(0)

    init(_ segment: Segment, end: Int, isClosed: Bool) {
        self.segment = segment
        self.end = Atomic(end)
        self.isClosed = Atomic(isClosed)
    }
}

/// A place in the journal: the offset of a record in a segment.
struct JournalPosition: Comparable, Sendable {
    var segment: UInt64
    var offset: Int

    static func < (a: JournalPosition, b: JournalPosition) -> Bool {
        (a.segment, a.offset) < (b.segment, b.offset)
    }
}
