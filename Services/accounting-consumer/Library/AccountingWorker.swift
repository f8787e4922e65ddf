import Concurrency
import Lifecycle
import Observability

/// One worker: takes a batch, brings it to its end, takes the next. While it waits for its commit the source fetches ahead
/// and the other workers decode and fold.
struct AccountingWorker: Lifecycle.Service {
    let source: any DeliverySource
    let processor: BatchProcessor
    let batch: Int
    let wait: Duration
    let logger: Logger

    func run() async throws {
        do {
            try await serve()
        } catch is CancellationError {
            // What was not settled is delivered again.
        }
    }

    private func serve() async throws {
        while !GracefulShutdown.isShuttingDown {
            let deliveries: [any AccountingDelivery]
            do {
                deliveries = try await source.next(maximum: batch, within: wait)
            } catch let error as CancellationError {
                throw error
            } catch {
                logger.warn("accounting stream cannot be read", ["error": .error(error)])
                try await rest(for: .milliseconds(200))
                continue
            }
            guard !deliveries.isEmpty else { continue }
            try await processor.process(deliveries)
        }
    }
}
