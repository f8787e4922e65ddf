import Glibc

/// A folder of one's own for the file that a library writes: gone with its owner, whatever lies in it.
struct ScratchFolder: ~Copyable {
    /// Its path, and that of the one file.
    let path: String
    let file: String

    /// Below `TMPDIR`, or /tmp; nobody else may read it.
    init() throws(DocumentError) {
        let base = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/nexora-XXXXXX".utf8CString)
        let made: String? = unsafe template.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress, let path = unsafe mkdtemp(start) else { return nil }
            return unsafe String(cString: path)
        }
        guard let made else { throw .system(call: "mkdtemp", code: errno) }
        path = made
        file = made + "/document"
    }

    /// The file, open for reading; it has no name any more.
    consuming func open() throws(DocumentError) -> OpenFile {
        let descriptor = unsafe Glibc.open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(call: "open", code: errno) }
        return OpenFile(descriptor)
    }

    deinit {
        unsafe unlink(file)
        unsafe rmdir(path)
    }
}

/// A file that is open, closed with its owner.
struct OpenFile: ~Copyable {
    private let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// The next octets, up to so many; nothing at the end.
    func read(_ count: Int) throws(DocumentError) -> [UInt8] {
        var code: Int32 = 0
        let octets = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            var got = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            while got < 0 && errno == EINTR { got = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count) }
            code = got < 0 ? errno : 0
            filled = max(0, got)
        }
        guard code == 0 else { throw .system(call: "read", code: code) }
        return octets
    }

    deinit { close(descriptor) }
}
