import Glibc

/// The process's limit on open descriptors (RLIMIT_NOFILE).
enum DescriptorLimit {
    /// What the rest of the process needs.
    private static let reserve = 256

    /// Raises the soft limit towards the hard one as far as `connections` need, and returns how many of them fit.
    static func makeRoom(for connections: Int) -> Int {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(resource, &limit) == 0 else { return connections }
        let needed = rlim_t(connections + reserve)
        if limit.rlim_cur < needed, limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = min(limit.rlim_max, needed)
            guard unsafe setrlimit(resource, &limit) == 0 else { return connections }
        }
        return min(connections, max(16, Int(clamping: limit.rlim_cur) - reserve))
    }
}
