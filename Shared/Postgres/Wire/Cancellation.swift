import CPostgres
import Concurrency
import Synchronization

/// Tells the server to cancel what one connection runs. Sent on a thread of its own: libpq's call has no deadline.
@safe
final class Cancellation: @unchecked Sendable {
    // SAFETY: libpq documents PQcancel as safe from any thread; the object is freed once nothing refers to it.
    private let raw: OpaquePointer
    private let isDelivered = Atomic<Bool>(false)

    init(_ raw: OpaquePointer) { unsafe self.raw = raw }

    deinit { unsafe PQfreeCancel(raw) }

    /// Whether the request has been answered: a later statement on the connection cannot be hit any more.
    var isFinished: Bool { isDelivered.load(ordering: .acquiring) }

    /// Sends the request and calls `then` afterwards, whether it reached the server or not.
    func send(then: @escaping @Sendable () -> Void) {
        do throws(SystemError) {
            _ = try PlatformThread.start(name: "pg-cancel") { [self] in
                var text = [CChar](repeating: 0, count: 256)
                // A failure shows as the statement's not ending, which the caller waits for only so long.
                _ = unsafe PQcancel(raw, &text, Int32(text.count))
                isDelivered.store(true, ordering: .releasing)
                then()
            }
        } catch {
            isDelivered.store(true, ordering: .releasing)
            then()
        }
    }
}
