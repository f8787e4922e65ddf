import CPlatform
import Glibc

/// What this process takes from the machine.
package enum ProcessUsage {
    /// Resident memory in octets; 0 where /proc is missing.
    package static var residentOctets: UInt64 { cp_resident_bytes() }

    /// Processor time so far, user and system, in seconds.
    package static var processorSeconds: Double {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        return Double(seconds) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }

    /// Open file descriptors; 0 where /proc is missing.
    package static var openDescriptors: Int {
        guard let directory = unsafe opendir("/proc/self/fd") else { return 0 }
        defer { unsafe closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        // Less ".", ".." and the directory's own descriptor.
        return max(0, count - 3)
    }

    /// How many descriptors the process may open.
    package static var maximumDescriptors: UInt64 {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        return UInt64(limit.rlim_cur)
    }
}
