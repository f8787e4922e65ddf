import CWslay
import Glibc

/// Frames out of octets, by wslay. Belongs to one thread.
@safe final class FrameReader {
    enum Step {
        case piece(MessageAssembler.Piece)
        /// No whole header or no payload is there yet.
        case wait
        /// The peer sends no more.
        case end
        /// wslay refused a header.
        case malformed
    }

    private let context: OpaquePointer
    private let source: (UnsafeMutableRawBufferPointer) -> Int
    private var hasEnded = false
    /// Octets of the current frame's payload that came already; nil between frames.
    private var received: UInt64?

    /// `source` fills a buffer: it returns how many octets it put there, 0 where none are at hand, -1 at the end.
    init?(source: @escaping (UnsafeMutableRawBufferPointer) -> Int) {
        unsafe self.source = unsafe source
        var callbacks = wslay_frame_callbacks()
        unsafe callbacks.recv_callback = receiveOctets
        var made: OpaquePointer?
        // The context's own address is not known yet, so the reader's is set as soon as it exists.
        let box = UnsafeMutablePointer<Unmanaged<FrameReader>?>.allocate(capacity: 1)
        unsafe box.initialize(to: nil)
        guard unsafe wslay_frame_context_init(&made, &callbacks, box) == 0, let made = unsafe made else {
            unsafe box.deallocate()
            return nil
        }
        unsafe context = made
        unsafe self.box = box
        unsafe box.pointee = unsafe Unmanaged.passUnretained(self)
    }

    private let box: UnsafeMutablePointer<Unmanaged<FrameReader>?>

    deinit {
        unsafe wslay_frame_context_free(context)
        unsafe box.deallocate()
    }

    /// The next piece of a frame.
    func next() -> Step {
        var frame = unsafe wslay_frame_iocb()
        let result = unsafe wslay_frame_recv(context, &frame)
        guard result >= 0 else {
            if result == Int(WSLAY_ERR_WANT_READ.rawValue) { return hasEnded ? .end : .wait }
            return .malformed
        }
        let count = unsafe frame.data_length
        let so = (received ?? 0) + UInt64(count)
        let piece = unsafe MessageAssembler.Piece(
            isFinal: frame.fin != 0,
            reserved: frame.rsv,
            opcode: frame.opcode,
            isMasked: frame.mask != 0,
            length: frame.payload_length,
            octets: Array(UnsafeBufferPointer(start: frame.data, count: count)),
            isFirst: received == nil,
            isLast: so == frame.payload_length
        )
        received = piece.isLast ? nil : so
        return .piece(piece)
    }

    fileprivate func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = unsafe source(buffer)
        if count < 0 { hasEnded = true }
        return max(0, count)
    }
}

@c
private func receiveOctets(
    _ buffer: UnsafeMutablePointer<UInt8>?,
    _ capacity: Int,
    _ flags: Int32,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let buffer = unsafe buffer, let context = unsafe context,
        let reader = unsafe context.assumingMemoryBound(to: Unmanaged<FrameReader>?.self).pointee
    else { return -1 }
    return unsafe reader.takeUnretainedValue().fill(UnsafeMutableRawBufferPointer(start: buffer, count: capacity))
}
