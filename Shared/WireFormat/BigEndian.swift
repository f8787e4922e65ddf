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

// One function for each width: a generic one would not be specialised for callers in other modules.

extension UnsafeMutableRawBufferPointer {
    /// Writes a 16-bit integer in network byte order at `offset`, checked against the buffer's bounds.
    package func storeBigEndian(_ value: UInt16, at offset: Int) {
        precondition(offset >= 0 && offset <= count - 2, "16-bit write outside the buffer")
        unsafe storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }

    /// Writes a 32-bit integer in network byte order at `offset`, checked against the buffer's bounds.
    package func storeBigEndian(_ value: UInt32, at offset: Int) {
        precondition(offset >= 0 && offset <= count - 4, "32-bit write outside the buffer")
        unsafe storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }

    /// Writes a 64-bit integer in network byte order at `offset`, checked against the buffer's bounds.
    package func storeBigEndian(_ value: UInt64, at offset: Int) {
        precondition(offset >= 0 && offset <= count - 8, "64-bit write outside the buffer")
        unsafe storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt64.self)
    }
}

extension [UInt8] {
    /// Appends a 16-bit integer in network byte order.
    package mutating func appendBigEndian(_ value: UInt16) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
    }

    /// Appends a 32-bit integer in network byte order.
    package mutating func appendBigEndian(_ value: UInt32) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
    }

    /// Appends a 64-bit integer in network byte order.
    package mutating func appendBigEndian(_ value: UInt64) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
    }
}
