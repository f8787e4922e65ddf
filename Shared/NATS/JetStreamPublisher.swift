internal import Concurrency

/// What became of handing over a message.
package enum PublishOutcome: Sendable, Equatable {
    /// Written towards the server. Its token comes back through the handler exactly once.
    case accepted
    /// As many messages as allowed wait for their acknowledgement. Nothing was sent.
    case stalled
    /// There is no connection. Nothing was sent and nothing is kept.
    case disconnected
}

/// Publishes into JetStream without waiting: every message carries a message id, and every acknowledgement comes
/// back by its token through one handler.
///
/// The acknowledgements are read here rather than by libnats' asynchronous publish: that one keeps a hash table of
/// copies, gives a lost acknowledgement no deadline, and buffers while disconnected.
package final class JetStreamPublisher: Sendable {
    /// Called from one of the publisher's threads at a time, never from inside `publish`: it must not block.
    package typealias Handler = @Sendable (_ token: UInt64, _ result: AckResult) -> Void

    private let core: PublisherCore
    private let sweeper: PlatformThread

    /// At most `maximumOutstanding` (up to 2^20) messages wait for their acknowledgement; one that has not come
    /// after `acknowledgementTimeout`, or by the end of its connection, is reported as unknown.
    package init(
        _ client: NATSClient,
        maximumOutstanding: Int = 8_192,
        acknowledgementTimeout: Duration = .seconds(5),
        handler: @escaping Handler
    ) throws {
        let core = try PublisherCore(client, maximumOutstanding, acknowledgementTimeout, handler)
        self.core = core
        try core.listen()
        do {
            sweeper = try PlatformThread.start(name: "nats-sweeper") { core.sweepUntilStopped() }
        } catch {
            core.stop()
            throw error
        }
    }

    deinit { core.stop() }

    /// Sends one message. Copies what it is given before it returns. It blocks only while the socket is full, and
    /// that for 2 s at most.
    package func publish(
        subject: String,
        payload: UnsafeRawBufferPointer,
        messageID: String,
        headers: [(String, String)] = [],
        token: UInt64
    ) -> PublishOutcome {
        unsafe core.publish(subject, payload, messageID, headers, token)
    }

    /// Sends one message.
    package func publish(
        subject: String,
        payload: [UInt8],
        messageID: String,
        headers: [(String, String)] = [],
        token: UInt64
    ) -> PublishOutcome {
        unsafe payload.withUnsafeBytes { unsafe core.publish(subject, $0, messageID, headers, token) }
    }

    /// How many accepted messages are not settled yet.
    package var outstanding: Int { core.outstanding }

    /// Stops; what is still outstanding is reported as unknown before this returns.
    package func close() async {
        core.stop()
        await sweeper.joined()
    }
}
