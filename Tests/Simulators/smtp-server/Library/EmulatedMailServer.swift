import CPlatform
import Concurrency
import Glibc
import Synchronization
import TLS

/// A mail server as SMTP shows it (RFC 5321): EHLO, STARTTLS, AUTH PLAIN and LOGIN, SIZE, one message after another, and what goes
/// wrong on demand at each point. It has one thread, and keeps what it took until it is stopped.
package final class EmulatedMailServer: Sendable {
    package struct Settings: Sendable {
        /// Nobody is let in without them where there are some.
        package var user: String?
        package var password = ""
        /// Whether nothing is taken before STARTTLS.
        package var demandsTLS = false
        /// Octets of a message at most.
        package var sizeLimit = 10 << 20
        package var port: UInt16 = 0
        /// PEM files; without them there is no TLS.
        package var certificate: String?
        package var key: String?
        package var tlsPort: UInt16 = 0

        package init() {}
    }

    private struct State: Sendable {
        var faults: [MailFault] = []
        var taken: [TakenMail] = []
        var heard: [String] = []
        var greylisted: Set<String>?
        var accepted = 0
        var open = 0
        var isStopping = false
    }

    package let settings: Settings
    /// Where it listens.
    package let port: UInt16
    /// The same for TLS from the first octet; nil without a certificate.
    package let tlsPort: UInt16?
    let context: TLSContext?
    private let listeners: [Int32]
    private let state = Mutex(State())
    private let wakeup: EventFD
    private static let mostHeard = 100_000

    /// Listens at 127.0.0.1; speaks once `run` is called on a thread.
    package init(_ settings: Settings) throws {
        self.settings = settings
        wakeup = try EventFD()
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

    /// What goes wrong from now on, instead of what did before. The first that fits applies.
    package func misbehave(_ faults: [MailFault]) { state.withLock { $0.faults = faults } }
    /// Whether the first try for each mailbox is told to come again (RFC 6647).
    package func greylist(_ does: Bool) { state.withLock { $0.greylisted = does ? [] : nil } }
    /// What was taken, oldest first.
    package var taken: [TakenMail] { state.withLock { $0.taken } }
    /// How often a message of that id was taken.
    package func timesTaken(_ messageID: String) -> Int {
        state.withLock { $0.taken.count { $0.messageID == messageID } }
    }
    /// The verbs that came, oldest first; at most about the last hundred thousand.
    package var heard: [String] { state.withLock { $0.heard } }
    /// Connections that were ever made, and those that are open.
    package var accepted: Int { state.withLock { $0.accepted } }
    package var open: Int { state.withLock { $0.open } }

    /// Ends `run`.
    package func stop() {
        state.withLock { $0.isStopping = true }
        wakeup.signal()
    }

    // MARK: - For its sessions

    func note(_ verb: String) {
        state.withLock { state in
            state.heard.append(verb)
            if state.heard.count > Self.mostHeard { state.heard.removeFirst(Self.mostHeard / 2) }
        }
    }

    func take(_ mail: TakenMail) { state.withLock { $0.taken.append(mail) } }

    /// What goes wrong there now; counts it.
    func fault(_ stage: MailFault.Stage, _ recipient: String?) -> MailFault.Action? {
        state.withLock { state in
            let fits = { (fault: MailFault) in
                fault.stage == stage && fault.times != 0
                    && (fault.recipient.map { recipient?.hasPrefix($0) ?? false } ?? true)
            }
            guard let index = state.faults.firstIndex(where: fits) else { return nil }
            if let times = state.faults[index].times { state.faults[index].times = times - 1 }
            return state.faults[index].action
        }
    }

    func isGreylisted(_ recipient: String) -> Bool {
        state.withLock { $0.greylisted?.insert(recipient).inserted ?? false }
    }

    // MARK: - Its thread

    /// Speaks until `stop`. Blocks: for a thread of its own. `looked` is called each time before it waits.
    package func run(_ looked: () -> Void = {}) throws {
        let epoll = try Epoll()
        try epoll.add(wakeup.fileDescriptor, .readable, token: .max)
        for listener in listeners { try epoll.add(listener, .readable, token: UInt64(listener)) }
        var sessions: [Int32: MailSession] = [:]
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !state.withLock({ $0.isStopping }) {
            looked()
            var ready: [Int32] = []
            try epoll.wait(until: .after(.milliseconds(100))) { event in
                if event.token != .max { ready.append(Int32(truncatingIfNeeded: event.token)) }
            }
            wakeup.drain()
            for descriptor in ready {
                if let index = listeners.firstIndex(of: descriptor) {
                    accept(descriptor, index == 1, epoll, &sessions)
                    continue
                }
                guard let session = sessions[descriptor] else { continue }
                session.ready(&buffer)
                if session.isOver {
                    try epoll.remove(descriptor)
                    sessions[descriptor] = nil
                } else {
                    let interest: Epoll.Interest = session.wantsWriting ? [.readable, .writable] : .readable
                    try epoll.modify(descriptor, interest, token: UInt64(descriptor))
                }
            }
            let count = sessions.count
            state.withLock { $0.open = count }
        }
    }

    private func accept(_ listener: Int32, _ isTLS: Bool, _ epoll: Epoll, _ sessions: inout [Int32: MailSession]) {
        let accepted = cp_accept(listener)
        guard accepted >= 0 else { return }
        let number = state.withLock { state in
            state.accepted += 1
            return state.accepted
        }
        let session = MailSession(accepted, self, number)
        sessions[accepted] = session
        try? epoll.add(accepted, .readable, token: UInt64(accepted))
        session.begin(isTLS: isTLS)
        guard session.isOver else { return }
        try? epoll.remove(accepted)
        sessions[accepted] = nil
    }
}
