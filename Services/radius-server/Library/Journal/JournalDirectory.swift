import Glibc
import Observability

/// The folder of segments: who holds it, and what an earlier run left in it.
enum JournalDirectory {
    struct Found {
        var segments: [SegmentInfo]
        var nextNumber: UInt64
        var lastSequence: UInt64
    }

    /// Makes the folder where it is missing and takes its lock, which ends with the process.
    static func lock(_ directory: String) throws(JournalError) -> Int32 {
        try makeFolders(directory)
        let path = directory + "/lock"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw JournalError("open \(path)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw JournalError("the journal in \(directory) is held by another radius-server", number: 0)
        }
        return descriptor
    }

    /// Reads every segment to its last true record. Half-made and empty ones are removed; one whose header is damaged is
    /// put aside under another name and told.
    static func scan(_ directory: String, logger: Logger) throws(JournalError) -> Found {
        var found = Found(segments: [], nextNumber: 1, lastSequence: 0)
        for name in try list(directory) {
            let path = directory + "/" + name
            if name.hasSuffix(".journal.new") {
                unsafe unlink(path)
                continue
            }
            guard name.hasSuffix(".journal") else { continue }
            let segment: Segment
            do throws(JournalError) {
                segment = try Segment.open(path: path)
            } catch {
                unsafe rename(path, path + ".damaged")
                logger.error("a journal segment is unreadable and was put aside", ["error": .string("\(error)")])
                continue
            }
            found.nextNumber = max(found.nextNumber, segment.number + 1)
            let (end, last) = try measure(segment)
            guard end > Segment.headerLength else {
                segment.delete()
                continue
            }
            found.lastSequence = max(found.lastSequence, last)
            found.segments.append(SegmentInfo(segment, end: end, isClosed: true))
        }
        found.segments.sort { $0.segment.number < $1.segment.number }
        return found
    }

    /// The offset behind the last true record, and its sequence.
    private static func measure(_ segment: Segment) throws(JournalError) -> (end: Int, last: UInt64) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { unsafe buffer.deallocate() }
        var offset = Segment.headerLength
        var last: UInt64 = 0
        while true {
            let got = try unsafe segment.read(into: buffer, at: offset)
            var used = 0
            while let next = unsafe JournalRecord.read(
                UnsafeRawBufferPointer(rebasing: buffer[used..<got]),
                segment: segment.number
            ) {
                last = unsafe next.record.sequence
                used += unsafe next.footprint
                guard used < got else { break }
            }
            guard used > 0 else { return (offset, last) }
            offset += used
        }
    }

    private static func list(_ directory: String) throws(JournalError) -> [String] {
        guard let handle = unsafe opendir(directory) else { throw JournalError("open \(directory)") }
        defer { unsafe closedir(handle) }
        var names: [String] = []
        while let entry = unsafe readdir(handle) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names.sorted()
    }

    private static func makeFolders(_ path: String) throws(JournalError) {
        var built = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            built += "/" + part
            if unsafe mkdir(built, 0o700) != 0, errno != EEXIST { throw JournalError("create \(built)") }
        }
    }
}
