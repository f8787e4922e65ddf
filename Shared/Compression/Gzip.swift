import CZlib

/// zlib has no memory, or the octets are no gzip member.
package struct CompressionError: Error, Equatable, CustomStringConvertible {
    /// zlib's code, negative.
    package let code: Int32
    package var description: String { "zlib failed with \(code)" }
}

/// Compresses a stream of octets into one gzip member (RFC 1952). Not for two threads at once.
@safe package struct GzipEncoder: ~Copyable {
    private let stream: UnsafeMutablePointer<z_stream>

    /// `level` is from 1, fast, to 9, small; 5 costs half of 9 for nearly its size.
    package init(level: Int = 5) throws(CompressionError) {
        precondition((1...9).contains(level), "zlib has no level \(level)")
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let code = unsafe cz_begin_gzip(stream, Int32(level))
        guard code == Z_OK else {
            unsafe stream.deallocate()
            throw CompressionError(code: code)
        }
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// What `octets` add to the member so far; often nothing, as the encoder collects. `isLast` ends the member, and
    /// nothing may follow.
    package mutating func push(_ octets: [UInt8], isLast: Bool = false) throws(CompressionError) -> [UInt8] {
        var output: [UInt8] = []
        var failure: Int32 = Z_OK
        unsafe octets.withUnsafeBufferPointer { input in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            unsafe stream.pointee.avail_in = UInt32(input.count)
            repeat {
                failure = drain(into: &output, isLast: isLast)
            } while unsafe failure == Z_OK && stream.pointee.avail_out == 0
            unsafe stream.pointee.next_in = nil
        }
        guard failure == Z_OK || failure == Z_STREAM_END || failure == Z_BUF_ERROR else {
            throw CompressionError(code: failure)
        }
        return output
    }

    private func drain(into output: inout [UInt8], isLast: Bool) -> Int32 {
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16_384) { buffer in
            unsafe stream.pointee.next_out = buffer.baseAddress
            unsafe stream.pointee.avail_out = UInt32(buffer.count)
            let code = unsafe deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
            unsafe output.append(contentsOf: buffer.prefix(buffer.count - Int(stream.pointee.avail_out)))
            return code
        }
    }
}

/// Octets in memory, to gzip and back.
package enum Gzip {
    /// One gzip member that holds the octets.
    package static func compress(_ octets: [UInt8], level: Int = 5) throws(CompressionError) -> [UInt8] {
        var encoder = try GzipEncoder(level: level)
        return try encoder.push(octets, isLast: true)
    }

    /// The octets of one whole gzip member; throws where it is cut, false, or holds more than `limit` octets.
    package static func expand(_ member: [UInt8], limit: Int) throws(CompressionError) -> [UInt8] {
        var stream = unsafe z_stream()
        let begun = unsafe cz_begin_gunzip(&stream)
        guard begun == Z_OK else { throw CompressionError(code: begun) }
        defer { unsafe inflateEnd(&stream) }
        var code = Z_OK
        // One octet more than allowed tells that there is more.
        let output = unsafe [UInt8](unsafeUninitializedCapacity: limit + 1) { buffer, count in
            code = unsafe member.withUnsafeBufferPointer { input in
                unsafe stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                unsafe stream.avail_in = UInt32(input.count)
                unsafe stream.next_out = buffer.baseAddress
                unsafe stream.avail_out = UInt32(buffer.count)
                return unsafe inflate(&stream, Z_FINISH)
            }
            count = unsafe buffer.count - Int(stream.avail_out)
        }
        guard code == Z_STREAM_END, output.count <= limit else {
            throw CompressionError(code: code == Z_STREAM_END || code == Z_OK ? Z_BUF_ERROR : code)
        }
        return output
    }
}
