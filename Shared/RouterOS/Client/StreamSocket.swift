import Concurrency
import Domain
import Glibc

/// An address and port as the kernel takes it.
struct SocketAddress: Hashable, Sendable {
    let family: Int32
    /// A `sockaddr` of the family.
    let octets: [UInt8]

    /// Every address of that name, or the numeric address itself. A name asks the network and blocks: with `numericOnly` it
    /// does not, and a name has none.
    static func all(host: String, port: UInt16, numericOnly: Bool = false) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = numericOnly ? AI_NUMERICHOST : AI_ADDRCONFIG
        var found: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, String(port), &hints, &found) == 0 else { return [] }
        defer { if let found = unsafe found { unsafe freeaddrinfo(found) } }
        var addresses: [SocketAddress] = []
        var next = unsafe found
        while let entry = unsafe next {
            let length = unsafe Int(entry.pointee.ai_addrlen)
            if let address = unsafe entry.pointee.ai_addr {
                let octets = unsafe Array(UnsafeRawBufferPointer(start: address, count: length))
                addresses.append(SocketAddress(family: unsafe entry.pointee.ai_family, octets: octets))
            }
            unsafe next = unsafe entry.pointee.ai_next
        }
        return addresses
    }

    /// Whether it leads to this machine or no farther than its own link.
    var isLocal: Bool {
        // The address stands behind family and port, in IPv6 behind the flow label too.
        let range = family == AF_INET ? 4..<8 : 8..<24
        guard octets.count >= range.upperBound, let address = IPAddress(octets: octets[range]) else { return true }
        return address.isLocal
    }
}

/// A TCP connection that never blocks; closed at the end of its life.
final class StreamSocket {
    enum Received {
        /// So many octets stand at the buffer's beginning.
        case octets(Int)
        case nothing
        /// The other side sends no more.
        case ended
        case failed(SystemError)
    }

    let descriptor: Int32

    /// Begins to connect: when it is writable, `connectionError` says what became of that.
    init(connectingTo address: SocketAddress) throws(SystemError) {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let made = socket(address.family, type, 0)
        guard made >= 0 else { throw SystemError("socket", errno) }
        descriptor = made
        var on: Int32 = 1
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        let result = unsafe address.octets.withUnsafeBytes { bytes -> Int32 in
            // SAFETY: the octets are a sockaddr as getaddrinfo made it, and an array's storage is aligned for it.
            guard let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return -1 }
            return unsafe connect(descriptor, base, socklen_t(bytes.count))
        }
        let reason = errno
        guard result == 0 || reason == EINPROGRESS || reason == EINTR else { throw SystemError("connect", reason) }
    }

    deinit { close(descriptor) }

    /// Why connecting failed; nil where it did not.
    var connectionError: SystemError? {
        var reason: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &reason, &length) == 0 else {
            return SystemError("getsockopt", errno)
        }
        return reason == 0 ? nil : SystemError("connect", reason)
    }

    func receive(into buffer: inout [UInt8]) -> Received {
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe recv(descriptor, bytes.baseAddress, bytes.count, Int32(Int(MSG_DONTWAIT)))
        }
        if count > 0 { return .octets(count) }
        if count == 0 { return .ended }
        return errno == EAGAIN || errno == EINTR ? .nothing : .failed(SystemError("recv", errno))
    }

    /// How many the kernel took; 0 where it takes none now.
    func send(_ octets: ArraySlice<UInt8>) throws(SystemError) -> Int {
        let count = unsafe octets.withUnsafeBytes { bytes in
            unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(Int(MSG_NOSIGNAL)))
        }
        if count >= 0 { return count }
        guard errno == EAGAIN || errno == EINTR else { throw SystemError("send", errno) }
        return 0
    }
}
