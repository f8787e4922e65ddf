import Admission
import Domain
import Observability

/// Tells Redis what NASes report of sessions, in one call per receive batch. What cannot be told waits, up to a bound;
/// what is lost by then is repaired by the reconciliation with Postgres. Confined to one thread.
final class SessionReporter {
    /// Reports that wait for Redis at most.
    private static let capacity = 65_536
    private static let reportsPerCall = 256

    private let link: AdmissionLink
    private let table: SessionTable
    private let recent: RecentReports
    private let metrics: AdmissionMetrics
    private var waiting: [SessionReport] = []
    private var calls: [UInt64: [SessionReport]] = [:]
    private var lastToken: UInt64 = 0
    private var sweptAt: UInt64 = 0
    private var wasOpen = false
    private var tellings = 0
    private var part = 0

    init(link: AdmissionLink, table: SessionTable, recent: RecentReports, metrics: AdmissionMetrics) {
        self.link = link
        self.table = table
        self.recent = recent
        self.metrics = metrics
    }

    var descriptor: Int32 { link.descriptor }
    var wantsWriting: Bool { link.wantsWriting }
    var generation: UInt64 { link.generation }

    /// One accounting record, durable or not: a repeat changes nothing. `now` in monotonic nanoseconds.
    func note(_ report: SessionReport, now: UInt64) {
        let seconds = UInt32(truncatingIfNeeded: now / 1_000_000_000)
        if report.kind == .ended {
            table.end(service: report.service, device: report.device, admission: report.admission)
        } else {
            let entry = SessionTable.Entry(
                device: report.device,
                admission: report.admission,
                nas: report.nas,
                since: seconds,
                heardAt: seconds,
                toldAt: seconds,
                lease: report.leaseSeconds
            )
            guard table.hear(service: report.service, entry, began: report.kind == .began) else { return }
        }
        recent.note(report, now: now)
        guard waiting.count < Self.capacity else { return metrics.reportsLost.add(1) }
        waiting.append(report)
    }

    /// Sends what waits and takes answers. Nanoseconds until it must be called again at the latest.
    func advance(now: UInt64) -> UInt64 {
        if recent.tellings != tellings {
            // Another primary of Redis: it may lack the last reports, and repeats change nothing.
            tellings = recent.tellings
            waiting += recent.remembered([.began, .isAlive, .isLeaving], now: now)
        }
        while !waiting.isEmpty && link.isOpen && calls.count < 16 {
            let part = Array(waiting.prefix(Self.reportsPerCall))
            var octets: [UInt8] = []
            octets.reserveCapacity(part.count * 61)
            for report in part { report.append(to: &octets) }
            lastToken += 1
            guard link.report(octets, token: lastToken, now: now) else { break }
            calls[lastToken] = part
            waiting.removeFirst(part.count)
        }
        let pause = link.advance(now: now) { token, answer in
            guard let part = calls.removeValue(forKey: token) else { return }
            // An end that was told twice ends nothing: it names its grant.
            if case .failed(let outcomeKnown) = answer, !outcomeKnown { waiting = part + waiting }
        }
        if link.isOpen != wasOpen {
            wasOpen = link.isOpen
            metrics.open.add(wasOpen ? 1 : -1)
        }
        if now &- sweptAt > 1_000_000_000 {
            sweptAt = now
            part += 1
            table.sweep(part: part, now: UInt32(truncatingIfNeeded: now / 1_000_000_000))
            metrics.sessions.set(Double(table.count))
        }
        return pause
    }
}
