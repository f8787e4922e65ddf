package import CPlatform
import Glibc

/// A bound UDP socket for batches of datagrams: nonblocking, shared by port (SO_REUSEPORT), with the kernel's drop
/// counter and the address that each datagram was sent to.
///
/// Receiving belongs to one thread; sending is safe from any.
package final class UDPSocket: Sendable {
    package let descriptor: Int32
    /// The port bound, also where 0 was asked for.
    package let port: UInt16
    /// The receive buffer the kernel granted, in octets.
    package let receiveBuffer: Int

    /// Binds `address` (numeric, IPv4 or IPv6) and `port`, asking for `receiveBuffer` octets.
    package init(address: String, port: UInt16, receiveBuffer: Int) throws(SocketError) {
        var bound = port
        let result = unsafe cp_udp_open(address, &bound, Int32(clamping: receiveBuffer))
        guard result >= 0 else { throw SocketError(operation: "bind \(address):\(port)/udp", number: -result) }
        self.descriptor = result
        self.port = bound
        self.receiveBuffer = Int(cp_socket_receive_buffer(result))
    }

    deinit { close(descriptor) }

    /// Sends the datagrams in as few calls as possible; returns how many the kernel took.
    @discardableResult
    package func send(_ items: UnsafeBufferPointer<cp_outgoing>) -> Int {
        guard let base = items.baseAddress, !items.isEmpty else { return 0 }
        return Int(unsafe cp_send_batch(descriptor, base, UInt32(items.count)))
    }
}
