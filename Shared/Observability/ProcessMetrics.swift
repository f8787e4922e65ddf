import Concurrency

extension MetricsRegistry {
    /// Registers what every daemon tells about its process: memory, descriptors, processor time, age and build.
    package func processMetrics(service: String, version: String) {
        let started = SystemClock.monotonicNanoseconds()
        let startedAt = Double(SystemClock.microsecondsSince1970()) / 1e6
        gauge("process_resident_memory_bytes", "Resident memory in octets.") { Double(ProcessUsage.residentOctets) }
        gauge("process_open_fds", "Open file descriptors.") { Double(ProcessUsage.openDescriptors) }
        gauge("process_max_fds", "File descriptors that may be open.") { Double(ProcessUsage.maximumDescriptors) }
        counter("process_cpu_seconds_total", "Processor time, user and system.") { ProcessUsage.processorSeconds }
        gauge("process_start_time_seconds", "When the process began, in seconds since 1970.") { startedAt }
        gauge("process_uptime_seconds", "How long the process has run.") {
            Double(SystemClock.monotonicNanoseconds() - started) * 1e-9
        }
        gauge("nexora_build_info", "Always 1; the labels tell what runs.", labels: ["service", "version"]) {
            [MetricSample([service, version], 1)]
        }
    }
}
