import Admission
import Concurrency
import Domain
import Observability

/// What all threads share of admission, and what each makes of it.
struct AdmissionParts: Sendable {
    let settings: AdmissionSettings
    let metrics: AdmissionMetrics
    /// Connections to Redis that a pair of threads, one for each port, has: a desk's and a reporter's.
    let linksPerThread = 2
    /// Seconds that a session counts at least when it is not heard of.
    let lease: UInt32
    private let table = SessionTable()
    private let reserve = AddressReserve()
    private let recent = RecentReports()
    /// Under which name blocks are reserved: a server that starts anew does not know what it gave out before.
    private let holder: String
    private let open: @Sendable (AdmissionLink.Settings) -> AdmissionLink

    /// `open` makes a connection to Redis for the thread that calls it.
    init(
        _ settings: AdmissionSettings,
        name: String,
        registry: MetricsRegistry,
        open: @escaping @Sendable (AdmissionLink.Settings) -> AdmissionLink
    ) {
        self.settings = settings
        self.open = open
        metrics = AdmissionMetrics(registry)
        lease = UInt32(clamping: settings.lease.wholeNanoseconds / 1_000_000_000)
        holder = "\(name)-\(SystemClock.microsecondsSince1970())"
    }

    func desk() -> AdmissionDesk {
        AdmissionDesk(
            settings: .init(
                holder: holder,
                capacity: settings.capacity,
                lease: lease,
                patience: UInt64(settings.patience.wholeNanoseconds)
            ),
            link: link(),
            table: table,
            reserve: reserve,
            recent: recent,
            metrics: metrics
        )
    }

    func reporter() -> SessionReporter {
        SessionReporter(link: link(), table: table, recent: recent, metrics: metrics)
    }

    private func link() -> AdmissionLink {
        var link = AdmissionLink.Settings()
        link.deadline = UInt64(settings.deadline.wholeNanoseconds)
        link.replicas = settings.replicas
        return open(link)
    }
}
