import Glibc

/// Files that hold secrets: readable by their owner only, and never seen half written.
enum PrivateFile {
    // SAFETY: below, paths are handed to the kernel as strings that live for the call.

    /// Writes a whole file in one step, mode 0600, in place of the one there.
    static func write(_ text: String, to path: String) throws(CommandFailure) {
        let temporary = path + ".new"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(path, errno) }
        let isWritten =
            writeAll(Array(text.utf8), descriptor) && fchmod(descriptor, 0o600) == 0 && fsync(descriptor) == 0
        let problem = errno
        close(descriptor)
        guard isWritten else {
            unsafe unlink(temporary)
            throw failure(path, problem)
        }
        guard unsafe rename(temporary, path) == 0 else {
            let problem = errno
            unsafe unlink(temporary)
            throw failure(path, problem)
        }
    }

    /// Throws unless nothing is there and a new file could be made; told before long work, not after it.
    static func checkNew(_ path: String) throws(CommandFailure) {
        guard unsafe access(path, F_OK) != 0 else {
            throw CommandFailure(.conflict, "\(path) is there already; it is not overwritten")
        }
        let temporary = path + ".new"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(path, errno) }
        close(descriptor)
        unsafe unlink(temporary)
    }

    /// Removes a file that turned out to be worth nothing.
    static func remove(_ path: String) {
        unsafe unlink(path)
    }

    /// Reads a whole file of at most `limit` octets.
    static func read(_ path: String, limit: Int) throws(CommandFailure) -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandFailure(.notFound, "\(path) cannot be read (\(reason(errno)))") }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            // SAFETY: the kernel writes at most chunk.count octets into the array.
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw CommandFailure(.failed, "\(path) cannot be read (\(reason(errno)))") }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw CommandFailure(.badData, "\(path) is larger than \(limit) octets") }
        }
    }

    private static func writeAll(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        var offset = 0
        while offset < bytes.count {
            // SAFETY: the pointer stays within the array and is used inside the closure only.
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + offset }, buffer.count - offset)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            offset += count
        }
        return true
    }

    private static func failure(_ path: String, _ number: Int32) -> CommandFailure {
        CommandFailure(.failed, "\(path) cannot be written (\(reason(number)))")
    }

    private static func reason(_ number: Int32) -> String {
        switch number {
        case ENOENT: "no such file or folder"
        case EACCES, EPERM: "permission denied"
        case ENOSPC: "the disk is full"
        case EISDIR: "it is a folder"
        case EROFS: "the file system is read-only"
        default: "errno \(number)"
        }
    }
}
