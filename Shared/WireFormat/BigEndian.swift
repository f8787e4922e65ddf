/// Unaligned integers in network byte order. Each access is checked against the buffer's bounds, also in release
/// builds: `UnsafeRawBufferPointer` itself checks only in debug builds.
extension UnsafeRawBufferPointer {
    /// The 16-bit integer at `offset`.
    package func bigEndianUInt16(at offset: Int) -> UInt16 {
        precondition(offset >= 0 && offset <= count - 2, "16-bit read outside the buffer")
        return unsafe UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    /// The 32-bit integer at `offset`.
    package func bigEndianUInt32(at offset: Int) -> UInt32 {
        precondition(offset >= 0 && offset <= count - 4, "32-bit read outside the buffer")
        return unsafe UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// The 64-bit integer at `offset`.
    package func bigEndianUInt64(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= count - 8, "64-bit read outside the buffer")
        return unsafe UInt64(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Writes `value` in network byte order at `offset`, checked against the buffer's bounds.
    package func storeBigEndian<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at offset: Int) {
        precondition(offset >= 0 && offset <= count - MemoryLayout<Value>.size, "write outside the buffer")
        unsafe storeBytes(of: value.bigEndian, toByteOffset: offset, as: Value.self)
    }
}

extension [UInt8] {
    /// Appends `value` in network byte order.
    package mutating func appendBigEndian<Value: FixedWidthInteger>(_ value: Value) {
        var shift = Value.bitWidth
        while shift > 0 {
            shift -= 8
            append(UInt8(truncatingIfNeeded: value >> Value(shift)))
        }
    }
}
