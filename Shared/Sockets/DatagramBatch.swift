package import CPlatform

/// The receive buffers of one thread: up to `slots` datagrams a call, parsed in place.
///
/// Not Sendable: it belongs to the thread that made it.
@safe package struct DatagramBatch: ~Copyable {
    private let raw: OpaquePointer
    package let slots: Int

    /// `capacity` is the largest datagram kept whole, in octets.
    package init?(slots: Int, capacity: Int) {
        guard let raw = unsafe cp_batch_create(UInt32(slots), UInt32(capacity)) else { return nil }
        unsafe self.raw = raw
        self.slots = slots
    }

    deinit { unsafe cp_batch_destroy(raw) }

    /// Takes what waits on the socket, without blocking: 0 when nothing does, negative errno on failure.
    package func receive(from socket: borrowing UDPSocket) -> Int {
        Int(unsafe cp_batch_receive(raw, socket.descriptor))
    }

    /// The octets of datagram `slot`; valid until the next `receive`.
    @unsafe package func bytes(_ slot: Int, capacity: Int) -> UnsafeRawBufferPointer {
        let length = unsafe min(Int(cp_batch_length(raw, UInt32(slot))), capacity)
        return unsafe UnsafeRawBufferPointer(start: cp_batch_bytes(raw, UInt32(slot)), count: length)
    }

    /// The datagram's length as it was on the wire.
    package func wireLength(_ slot: Int) -> Int { Int(unsafe cp_batch_length(raw, UInt32(slot))) }

    /// Where the datagram came from; valid until the next `receive`.
    @unsafe package func source(_ slot: Int) -> UnsafePointer<cp_endpoint> {
        unsafe cp_batch_source(raw, UInt32(slot))
    }

    /// The address it was sent to; valid until the next `receive`.
    @unsafe package func local(_ slot: Int) -> UnsafePointer<cp_local> { unsafe cp_batch_local(raw, UInt32(slot)) }

    /// When the kernel took the datagram in, nanoseconds since 1970 by the wall clock; 0 where it does not say.
    package func arrival(_ slot: Int) -> Int64 { unsafe cp_batch_arrival(raw, UInt32(slot)) }

    /// Datagrams that the kernel has dropped on this socket because its buffer was full, since it was opened.
    package var kernelDrops: UInt32 { unsafe cp_batch_kernel_drops(raw) }
}
