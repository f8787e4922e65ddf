import CPlatform
import Sockets

/// The answers of one receive batch, written in place and sent together. Confined to one thread.
@safe final class ReplyBatch {
    private static let longest = 4096
    private let octets: UnsafeMutableRawBufferPointer
    private var items: ContiguousArray<cp_outgoing> = unsafe []
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        unsafe octets = .allocate(byteCount: capacity * Self.longest, alignment: 16)
        unsafe items.reserveCapacity(capacity)
    }

    deinit { unsafe octets.deallocate() }

    var isFull: Bool { unsafe items.count == capacity }

    /// Room for the next answer; the batch must not be full.
    var room: UnsafeMutableRawBufferPointer {
        let start = unsafe items.count * Self.longest
        return unsafe UnsafeMutableRawBufferPointer(rebasing: octets[start..<start + Self.longest])
    }

    /// Queues what was written into `room`.
    func add(length: Int, to destination: UnsafePointer<cp_endpoint>, from local: UnsafePointer<cp_local>) {
        guard let base = unsafe room.baseAddress, length > 0 else { return }
        unsafe items.append(
            cp_outgoing(
                bytes: UnsafePointer(base.assumingMemoryBound(to: UInt8.self)),
                length: UInt32(length),
                destination: destination.pointee,
                local: local.pointee
            )
        )
    }

    /// Copies and queues an answer that stands elsewhere.
    func add(
        copying answer: UnsafeRawBufferPointer,
        to destination: UnsafePointer<cp_endpoint>,
        from local: UnsafePointer<cp_local>
    ) {
        guard !isFull else { return }
        unsafe room.copyMemory(from: answer)
        unsafe add(length: answer.count, to: destination, from: local)
    }

    /// Sends everything and is empty again.
    func flush(through socket: borrowing UDPSocket) {
        guard unsafe !items.isEmpty else { return }
        _ = unsafe items.withUnsafeBufferPointer { unsafe socket.send($0) }
        unsafe items.removeAll(keepingCapacity: true)
    }
}
