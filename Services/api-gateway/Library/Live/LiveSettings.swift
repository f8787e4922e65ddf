package import Configuration

/// How much tails may take.
package struct LiveSettings: Sendable {
    /// Open tails of one user, over all of his sessions and keys, on one gateway.
    package var perUser = 5
    /// Events in memory, and their octets: what a tail can begin with at once, and how far a slow client may fall behind.
    package var events = 20_000
    package var octets = 32 << 20
    /// Clients that may read the stream's history at the same time.
    package var histories = 16
    /// How often it is asked whether who watches still may.
    package var renewal = Duration.seconds(10)

    package init() {}

    /// Reads its keys.
    package init(_ config: ConfigReader) {
        perUser = config.int(
            "live.connections_per_user",
            default: 5,
            in: 1...1_000,
            doc: "Live streams and sockets that one user may hold open on one gateway."
        )
        events = config.int(
            "live.events",
            default: 20_000,
            in: 100...1_000_000,
            doc: "Newest events kept in memory for tails."
        )
        octets = config.bytes(
            "live.octets",
            default: 32 << 20,
            in: 1 << 20...1 << 30,
            doc: "Octets of the events kept in memory."
        )
        histories = config.int(
            "live.histories",
            default: 16,
            in: 1...1_000,
            doc: "Clients that may read events older than those in memory at the same time."
        )
    }
}
