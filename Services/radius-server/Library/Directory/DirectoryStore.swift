import Glibc
import Synchronization

/// The directory behind a readers-writer lock: receiver threads read it once per batch of packets, one follower writes.
/// A reload swaps the whole directory. Writers are preferred, so that a flood cannot keep changes out.
@safe final class DirectoryStore: @unchecked Sendable {
    // SAFETY: `directory` is touched only between rdlock/wrlock and unlock; the lock itself lives in stable memory.
    private let lock: UnsafeMutablePointer<pthread_rwlock_t>
    private var directory: Directory
    private let replacements = Atomic<UInt64>(0)

    init(_ directory: Directory) {
        self.directory = directory
        unsafe lock = .allocate(capacity: 1)
        var attributes = pthread_rwlockattr_t()
        unsafe pthread_rwlockattr_init(&attributes)
        // PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP
        unsafe pthread_rwlockattr_setkind_np(&attributes, 2)
        unsafe pthread_rwlock_init(lock, &attributes)
        unsafe pthread_rwlockattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_rwlock_destroy(lock)
        unsafe lock.deallocate()
    }

    /// Runs `body` with the directory held still. Short work only; never nested.
    func read<R: ~Copyable>(_ body: (Directory) throws -> R) rethrows -> R {
        unsafe pthread_rwlock_rdlock(lock)
        defer { unsafe pthread_rwlock_unlock(lock) }
        return try body(directory)
    }

    /// Runs `body` alone with the directory.
    func write<R: ~Copyable>(_ body: (Directory) throws -> R) rethrows -> R {
        unsafe pthread_rwlock_wrlock(lock)
        defer { unsafe pthread_rwlock_unlock(lock) }
        return try body(directory)
    }

    /// Puts a whole new directory in place.
    func replace(with newDirectory: Directory) {
        unsafe pthread_rwlock_wrlock(lock)
        let old = directory
        directory = newDirectory
        unsafe pthread_rwlock_unlock(lock)
        replacements.wrappingAdd(1, ordering: .releasing)
        // Released outside the lock: tearing down 100,000 records takes a while.
        withExtendedLifetime(old) {}
    }

    /// Whether a real directory, from Postgres or the snapshot, has ever been put in place.
    var isLoaded: Bool { generation > 0 }

    /// Grows with every whole directory put in place; numbers of tenants and plans hold within one generation.
    var generation: UInt64 { replacements.load(ordering: .acquiring) }
}
