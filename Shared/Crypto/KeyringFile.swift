import Glibc

/// How the keyring reaches the disk: owner only, all or nothing, and there when the call returns.
enum KeyringFile {
    private static let maximumLength = 1 << 20

    /// The contents of a file that only its owner may use.
    static func read(_ path: String) throws(KeyringError) -> String {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .unreadable(path: path, errno: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .unreadable(path: path, errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable(path: path, errno: EINVAL) }
        let mode = status.st_mode & 0o777
        guard mode & 0o077 == 0 else { throw .tooPermissive(path: path, mode: mode) }
        guard status.st_size <= maximumLength else { throw .unreadable(path: path, errno: EFBIG) }
        var contents: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while contents.count <= maximumLength {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(path: path, errno: errno) }
            if count == 0 { break }
            contents += buffer[..<count]
        }
        return String(decoding: contents, as: UTF8.self)
    }

    /// Writes a file that must not exist yet.
    static func writeNew(_ contents: String, to path: String) throws(KeyringError) {
        let descriptor = try createExclusively(path)
        try fill(descriptor, path, with: contents)
        try synchronizeDirectory(of: path)
    }

    /// Replaces the file by what `change` makes of its contents. The new file is written beside it under a fixed name,
    /// which is taken before the old one is read and so keeps a second change out: two rotations at once would lose a
    /// key.
    static func replace<Result>(
        _ path: String,
        _ change: (String) throws(KeyringError) -> (contents: String, result: Result)
    ) throws(KeyringError) -> Result {
        let fresh = path + ".new"
        let descriptor = try createExclusively(fresh)
        let changed: (contents: String, result: Result)
        do throws(KeyringError) {
            changed = try change(try read(path))
        } catch {
            close(descriptor)
            unsafe unlink(fresh)
            throw error
        }
        try fill(descriptor, fresh, with: changed.contents)
        guard unsafe rename(fresh, path) == 0 else {
            let failure = errno
            unsafe unlink(fresh)
            throw .unwritable(path: path, errno: failure)
        }
        try synchronizeDirectory(of: path)
        return changed.result
    }

    private static func createExclusively(_ path: String) throws(KeyringError) -> Int32 {
        let descriptor = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw errno == EEXIST ? .exists(path: path) : .unwritable(path: path, errno: errno)
        }
        return descriptor
    }

    /// Writes and closes a file just created; on failure it is removed, for nobody can have sealed with it yet.
    private static func fill(_ descriptor: Int32, _ path: String, with contents: String) throws(KeyringError) {
        let failure = write(contents, to: descriptor)
        close(descriptor)
        guard let failure else { return }
        unsafe unlink(path)
        throw .unwritable(path: path, errno: failure)
    }

    /// Writes everything and waits for the disk; returns `errno` when that fails.
    private static func write(_ contents: String, to descriptor: Int32) -> Int32? {
        var rest = Array(contents.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return errno }
            rest = rest.dropFirst(count)
        }
        // The mode asked of open() is subject to the umask, which may take more away but must not leave more.
        guard fchmod(descriptor, 0o600) == 0, fsync(descriptor) == 0 else { return errno }
        return nil
    }

    private static func synchronizeDirectory(of path: String) throws(KeyringError) {
        let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = unsafe Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unwritable(path: path, errno: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .unwritable(path: path, errno: errno) }
    }
}
