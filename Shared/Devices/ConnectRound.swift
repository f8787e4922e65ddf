import Concurrency
import Domain
import Glibc

/// One target of a round: its addresses, tried one after the other.
struct ConnectAttempt: Sendable {
    let index: Int
    /// Never empty.
    var addresses: [IPAddress]
    let port: UInt16
}

/// Connects to many places side by side, on one thread, until each took the connection, refused it, or the limit has passed.
/// Blocks: for a thread of its own only.
struct ConnectRound {
    private var waiting: [(descriptor: Int32, attempt: ConnectAttempt)] = []
    private var results: [(Int, DeviceCheckResult)] = []
    private let deadline: Deadline

    init(_ attempts: [ConnectAttempt], limit: Duration) {
        deadline = .after(limit)
        for attempt in attempts { start(attempt) }
    }

    mutating func run() -> [(Int, DeviceCheckResult)] {
        while !waiting.isEmpty, !deadline.hasPassed { step() }
        for (descriptor, attempt) in waiting {
            close(descriptor)
            results.append((attempt.index, .failed(.timedOut)))
        }
        waiting = []
        return results
    }

    /// Waits for what happens first and takes all of it.
    private mutating func step() {
        var watched = waiting.map { pollfd(fd: $0.descriptor, events: Int16(POLLOUT), revents: 0) }
        guard unsafe poll(&watched, nfds_t(watched.count), deadline.pollTimeout) > 0 else { return }
        let before = waiting
        waiting = []
        for (entry, (descriptor, attempt)) in zip(watched, before) {
            guard entry.revents != 0 else {
                waiting.append((descriptor, attempt))
                continue
            }
            let failure = Self.pendingError(descriptor)
            close(descriptor)
            end(attempt, failure)
        }
    }

    private mutating func start(_ attempt: ConnectAttempt) {
        let address = attempt.addresses[0]
        let family = address.family == .ipv4 ? AF_INET : AF_INET6
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { return end(attempt, errno) }
        // Closing sends a reset: a device has no connection of ours to remember.
        var abort = linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &abort, socklen_t(MemoryLayout<linger>.size))
        let failure = Self.connect(descriptor, address, attempt.port)
        if failure == EINPROGRESS || failure == EINTR {
            waiting.append((descriptor, attempt))
        } else {
            close(descriptor)
            end(attempt, failure)
        }
    }

    /// The address is done with: the next one, or the result.
    private mutating func end(_ attempt: ConnectAttempt, _ failure: Int32) {
        guard failure != 0, attempt.addresses.count > 1 else {
            return results.append((attempt.index, Self.result(failure)))
        }
        var next = attempt
        next.addresses.removeFirst()
        start(next)
    }

    /// What an errno says about the device; 0 is a connection.
    static func result(_ failure: Int32) -> DeviceCheckResult {
        switch failure {
        case 0: .answered
        case ECONNREFUSED: .failed(.refused)
        case ETIMEDOUT: .failed(.timedOut)
        case EHOSTUNREACH, EHOSTDOWN: .failed(.unreachable)
        case ENETUNREACH, ENETDOWN, EADDRNOTAVAIL, EAFNOSUPPORT, EACCES, EPERM: .unchecked(.noRoute)
        case EMFILE, ENFILE, ENOBUFS, ENOMEM, EAGAIN: .unchecked(.noResources)
        default: .failed(.other)
        }
    }

    /// Why a connection did not come about; 0 where it did.
    private static func pendingError(_ descriptor: Int32) -> Int32 {
        var (failure, size) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
        return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 ? failure : errno
    }

    /// Begins to connect; errno, or 0 where it is done.
    private static func connect(_ descriptor: Int32, _ address: IPAddress, _ port: UInt16) -> Int32 {
        let octets = address.octets
        if address.family == .ipv4 {
            var place = sockaddr_in()
            place.sin_family = sa_family_t(AF_INET)
            place.sin_port = port.bigEndian
            place.sin_addr.s_addr = (address.ipv4 ?? 0).bigEndian
            return unsafe withUnsafePointer(to: &place) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 ? 0 : errno
                }
            }
        }
        var place = sockaddr_in6()
        place.sin6_family = sa_family_t(AF_INET6)
        place.sin6_port = port.bigEndian
        unsafe withUnsafeMutableBytes(of: &place.sin6_addr) { unsafe $0.copyBytes(from: octets) }
        return unsafe withUnsafePointer(to: &place) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0 ? 0 : errno
            }
        }
    }
}
