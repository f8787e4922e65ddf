import Concurrency
import Crypto
import Glibc
import TLS

/// One connection to the emulated router. Confined to the emulator's thread.
final class Session {
    /// Something to send when its time has come.
    private struct Later {
        let due: UInt64
        let octets: [UInt8]
        let closesAfter: Bool
    }

    let descriptor: Int32
    private let router: EmulatedRouter
    private let tls: TLSSession?
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var later: [Later] = []
    private var isLoggedIn = false
    private var challenge: [UInt8]?
    /// Commands that go on until they are cancelled: their tags.
    private var running: Set<String> = []
    private(set) var isOver = false

    init(_ descriptor: Int32, _ router: EmulatedRouter, _ tls: TLSSession?) {
        self.descriptor = descriptor
        self.router = router
        self.tls = tls
    }

    deinit { close(descriptor) }

    var wantsWriting: Bool { !output.isEmpty }
    var nextDue: UInt64? { later.first?.due }

    /// Reads what came, and answers.
    func ready(_ buffer: inout [UInt8]) {
        while !isOver {
            let count = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe recv(descriptor, bytes.baseAddress, bytes.count, Int32(Int(MSG_DONTWAIT)))
            }
            if count < 0, errno == EAGAIN || errno == EINTR { break }
            guard count > 0 else {
                isOver = true
                return
            }
            do throws(TLSError) {
                input += try tls?.receive(buffer[..<count]) ?? Array(buffer[..<count])
            } catch {
                flush()
                isOver = true
            }
        }
        hear()
        flush()
    }

    /// Sends what is due.
    func tick(_ now: UInt64) {
        while let first = later.first, first.due <= now, !isOver {
            later.removeFirst()
            say(first.octets)
            guard first.closesAfter else { continue }
            flush()
            isOver = true
        }
        flush()
    }

    func flush() {
        if let tls { output += tls.takeOutgoing() }
        while !output.isEmpty {
            let count = unsafe output.withUnsafeBytes { bytes in
                unsafe send(descriptor, bytes.baseAddress, bytes.count, Int32(Int(MSG_NOSIGNAL) | Int(MSG_DONTWAIT)))
            }
            if count < 0 {
                if errno != EAGAIN && errno != EINTR { isOver = true }
                return
            }
            output.removeFirst(count)
        }
    }

    // MARK: - Private

    private func hear() {
        while !isOver {
            switch Words.take(from: &input) {
            case .incomplete: return
            case .malformed: isOver = true
            case .sentence(let words): if !words.isEmpty { obey(words) }
            }
        }
    }

    private func obey(_ sentence: [String]) {
        let how = router.misbehaviour
        let tag = sentence.first { $0.hasPrefix(".tag=") }
        router.note(sentence)
        if how.isDeaf { return }
        if let reason = how.fatal { return answer([["!fatal", reason]], nil, how, closes: true) }
        switch sentence[0] {
        case "/login": answer(login(sentence, how), tag, how)
        case "/quit": answer([["!fatal", "session terminated on request"]], nil, how, closes: true)
        case _ where !isLoggedIn: answer([["!fatal", "not logged in"]], nil, how, closes: true)
        case "/cancel": cancel(sentence, tag, how)
        case let path where path.hasSuffix("/listen"): if let tag { running.insert(tag) }
        default: answer(router.answer(sentence), tag, how)
        }
    }

    private func cancel(_ sentence: [String], _ tag: String?, _ how: Misbehaviour) {
        let wanted = RouterContents.values(sentence)["tag"].map { ".tag=" + $0 }
        for ended in running where wanted == nil || wanted == ended {
            answer(RouterContents.trap("interrupted", 2), ended, how)
            running.remove(ended)
        }
        answer([["!done"]], tag, how)
    }

    private func login(_ sentence: [String], _ how: Misbehaviour) -> [[String]] {
        let given = RouterContents.values(sentence)
        if router.settings.isOld {
            guard let response = given["response"] else {
                let made = Randomness.bytes(16)
                challenge = made
                return [["!done", "=ret=" + Self.text(made)]]
            }
            defer { challenge = nil }
            isLoggedIn = !how.refusesLogin && given["name"] == router.settings.user && response == expectedResponse
            return isLoggedIn ? [["!done"]] : RouterContents.trap("cannot log in")
        }
        let isRight = given["name"] == router.settings.user && given["password"] == router.settings.password
        isLoggedIn = isRight && !how.refusesLogin
        return isLoggedIn ? [["!done"]] : RouterContents.trap("invalid user name or password (6)")
    }

    private var expectedResponse: String? {
        guard let challenge else { return nil }
        var digest = MD5()
        digest.update([0])
        digest.update(Array(router.settings.password.utf8))
        digest.update(challenge)
        var octets = [UInt8](repeating: 0, count: MD5.digestLength)
        // SAFETY: the array holds as many octets as a digest has.
        unsafe octets.withUnsafeMutableBytes { bytes in
            if let base = bytes.baseAddress { unsafe digest.finish(into: base) }
        }
        return "00" + Self.text(octets)
    }

    private static func text(_ octets: [UInt8]) -> String {
        octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func answer(_ replies: [[String]], _ tag: String?, _ how: Misbehaviour, closes: Bool = false) {
        var octets = replies.flatMap { Words.encode($0 + (tag.map { [$0] } ?? [])) }
        if how.speaksGarbage { octets = [0xFF, 0xFE, 0x00] }
        if how.dropsMidway { octets = Array(octets.prefix(octets.count / 2)) }
        let due = SystemClock.monotonicNanoseconds().later(by: how.delay.monotonic)
        later.append(Later(due: due, octets: octets, closesAfter: closes || how.dropsMidway))
        later.sort { $0.due < $1.due }
        tick(SystemClock.monotonicNanoseconds())
    }

    private func say(_ octets: [UInt8]) {
        guard let tls else {
            output += octets
            return
        }
        do throws(TLSError) { try tls.send(octets) } catch { isOver = true }
    }
}
