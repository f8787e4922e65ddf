import Concurrency
import Glibc
import Testing

/// A server or daemon that a test started. It dies with the test process, however that one ends.
package final class ChildProcess: Sendable {
    /// The kernel's number for it.
    package let processID: Int32
    /// Where its standard output and error go.
    package let log: String
    private let ending = Monitor<Int32?>(nil)

    private init(processID: Int32, log: String) {
        self.processID = processID
        self.log = log
    }

    deinit {
        if reap() == nil { Residue.shared.abandon(processID: processID) }
    }

    /// Starts `executable`. As root, `asUser` makes it an unprivileged user's process; elsewhere it is the caller's.
    /// `environment` entries (`NAME=value`) come before the inherited ones.
    package static func start(
        _ executable: String,
        _ arguments: [String],
        log: String,
        asUser: UnprivilegedUser? = nil,
        environment: [String] = []
    ) async throws -> ChildProcess {
        var command = ["/usr/bin/setpriv", "--pdeathsig", "KILL"]
        if let user = asUser {
            command += ["--reuid", String(user.userID), "--regid", String(user.groupID), "--clear-groups"]
        }
        command += ["--", executable] + arguments
        let whole = command
        return try await Spawner.shared.run {
            let pid = try spawn(whole, environment: environment, log: log)
            let child = ChildProcess(processID: pid, log: log)
            Residue.shared.add(processID: pid)
            return child
        }
    }

    /// Sends `signal`; nothing happens when the process has ended.
    package func signal(_ signal: Int32) {
        ending.withLock { status in
            // Not yet reaped, so the number still is this process's.
            if status == nil { _ = Glibc.kill(processID, signal) }
        }
    }

    /// Stops it in its tracks until SIGCONT; returns when each of its threads stands still. The signal alone is not
    /// enough: a thread on another processor runs on until the kernel interrupts it, and still answers.
    package func freeze() async throws {
        signal(SIGSTOP)
        try await eventually {
            var change = unsafe siginfo_t()
            let options = WSTOPPED | WNOHANG
            return unsafe waitid(P_PID, id_t(processID), &change, options) != 0 || change.si_signo == SIGCHLD
        }
    }

    /// Whether it still runs.
    package var isRunning: Bool { reap() == nil }

    /// Ends it with SIGKILL and returns once it is gone.
    package func kill() async throws {
        signal(SIGKILL)
        _ = try await exitStatus()
    }

    /// Sends `signal` (SIGTERM) and waits; ends it with SIGKILL after `limit`.
    @discardableResult
    package func stop(_ signal: Int32 = SIGTERM, within limit: Duration = .seconds(20)) async throws -> Int32 {
        self.signal(signal)
        do {
            return try await exitStatus(within: limit)
        } catch let late as NeverHeld {
            try await kill()
            throw late
        }
    }

    /// Waits for its end: the exit code, or 128 + the signal that ended it.
    @discardableResult
    package func exitStatus(within limit: Duration = .seconds(20)) async throws -> Int32 {
        try await eventually(within: limit) { reap() != nil }
        return reap() ?? -1
    }

    private func reap() -> Int32? {
        ending.withLock { status in
            guard status == nil else { return status }
            var raw: Int32 = 0
            let reaped = unsafe waitpid(processID, &raw, WNOHANG)
            guard reaped != 0 else { return nil }
            status = raw & 0x7f == 0 ? (raw >> 8) & 0xff : 128 + (raw & 0x7f)
            Residue.shared.remove(processID: processID)
            return status
        }
    }

    private static func spawn(_ command: [String], environment: [String], log: String) throws -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var nothing = sigset_t()
        var everything = sigset_t()
        unsafe sigemptyset(&nothing)
        unsafe sigfillset(&everything)
        // The spawning thread blocks signals and the test runner may ignore some; a child starts afresh.
        unsafe posix_spawnattr_setsigmask(&attributes, &nothing)
        unsafe posix_spawnattr_setsigdefault(&attributes, &everything)
        // Its own group: a Ctrl-C at the terminal ends the test runner first, and that ends the child.
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

        var arguments = unsafe command.map { unsafe strdup($0) } + [nil]
        var variables = unsafe environment.map { unsafe strdup($0) }
        var inherited = unsafe environ
        while let entry = unsafe inherited.pointee {
            unsafe variables.append(strdup(entry))
            unsafe inherited += 1
        }
        unsafe variables.append(nil)
        defer {
            unsafe (arguments + variables).forEach { unsafe free($0) }
        }
        var pid: pid_t = 0
        let failure = unsafe posix_spawn(&pid, command[0], &actions, &attributes, &arguments, &variables)
        guard failure == 0 else { throw SystemError("posix_spawn \(command[0])", failure) }
        return pid
    }
}

/// Whom servers run as when the tests run as root (initdb and postgres refuse root).
package struct UnprivilegedUser: Sendable {
    let userID: UInt32
    let groupID: UInt32

    /// `postgres` where it exists, else `nobody`; nil when this process is not root.
    package static let forServers: UnprivilegedUser? = {
        guard geteuid() == 0 else { return nil }
        for name in ["postgres", "nobody"] {
            guard let entry = unsafe getpwnam(name) else { continue }
            return UnprivilegedUser(userID: unsafe entry.pointee.pw_uid, groupID: unsafe entry.pointee.pw_gid)
        }
        return UnprivilegedUser(userID: 65534, groupID: 65534)
    }()
}
