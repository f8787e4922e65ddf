import CPlatform
import Concurrency
import Glibc
import Synchronization
import TLS

/// A MikroTik router as its API shows it: both logins, TLS, tags, queries, traps in its own words, and what goes wrong on demand.
/// It has one thread, and keeps what it was told until it is stopped.
package final class EmulatedRouter: Sendable {
    package struct Settings: Sendable {
        package var user = "admin"
        package var password = ""
        /// 7.18 and newer answer `!empty`; 7 has its own health.
        package var version = "7.14.3"
        /// Before 6.43: logs in by challenge alone.
        package var isOld = false
        /// Who is online from the beginning.
        package var sessions: [String] = []
        package var port: UInt16 = 0
        /// PEM files; without them there is no TLS.
        package var certificate: String?
        package var key: String?
        package var tlsPort: UInt16 = 0

        package init() {}
    }

    private struct State: Sendable {
        var contents: RouterContents
        var misbehaviour = Misbehaviour()
        var heard: [[String]] = []
        var accepted = 0
        var open = 0
        var isStopping = false
    }

    package let settings: Settings
    /// Where it listens.
    package let port: UInt16
    /// The same for TLS; nil without a certificate.
    package let tlsPort: UInt16?
    private let listeners: [Int32]
    private let context: TLSContext?
    private let state: Mutex<State>
    private let wakeup: EventFD
    private static let mostHeard = 10_000

    /// Listens at 127.0.0.1; speaks once `run` is called on a thread.
    package init(_ settings: Settings) throws {
        self.settings = settings
        wakeup = try EventFD()
        state = Mutex(State(contents: RouterContents(version: settings.version, sessions: settings.sessions)))
        let plain = try ListeningSocket(address: "127.0.0.1", port: settings.port)
        port = plain.port
        guard let certificate = settings.certificate, let key = settings.key else {
            context = nil
            tlsPort = nil
            listeners = [plain.release()]
            return
        }
        context = try TLSContext(certificate: certificate, key: key)
        let tls = try ListeningSocket(address: "127.0.0.1", port: settings.tlsPort)
        tlsPort = tls.port
        listeners = [plain.release(), tls.release()]
    }

    deinit { for listener in listeners { close(listener) } }

    // MARK: - For tests

    /// What goes wrong from now on.
    package var misbehaviour: Misbehaviour { state.withLock { $0.misbehaviour } }
    package func misbehave(_ how: Misbehaviour) { state.withLock { $0.misbehaviour = how } }
    /// A menu's rows, as `print` would show them.
    package func rows(_ menu: String) -> [[String: String]] { state.withLock { $0.contents.rows(menu) } }
    /// The first words of the sentences that came, oldest first; at most the last ten thousand.
    package var heard: [String] { state.withLock { $0.heard.compactMap(\.first) } }
    /// The same sentences, whole: passwords too.
    package var sentences: [[String]] { state.withLock { $0.heard } }
    /// Connections that were ever made, and those that are open.
    package var accepted: Int { state.withLock { $0.accepted } }
    package var open: Int { state.withLock { $0.open } }
    /// A subscriber is online.
    package func dialIn(_ name: String) { state.withLock { $0.contents.dialIn(name) } }

    /// Ends `run`.
    package func stop() {
        state.withLock { $0.isStopping = true }
        wakeup.signal()
    }

    // MARK: - For its sessions

    func note(_ sentence: [String]) {
        state.withLock { state in
            state.heard.append(sentence)
            if state.heard.count > Self.mostHeard { state.heard.removeFirst(Self.mostHeard / 2) }
        }
    }

    /// What somebody does at the router's own console.
    package func type(_ sentence: [String]) { state.withLock { _ = $0.contents.answer(sentence) } }

    func answer(_ sentence: [String]) -> [[String]] { state.withLock { $0.contents.answer(sentence) } }

    // MARK: - Its thread

    /// Speaks until `stop`. Blocks: for a thread of its own. `looked` is called each time before it waits.
    package func run(_ looked: () -> Void = {}) throws {
        let epoll = try Epoll()
        try epoll.add(wakeup.fileDescriptor, .readable, token: .max)
        for listener in listeners { try epoll.add(listener, .readable, token: UInt64(listener)) }
        var sessions: [Int32: Session] = [:]
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !state.withLock({ $0.isStopping }) {
            looked()
            let due = sessions.values.compactMap(\.nextDue).min()
            let latest = SystemClock.monotonicNanoseconds().later(by: 100_000_000)
            var ready: [Int32] = []
            try epoll.wait(until: Deadline(nanoseconds: min(due ?? latest, latest))) { event in
                if event.token != .max { ready.append(Int32(truncatingIfNeeded: event.token)) }
            }
            wakeup.drain()
            for descriptor in ready {
                if let index = listeners.firstIndex(of: descriptor) {
                    accept(descriptor, index == 1, epoll, &sessions)
                } else {
                    sessions[descriptor]?.ready(&buffer)
                }
            }
            for (descriptor, session) in sessions {
                session.tick(SystemClock.monotonicNanoseconds())
                if session.isOver {
                    try epoll.remove(descriptor)
                    sessions[descriptor] = nil
                } else {
                    try epoll.modify(
                        descriptor,
                        session.wantsWriting ? [.readable, .writable] : .readable,
                        token: UInt64(descriptor)
                    )
                }
            }
            let count = sessions.count
            state.withLock { $0.open = count }
        }
    }

    private func accept(_ listener: Int32, _ isTLS: Bool, _ epoll: Epoll, _ sessions: inout [Int32: Session]) {
        let accepted = cp_accept(listener)
        guard accepted >= 0 else { return }
        var session: Session?
        if isTLS, let context {
            do throws(TLSError) { session = Session(accepted, self, try TLSSession(context)) } catch { close(accepted) }
        } else {
            session = Session(accepted, self, nil)
        }
        guard let session else { return }
        sessions[accepted] = session
        try? epoll.add(accepted, .readable, token: UInt64(accepted))
        state.withLock { $0.accepted += 1 }
    }
}
