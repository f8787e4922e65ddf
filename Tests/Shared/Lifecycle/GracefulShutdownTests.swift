import Concurrency
import Lifecycle
import SharedTesting
import Testing

@Suite struct GracefulShutdownTests {
    @Test func `Waiting ends when the signal is raised, at once when it was already`() async {
        let signal = ShutdownSignal()
        await GracefulShutdown.$signal.withValue(signal) {
            #expect(!GracefulShutdown.isShuttingDown)
            async let waiting: Void = waitForShutdown()
            signal.raise()
            await waiting
            await waitForShutdown()
            #expect(GracefulShutdown.isShuttingDown)
        }
    }

    @Test func `Waiting ends on cancellation, in a group and outside`() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await waitForShutdown() }
            group.addTask { await GracefulShutdown.$signal.withValue(ShutdownSignal()) { await waitForShutdown() } }
            group.cancelAll()
        }
    }

    @Test func `A handler runs once, while its operation runs`() async throws {
        let calls = Monitor(0)
        let signal = ShutdownSignal()
        await GracefulShutdown.$signal.withValue(signal) {
            await withGracefulShutdownHandler {
                signal.raise()
                signal.raise()
            } onShutdown: {
                calls.withLock { $0 += 1 }
            }
        }
        #expect(calls.withLock { $0 } == 1)
        let later = ShutdownSignal()
        await GracefulShutdown.$signal.withValue(later) {
            await withGracefulShutdownHandler {
            } onShutdown: {
                calls.withLock { $0 += 1 }
            }
        }
        later.raise()
        #expect(calls.withLock { $0 } == 1)
    }
}
