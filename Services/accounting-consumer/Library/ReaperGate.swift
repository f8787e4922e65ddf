import Domain

/// Decides up to which instant the stream is known to be processed, and whether stale sessions may be judged at all.
///
/// Silence of a NAS is only silence when everything it may have sent was processed: after an outage the records of
/// minutes wait in the stream or in the journals of radius-servers, and a reaper that looked at the clock would close
/// everyone. So the gate opens only while the consumer is caught up and has been for ``settling``, and an unreachable
/// server, a lag or a redelivery shuts it again.
struct ReaperGate {
    /// What the consumer's state is at an instant.
    struct Reading {
        var now: Timestamp
        /// Messages of the stream not delivered yet.
        var pending: UInt64
        /// Messages delivered, to whomever, and not settled.
        var outstanding: Int
        /// Of those, the ones delivered more than once: somebody died or failed with them.
        var redelivered: Int
        /// When the stream stored the newest message that this process settled.
        var settledThrough: Timestamp?
    }

    /// How long the consumer must have been caught up.
    let settling: Duration
    /// The greatest lag that still counts as caught up.
    let maximumLag: Duration
    /// Taken off for what other workers may still hold.
    let margin: Duration
    private var caughtUpSince: Timestamp?

    init(settling: Duration, maximumLag: Duration, margin: Duration) {
        self.settling = settling
        self.maximumLag = maximumLag
        self.margin = margin
    }

    /// Takes a reading, nil where there is none to be had, and returns the watermark, nil while the reaper must pause.
    mutating func watermark(_ reading: Reading?) -> Timestamp? {
        guard let reading, let processed = Self.processed(reading), reading.redelivered == 0,
            reading.now - processed <= maximumLag
        else {
            caughtUpSince = nil
            return nil
        }
        let since = caughtUpSince ?? reading.now
        caughtUpSince = since
        guard reading.now - since >= settling else { return nil }
        return processed - margin
    }

    /// The time up to which messages were processed; nil when that is unknown.
    static func processed(_ reading: Reading) -> Timestamp? {
        if reading.pending == 0 && reading.outstanding == 0 { return reading.now }
        return reading.settledThrough.map { min($0, reading.now) }
    }
}
