/// How a day is played.
package struct PlayOptions: Sendable {
    /// The radius-server, IPv4 in host order.
    package var server: UInt32 = 127 << 24 | 1
    package var authPort: UInt16 = 1812
    package var acctPort: UInt16 = 1813
    /// Real seconds that the day takes; the day's own length plays it in real time.
    package var duration: Double = 120
    /// Real seconds after the last event within which everything must be answered.
    package var patience: Double = 120
    /// First retransmission after so many real seconds, doubled each time up to the second (RFC 5080 §2.2.1).
    package var firstRetransmission = 1.0
    package var lastRetransmission = 4.0
    /// Least real seconds between two reports of counters that wrap, and before a report of counters that were reset: what
    /// the server takes in at the same time it may take in in any order.
    package var orderlyPause = 0.25
    package var resetPause = 3.0
    /// Whether the server is restarted meanwhile, so that it forgets whom it has answered what.
    package var serverRestarts = false
    /// Whether NASes listen for CoA and Disconnect; a port of 0 is each kind's own.
    package var listens = false
    package var controlPort: UInt16 = 0
    package var mode = ControlDesk.Mode.obedient
    /// Real seconds for which sessions that are still on go on in real time after the day.
    package var liveSeconds: Double = 0
    /// Seconds between two interims then.
    package var liveInterim = 5
    /// A line of JSON for everything that CoA and Disconnect do; nil for none.
    package var eventsPath: String?

    package init() {}
}
