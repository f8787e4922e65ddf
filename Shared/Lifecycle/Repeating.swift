import Concurrency
package import Observability

/// Does something again and again until the current service is asked to end, with a rest in between that is asked for anew each time.
/// What fails is tried again in the next round; it is told once, as `message`, until it succeeds or fails otherwise, and to `failed`
/// each time. Throws when cancelled.
package func repeating(
    every interval: @autoclosure () -> Duration,
    _ logger: Logger,
    _ message: StaticString,
    failed: (any Error) -> Void = { _ in },
    _ body: () async throws -> Void
) async throws {
    var told = ""
    while !GracefulShutdown.isShuttingDown {
        do {
            try await body()
            told = ""
        } catch let error as CancellationError {
            throw error
        } catch {
            try Task.checkCancellation()
            failed(error)
            let reason = "\(error)"
            if reason != told { logger.warn(message, ["error": .string(reason)]) }
            told = reason
        }
        try await rest(for: interval())
    }
}
