import Glibc

/// A bound, listening TCP socket that does not block; closed at the end of its life.
package struct ListeningSocket: ~Copyable {
    package let descriptor: Int32
    /// The bound port.
    package let port: UInt16

    /// Binds a numeric IPv4 or IPv6 address; port 0 takes a free one. So many connections may wait to be accepted.
    package init(address: String, port: UInt16, backlog: Int32 = 128) throws(SystemError) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(address, String(port), &hints, &found) == 0, let found = unsafe found else {
            throw SystemError("bind \(address)", EINVAL)
        }
        defer { unsafe freeaddrinfo(found) }
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let made = unsafe socket(found.pointee.ai_family, type, 0)
        guard made >= 0 else { throw SystemError("socket", errno) }
        var on: Int32 = 1
        unsafe setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard unsafe bind(made, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0, listen(made, backlog) == 0 else {
            let reason = errno
            close(made)
            throw SystemError("bind \(address) port \(port)", reason)
        }
        descriptor = made
        self.port = Self.boundPort(made)
    }

    deinit { close(descriptor) }

    /// The descriptor, which is the caller's to close from now on.
    package consuming func release() -> Int32 {
        let descriptor = descriptor
        discard self
        return descriptor
    }

    private static func boundPort(_ descriptor: Int32) -> UInt16 {
        // Both address families keep the port at the same place, in network order.
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe getsockname(descriptor, generic, &length)
            }
        }
        return result == 0 ? UInt16(bigEndian: address.sin6_port) : 0
    }
}
