import CPlatform
import Domain

/// One accounting packet in the journal: a fixed header, then the packet's octets, padded to 8.
///
/// Layout, little endian: length u32 (whole record, unpadded), CRC-32C u32 (over everything after it, begun with the
/// segment's number so that a recycled file's old records never count), sequence u64, received at i64 (microseconds),
/// event id 2 x u64, tenant 2 x u64, NAS 2 x u64, source 2 x u64, source port u16, flags u16, packet length u16,
/// reserved u16, packet.
struct JournalRecord {
    static let headerLength = 96
    /// The NAS counts from the subscriber's side.
    static let swapsOctets: UInt16 = 1

    var sequence: UInt64
    var receivedAt: Int64
    var eventID: UUID128
    var tenantID: UUID128
    var nasID: UUID128
    var sourceHigh: UInt64
    var sourceLow: UInt64
    var sourcePort: UInt16
    var flags: UInt16

    /// Octets that a record with such a packet takes, padding included.
    static func footprint(packet: Int) -> Int { (headerLength + packet + 7) & ~7 }

    /// Writes the record at `to`, which has `footprint(packet:)` octets. The checksum is added by `seal`.
    func write(packet: UnsafeRawBufferPointer, to: UnsafeMutableRawPointer) {
        unsafe to.storeBytes(of: UInt32(Self.headerLength + packet.count).littleEndian, as: UInt32.self)
        unsafe to.storeBytes(of: 0, toByteOffset: 4, as: UInt32.self)
        let words: [8 of UInt64] = [
            UInt64(bitPattern: receivedAt), eventID.high, eventID.low, tenantID.high, tenantID.low, nasID.high,
            nasID.low, sourceHigh,
        ]
        unsafe to.storeBytes(of: sequence.littleEndian, toByteOffset: 8, as: UInt64.self)
        for index in words.indices {
            unsafe to.storeBytes(of: words[index].littleEndian, toByteOffset: 16 + index * 8, as: UInt64.self)
        }
        unsafe to.storeBytes(of: sourceLow.littleEndian, toByteOffset: 80, as: UInt64.self)
        unsafe to.storeBytes(of: sourcePort.littleEndian, toByteOffset: 88, as: UInt16.self)
        unsafe to.storeBytes(of: flags.littleEndian, toByteOffset: 90, as: UInt16.self)
        unsafe to.storeBytes(of: UInt16(packet.count).littleEndian, toByteOffset: 92, as: UInt16.self)
        unsafe to.storeBytes(of: 0, toByteOffset: 94, as: UInt16.self)
        if let bytes = packet.baseAddress {
            unsafe (to + Self.headerLength).copyMemory(from: bytes, byteCount: packet.count)
        }
        let used = Self.headerLength + packet.count
        for index in used..<Self.footprint(packet: packet.count) {
            unsafe to.storeBytes(of: 0, toByteOffset: index, as: UInt8.self)
        }
    }

    /// Gives the record at `at` its sequence and checksum, when its place in a segment is known.
    static func seal(_ at: UnsafeMutableRawPointer, sequence: UInt64, segment: UInt64) {
        let length = Int(UInt32(littleEndian: unsafe at.load(as: UInt32.self)))
        unsafe at.storeBytes(of: sequence.littleEndian, toByteOffset: 8, as: UInt64.self)
        let sum = unsafe cp_crc32c(UInt32(truncatingIfNeeded: segment), at + 8, length - 8)
        unsafe at.storeBytes(of: sum.littleEndian, toByteOffset: 4, as: UInt32.self)
    }

    /// The record that begins `bytes`, and its packet; nil where no whole, true record of this segment stands.
    static func read(
        _ bytes: UnsafeRawBufferPointer,
        segment: UInt64
    ) -> (record: JournalRecord, packet: UnsafeRawBufferPointer, footprint: Int)? {
        guard bytes.count >= headerLength else { return nil }
        let length = Int(UInt32(littleEndian: unsafe bytes.loadUnaligned(as: UInt32.self)))
        guard length >= headerLength, length <= headerLength + 4096, length <= bytes.count else { return nil }
        let packetLength = Int(UInt16(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: 92, as: UInt16.self)))
        guard packetLength == length - headerLength else { return nil }
        let sum = UInt32(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        guard let base = bytes.baseAddress,
            unsafe cp_crc32c(UInt32(truncatingIfNeeded: segment), base + 8, length - 8) == sum
        else { return nil }
        func word(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        func half(_ offset: Int) -> UInt16 {
            UInt16(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
        }
        let record = JournalRecord(
            sequence: word(8),
            receivedAt: Int64(bitPattern: word(16)),
            eventID: UUID128(high: word(24), low: word(32)),
            tenantID: UUID128(high: word(40), low: word(48)),
            nasID: UUID128(high: word(56), low: word(64)),
            sourceHigh: word(72),
            sourceLow: word(80),
            sourcePort: half(88),
            flags: half(90)
        )
        let packet = unsafe UnsafeRawBufferPointer(rebasing: bytes[headerLength..<length])
        return unsafe (record, packet, footprint(packet: packetLength))
    }
}
