import CPlatform
import Glibc

/// One file of the journal, written once from front to back and read back for publishing.
///
/// It is filled with zeros before use: a later append touches no file metadata, so fdatasync is one write, and a full
/// disk is met when the file is made, not when a NAS waits. Header: magic, version, number, first sequence.
@safe final class Segment: Sendable {
    static let headerLength = 64
    private static let magic: UInt64 = 0x31_4c4e_524a_5841_4e  // "NAXJRNL1"

    let path: String
    let number: UInt64
    let capacity: Int
    private let descriptor: Int32

    private init(path: String, number: UInt64, capacity: Int, descriptor: Int32) {
        self.path = path
        self.number = number
        self.capacity = capacity
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    static func name(_ number: UInt64) -> String {
        let hex = String(number, radix: 16)
        return String(repeating: "0", count: 16 - hex.count) + hex + ".journal"
    }

    /// Makes a zero-filled segment, whole and on disk, or throws and leaves nothing.
    static func create(directory: String, number: UInt64, capacity: Int) throws(JournalError) -> Segment {
        let path = directory + "/" + name(number)
        let temporary = path + ".new"
        let descriptor = unsafe Glibc.open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw JournalError("create \(temporary)") }
        do throws(JournalError) {
            try fill(descriptor, number: number, capacity: capacity, path: temporary)
            guard unsafe rename(temporary, path) == 0 else { throw JournalError("rename \(temporary)") }
            try syncDirectory(directory)
        } catch {
            close(descriptor)
            unsafe unlink(temporary)
            throw error
        }
        return Segment(path: path, number: number, capacity: capacity, descriptor: descriptor)
    }

    /// Opens an existing segment.
    static func open(path: String) throws(JournalError) -> Segment {
        let descriptor = unsafe Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw JournalError("open \(path)") }
        var words: [4 of UInt64] = [0, 0, 0, 0]
        let got = unsafe withUnsafeMutableBytes(of: &words) { unsafe pread(descriptor, $0.baseAddress, 32, 0) }
        var status = stat()
        guard got == 32, words[0] == magic, unsafe fstat(descriptor, &status) == 0 else {
            close(descriptor)
            throw JournalError("\(path) is not a journal segment", number: 0)
        }
        return Segment(path: path, number: words[1], capacity: Int(status.st_size), descriptor: descriptor)
    }

    /// Writes at an offset; throws on a short write.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(JournalError) {
        var done = 0
        while done < bytes.count {
            let n = unsafe pwrite(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done, offset + done)
            if n < 0, errno == EINTR { continue }
            guard n > 0 else { throw JournalError("write \(path)") }
            done += n
        }
    }

    /// Returns once everything written is on disk.
    func sync() throws(JournalError) {
        guard fdatasync(descriptor) == 0 else { throw JournalError("fdatasync \(path)") }
    }

    /// Reads what stands at an offset into `buffer`; returns how much.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(JournalError) -> Int {
        while true {
            let n = unsafe pread(descriptor, buffer.baseAddress, buffer.count, offset)
            if n < 0, errno == EINTR { continue }
            guard n >= 0 else { throw JournalError("read \(path)") }
            return n
        }
    }

    /// Removes the file.
    func delete() {
        unsafe unlink(path)
    }

    private static func fill(_ descriptor: Int32, number: UInt64, capacity: Int, path: String) throws(JournalError) {
        let failed = cp_file_preallocate(descriptor, Int64(capacity))
        guard failed == 0 else { throw JournalError("allocate \(path)", number: failed) }
        var block = [UInt8](repeating: 0, count: 1 << 20)
        unsafe block.withUnsafeMutableBytes { bytes in
            unsafe bytes.storeBytes(of: magic, as: UInt64.self)
            unsafe bytes.storeBytes(of: number, toByteOffset: 8, as: UInt64.self)
        }
        var offset = 0
        while offset < capacity {
            let wanted = min(block.count, capacity - offset)
            let n = unsafe block.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, wanted, offset) }
            guard n > 0 else { throw JournalError("fill \(path)") }
            offset += n
            if offset == n { for index in 0..<16 { block[index] = 0 } }
        }
        guard fdatasync(descriptor) == 0 else { throw JournalError("fdatasync \(path)") }
    }

    static func syncDirectory(_ directory: String) throws(JournalError) {
        let descriptor = unsafe Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw JournalError("open \(directory)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw JournalError("fsync \(directory)") }
    }
}
