import Concurrency
import Domain
import Ledger
import Lifecycle
import Messaging
import Observability
import Persistence

/// Writes one lane for as long as it may: takes it when it is free, reads its commands while it leads, and gives it back at
/// the end.
struct LaneRunner: Lifecycle.Service {
    let lane: Lane
    let batch: LaneBatch
    let care: LaneCare
    let lease: Duration
    let metrics: LaneMetrics
    let logger: Logger
    /// A consumer of the lane's commands; made anew each time the lane is taken.
    let consumer: @Sendable () throws -> EventConsumer

    private var writer: LaneWriter { batch.writer }

    func run() async throws {
        var waits = Backoff(initial: .milliseconds(100), maximum: .seconds(2))
        while !GracefulShutdown.isShuttingDown {
            do {
                guard try await writer.take() else {
                    // As often as it takes to follow soon after a writer that died.
                    try await rest(for: lease / 10)
                    continue
                }
                waits.reset()
                try await lead()
            } catch let error as CancellationError {
                throw error
            } catch LaneFault.fenced {
                logger.warn("another process took the lane over", fields)
            } catch {
                logger.warn("the lane waits", fields.merging(["error": .string("\(error)")]))
                try await rest(for: waits.next())
            }
        }
    }

    private func lead() async throws {
        logger.info("writes the lane", fields)
        metrics.leads(lane, true)
        defer { metrics.leads(lane, false) }
        let consumer = try consumer()
        let failure: (any Error)?
        do {
            try await serve(consumer)
            failure = nil
        } catch {
            failure = error
        }
        await consumer.close()
        if writer.epoch != nil { try? await writer.giveBack() }
        if let failure { throw failure }
    }

    /// Until the end is asked for, or something fails.
    private func serve(_ consumer: EventConsumer) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Two: one reads and plans the next commands while the other's are written.
            for _ in 0..<2 { group.addTask { try await consumer.run { try await batch.run($0) } } }
            group.addTask { try await care.run() }
            group.addTask {
                // Batches make the lease last on as well; this is for when there are none.
                while !GracefulShutdown.isShuttingDown {
                    try await rest(for: lease / 3)
                    try await writer.renew()
                }
            }
            defer { group.cancelAll() }
            try await withGracefulShutdownHandler {
                try await group.next()
            } onShutdown: {
                consumer.stop()
            }
            if GracefulShutdown.isShuttingDown { try await group.waitForAll() }
        }
    }

    private var fields: LogFields {
        ["operator": .string(lane.rootID.description), "currency": .string(lane.currency.code)]
    }

    /// What a failed batch says of its commands.
    static func failure(_ error: any Error) -> HandlingFailure {
        switch error as? LaneFault {
        case .fenced, .notLeading: .fatal
        case .tooMany: .message
        case .storage(let fault): fault.blamesData ? .message : .outage
        case nil: .outage
        }
    }
}
