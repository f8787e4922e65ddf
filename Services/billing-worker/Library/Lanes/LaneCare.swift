import Billing
import Concurrency
import Domain
import Ledger
import Lifecycle
import Messaging
import Observability
import Persistence

/// What a lane needs besides its commands, from whoever leads it: holds end when their time is over, and what was written is read
/// again and proved (WAL-13).
struct LaneCare: Sendable {
    let lane: Lane
    let desk: any MoneyDesk
    let holds: @Sendable (_ now: Timestamp) async throws -> [Hold]
    /// The newest place that a signature vouches for: what stands before it is proved by samples.
    let vouched: @Sendable () async throws -> VerifiedHead
    let verify: @Sendable (_ since: VerifiedHead) async throws -> StretchVerdict
    let sample: @Sendable () async throws -> StretchVerdict
    /// Keeps what was found, where whoever looks at the books reads it.
    let record: @Sendable (_ found: LaneFinding, _ at: Timestamp) async throws -> Void
    let metrics: CareMetrics
    let logger: Logger
    let time: TimeSource
    let ids: IDGenerator
    let interval: Duration

    /// Until it is asked to end. What fails is tried again in the next round.
    func run() async throws {
        var known: VerifiedHead?
        var round = 0
        var told: LedgerDiscrepancy?
        while !GracefulShutdown.isShuttingDown {
            await attempt("holds") { try await expire() }
            await attempt("verification") {
                let head = if let known { known } else { try await vouched() }
                let verdict = try await follow(head, &told)
                known = verdict.head
                try await record(.stretch(verdict), time.now())
                // What was proved long ago may have been changed since.
                if verdict.isAtEnd, round % 10 == 0 {
                    let sampled = try await sample()
                    tell(sampled, &told)
                    try await record(.sample(sampled), time.now())
                }
            }
            round += 1
            try await rest(for: interval)
        }
    }

    /// Proves what was written since, in short steps with a rest after each: proving may take a third of the time while somebody waits
    /// for his transfer, not all of it at once. Ends behind the lane's last batch, at what is wrong, or once it took the whole interval.
    private func follow(_ head: VerifiedHead, _ told: inout LedgerDiscrepancy?) async throws -> StretchVerdict {
        let end = Deadline.after(interval)
        var head = head
        while true {
            let began = SystemClock.monotonicNanoseconds()
            let verdict = try await verify(head)
            tell(verdict, &told)
            if verdict.isAtEnd || verdict.discrepancy != nil || end.hasPassed { return verdict }
            head = verdict.head
            try await rest(for: .nanoseconds(Int64(clamping: SystemClock.monotonicNanoseconds() - began)) * 2)
        }
    }

    private func expire() async throws {
        for hold in try await holds(time.now()) {
            let transfer = hold.expiry(id: ids.next())
            let command = MoneyCommand(
                id: transfer.id,
                tenantID: transfer.tenantID,
                lane: lane,
                key: transfer.key,
                action: .expire(hold: hold.ref.id),
                details: transfer.details
            )
            if try await desk.submit(command, within: .seconds(2))?.isPosted == true { metrics.expired.add(1) }
        }
    }

    private func tell(_ verdict: StretchVerdict, _ told: inout LedgerDiscrepancy?) {
        metrics.verified(lane, verdict)
        guard let discrepancy = verdict.discrepancy, discrepancy != told else { return }
        told = discrepancy
        logger.error(
            "the ledger is wrong",
            [
                "operator": .string(lane.rootID.description), "currency": .string(lane.currency.code),
                "discrepancy": .string("\(discrepancy)"),
            ]
        )
    }

    private func attempt(_ what: StaticString, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch is CancellationError {
        } catch {
            logger.warn("care of the lane waits", ["part": .string("\(what)"), "error": .string("\(error)")])
        }
    }
}

/// What was looked at in a lane, and what was found there.
enum LaneFinding: Sendable {
    /// The next stretch behind what was proved before.
    case stretch(StretchVerdict)
    /// A stretch from anywhere.
    case sample(StretchVerdict)
}

/// What looking after the lanes counts.
struct CareMetrics: Sendable {
    let expired: CounterCell
    private let rows: Counter
    private let behind: Gauge
    private let discrepancies: Gauge

    init(_ registry: MetricsRegistry) {
        expired = registry.counter("ledger_holds_expired_total", "Holds that ended because their time was over.").with()
        rows = registry.counter(
            "ledger_verified_rows_total",
            "Rows of the ledger that were read again and proved.",
            labels: ["operator", "currency"]
        )
        behind = registry.gauge(
            "ledger_verification_complete",
            "1 while the lane is proved to its end by the process that leads it.",
            labels: ["operator", "currency"]
        )
        discrepancies = registry.gauge(
            "ledger_discrepancy",
            "1 from the moment that something is wrong with a lane: nexora ledger verify names it.",
            labels: ["operator", "currency"]
        )
    }

    func verified(_ lane: Lane, _ verdict: StretchVerdict) {
        let labels = (lane.rootID.description, lane.currency.code)
        rows.with(labels.0, labels.1).add(Int(verdict.rows))
        behind.with(labels.0, labels.1).set(verdict.isAtEnd && verdict.discrepancy == nil ? 1 : 0)
        let gauge = discrepancies.with(labels.0, labels.1)
        if verdict.discrepancy != nil { gauge.set(1) } else if gauge.value != 1 { gauge.set(0) }
    }
}
