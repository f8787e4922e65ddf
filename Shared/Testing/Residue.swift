import Concurrency
import FoundationEssentials
import Glibc

/// Everything of this process that must not outlive it: servers and their directories.
///
/// On an ordinary exit an atexit handler ends and removes them. When the process is killed, the kernel kills the
/// servers (PR_SET_PDEATHSIG) and the next test run sweeps the directories.
final class Residue: Sendable {
    static let shared = Residue()
    static let prefix = "/tmp/nx-"

    private struct State {
        var processIDs: Set<Int32> = []
        /// Those whose end nobody asks for any more.
        var abandoned: Set<Int32> = []
        var hasReaper = false
        var directories: Set<String> = []
        var isSwept = false
    }

    private let state = Monitor(State())

    private init() { atexit(removeResidue) }

    func add(processID: Int32) { state.withLock { _ = $0.processIDs.insert(processID) } }
    func remove(processID: Int32) { state.withLock { _ = $0.processIDs.remove(processID) } }
    /// Nobody asks for its end: it is reaped here when it ends by itself. A dead child that is left lying keeps the runner from seeing
    /// the ends of its own, which exit tests wait for.
    func abandon(processID: Int32) {
        let isFirst = state.withLock { state in
            state.abandoned.insert(processID)
            defer { state.hasReaper = true }
            return !state.hasReaper
        }
        guard isFirst else { return }
        _ = try? PlatformThread.start(name: "reaper") {
            while true {
                _ = poll(nil, 0, 200)
                Residue.shared.reap()
            }
        }
    }

    private func reap() {
        state.withLock { state in
            for pid in state.abandoned where waitpid(pid, nil, WNOHANG) != 0 {
                state.abandoned.remove(pid)
                state.processIDs.remove(pid)
            }
        }
    }

    func add(directory: String) { state.withLock { _ = $0.directories.insert(directory) } }
    func remove(directory: String) { state.withLock { _ = $0.directories.remove(directory) } }

    /// Once per process: removes what dead processes left.
    func sweep() {
        let isFirst = state.withLock { state in
            defer { state.isSwept = true }
            return !state.isSwept
        }
        guard isFirst, let names = try? FileManager.default.contentsOfDirectory(atPath: "/tmp") else { return }
        for name in names where name.hasPrefix("nx-") {
            let parts = name.split(separator: "-")
            guard parts.count == 4, let owner = Int32(parts[2]), kill(owner, 0) != 0, errno == ESRCH else { continue }
            try? FileManager.default.removeItem(atPath: "/tmp/" + name)
        }
    }

    func removeAll() {
        let (processIDs, directories) = state.withLock { ($0.processIDs, $0.directories) }
        for pid in processIDs { _ = kill(pid, SIGKILL) }
        for pid in processIDs {
            var status: Int32 = 0
            _ = unsafe waitpid(pid, &status, 0)
        }
        for directory in directories { try? FileManager.default.removeItem(atPath: directory) }
    }
}

@c
private func removeResidue() { Residue.shared.removeAll() }

/// The one thread that starts children. PR_SET_PDEATHSIG fires when the thread that forked ends, so it never ends.
final class Spawner: Sendable {
    static let shared = Spawner()
    private let jobs = Monitor<[@Sendable () -> Void]>([])

    private init() {
        do throws(SystemError) {
            _ = try PlatformThread.start(name: "spawner") { [jobs] in
                while let batch = jobs.wait(
                    for: { !$0.isEmpty },
                    { jobs -> [@Sendable () -> Void] in
                        defer { jobs = [] }
                        return jobs
                    }
                ) {
                    for job in batch { job() }
                }
            }
        } catch {
            preconditionFailure("no thread to start servers: \(error)")
        }
    }

    func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            jobs.withLock(waking: .one) { jobs in
                jobs.append { continuation.resume(with: Swift.Result { try body() }) }
            }
        }
    }
}
