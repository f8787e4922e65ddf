import Concurrency
import Crypto
import Domain
import Glibc
import Observability
import Synchronization

/// The directory in one encrypted file, so that a server starts and answers while Postgres is away. Written beside and
/// renamed: a crash leaves the old one. Passwords are in it, sealed by the keyring like everything else at rest.
final class DirectorySnapshot: Sendable {
    private let path: String
    private let keyring: Keyring
    private let lives: NASLives
    private let worker: WorkerPool
    private let written = Mutex<Int64>(-1)
    private static let place = SealedPlace(table: "snapshot", column: "directory", row: [], tenant: [])

    init(path: String, keyring: Keyring, lives: NASLives = NASLives()) {
        self.lives = lives
        self.path = path
        self.keyring = keyring
        worker = WorkerPool(name: "snapshot", threads: 1)
    }

    /// The kept directory; nil where there is none. Throws when it was changed or sealed by another keyring.
    func read() async throws -> DirectoryLoader.Draft? {
        try await worker.run { [path, keyring, lives] in
            guard let sealed = try SnapshotFile.read(path) else { return nil }
            var reader = SnapshotReader(try keyring.open(sealed, for: Self.place))
            return DirectoryLoader.Draft(try reader.directory(now: SystemClock.monotonicNanoseconds(), lives: lives))
        }
    }

    /// Keeps the directory as it is now, unless that is what is kept already.
    func write(_ store: DirectoryStore) async throws {
        try await worker.run { [self] in
            let (version, octets) = store.read { directory in
                guard directory.version != written.withLock({ $0 }) else { return (directory.version, [UInt8]()) }
                var writer = SnapshotWriter()
                writer.add(directory)
                return (directory.version, writer.octets)
            }
            guard !octets.isEmpty else { return }
            try SnapshotFile.write(try keyring.seal(octets, for: Self.place), to: path)
            written.withLock { $0 = version }
        }
    }
}

/// Whole-file reading and replacing.
enum SnapshotFile {
    static func read(_ path: String) throws(JournalError) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw JournalError("open \(path)")
        }
        defer { close(descriptor) }
        var octets: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let got = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            guard got >= 0 else { throw JournalError("read \(path)") }
            if got == 0 { return octets }
            octets.append(contentsOf: chunk[..<got])
        }
    }

    static func write(_ octets: [UInt8], to path: String) throws(JournalError) {
        let temporary = path + ".new"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw JournalError("create \(temporary)") }
        defer { close(descriptor) }
        var done = 0
        while done < octets.count {
            let n = unsafe octets.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
            }
            guard n > 0 else { throw JournalError("write \(temporary)") }
            done += n
        }
        guard fsync(descriptor) == 0, unsafe rename(temporary, path) == 0 else { throw JournalError("replace \(path)") }
    }
}
