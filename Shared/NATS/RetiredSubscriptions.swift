internal import CNATS
internal import Synchronization

/// Subscriptions that ended and wait to be freed. In libnats 3.4.1 the thread that reads a connection looks a
/// subscription up under one lock and then takes the subscription's own, without holding a reference between the two
/// (nats.c issue 637): who frees it at that moment crashes the process. The thread counts each message under the
/// lock of the look-up, so that once it counts another it has let go of all that had ended before.
/// SAFETY: each pointer is given away to this object, which frees it once.
@safe final class RetiredSubscriptions: Sendable {
    @safe private struct Retired: @unchecked Sendable {
        let subscription: OpaquePointer
        /// How many messages had been read when it had ended.
        let messages: UInt64
    }

    private let waiting = Mutex<[Retired]>([])

    /// Takes a subscription that has been unsubscribed, and frees those taken before whose time has come.
    func add(_ subscription: OpaquePointer, connection: OpaquePointer) {
        let messages = unsafe Self.messagesRead(connection)
        waiting.withLock { waiting in
            waiting.removeAll { retired in
                guard messages > retired.messages else { return false }
                unsafe natsSubscription_Destroy(retired.subscription)
                return true
            }
            waiting.append(unsafe Retired(subscription: subscription, messages: messages))
        }
    }

    /// Frees what waits. To be called when no thread of libnats reads the connection any more.
    func freeAll() {
        waiting.withLock { waiting in
            for retired in waiting { unsafe natsSubscription_Destroy(retired.subscription) }
            waiting.removeAll()
        }
    }

    var count: Int { waiting.withLock { $0.count } }

    /// 0 where it cannot be told: then nothing is freed before the connection ends.
    private static func messagesRead(_ connection: OpaquePointer) -> UInt64 {
        var statistics: OpaquePointer?
        guard unsafe natsStatistics_Create(&statistics) == NATS_OK else { return 0 }
        defer { unsafe natsStatistics_Destroy(statistics) }
        guard unsafe natsConnection_GetStats(connection, statistics) == NATS_OK else { return 0 }
        var messages: UInt64 = 0
        unsafe natsStatistics_GetCounts(statistics, &messages, nil, nil, nil, nil)
        return messages
    }
}
