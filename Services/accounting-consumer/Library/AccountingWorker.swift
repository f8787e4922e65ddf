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
        // Messages hold more records the busier the servers are; a batch is meant in records.
        var recordsPerMessage = 1.0
        while !GracefulShutdown.isShuttingDown {
            let deliveries: [any AccountingDelivery]
            do {
                deliveries = try await source.next(
                    maximum: max(1, Int(Double(batch) / recordsPerMessage)),
                    within: wait
                )
            } catch let error as CancellationError {
                throw error
            } catch {
                logger.warn("accounting stream cannot be read", ["error": .error(error)])
                try await rest(for: .milliseconds(200))
                continue
            }
            guard !deliveries.isEmpty else { continue }
            let records = try await processor.process(deliveries)
            recordsPerMessage += (max(1, Double(records) / Double(deliveries.count)) - recordsPerMessage) / 4
        }
    }
}
