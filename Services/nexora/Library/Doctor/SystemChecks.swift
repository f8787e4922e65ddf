import Glibc

/// What this machine gives the daemons: kernel buffers, ports, disk space, file descriptors.
struct SystemChecks {
    /// radius-server asks for this receive buffer, so that a burst waits in the kernel while it is answered.
    static let receiveBuffer = 4 << 20

    let console: Console

    func all() -> [Check] {
        [receiveBuffer(), backlog(), descriptors(), disk("."), port(1812), port(1813)]
    }

    private func receiveBuffer() -> Check {
        let name = "net.core.rmem_max"
        guard let value = Self.number("/proc/sys/net/core/rmem_max") else {
            return .warn(name, "cannot be read", "check that /proc is mounted")
        }
        guard value < Self.receiveBuffer else { return .ok(name, "\(value) octets") }
        return .warn(
            name,
            "\(value) octets; radius-server asks for \(Self.receiveBuffer)",
            "sysctl -w net.core.rmem_max=\(Self.receiveBuffer), and the same line in /etc/sysctl.d/nexora.conf"
        )
    }

    private func backlog() -> Check {
        let name = "net.core.netdev_max_backlog"
        guard let value = Self.number("/proc/sys/net/core/netdev_max_backlog") else {
            // Containers do not show it; the host's holds for them.
            return .ok(name, "not shown here: the host's holds")
        }
        guard value < 1000 else { return .ok(name, "\(value) packets") }
        return .warn(name, "\(value) packets", "sysctl -w net.core.netdev_max_backlog=4096")
    }

    private func descriptors() -> Check {
        var limit = rlimit()
        // SAFETY: the kernel fills the local structure.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return .warn("open files", "the limit cannot be read", "ulimit -n shows it")
        }
        guard limit.rlim_cur < 4096 else { return .ok("open files", "\(limit.rlim_cur) at most") }
        return .warn(
            "open files",
            "\(limit.rlim_cur) at most",
            "ulimit -n 65536, or LimitNOFILE= in the service's unit"
        )
    }

    private func disk(_ path: String) -> Check {
        var facts = statvfs()
        // SAFETY: the kernel fills the local structure.
        guard unsafe statvfs(path, &facts) == 0 else {
            return .warn("disk space", "cannot be read for \(path)", "df shows it")
        }
        let free = UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
        let total = max(1, UInt64(facts.f_blocks) * UInt64(facts.f_frsize))
        let finding = "\(free >> 20) MiB free of \(total >> 20) MiB here"
        if free < 1 << 30 {
            return .fail("disk space", finding, "free some space: a full disk leaves accounting unanswered")
        }
        return free < total / 10
            ? .warn("disk space", finding, "free some space before it runs out") : .ok("disk space", finding)
    }

    /// Whether a UDP port is free, or taken: by radius-server, as it should be, or by another program.
    private func port(_ number: UInt16) -> Check {
        let name = "UDP port \(number)"
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        guard descriptor >= 0 else { return .warn(name, "cannot be tried", "check the limits of this process") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = number.bigEndian
        // SAFETY: the structure is a socket address of the length given.
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result == 0 { return .ok(name, "free") }
        switch errno {
        case EADDRINUSE: return .ok(name, "taken: by radius-server if it runs here; ss -lunp sport = :\(number) shows")
        case EACCES: return .warn(name, "not for this user", "radius-server needs the right to bind it")
        default: return .warn(name, "cannot be bound (errno \(errno))", "check the machine's addresses")
        }
    }

    private static func number(_ path: String) -> Int? {
        guard let bytes = try? PrivateFile.read(path, limit: 4096) else { return nil }
        return Int(String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace })
    }
}
