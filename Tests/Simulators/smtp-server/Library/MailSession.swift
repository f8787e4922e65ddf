import Glibc
import TLS
import WireFormat

/// One connection to the emulated mail server. Confined to the emulator's thread.
final class MailSession {
    private enum Phase {
        case commands, body
        /// What follows is the answer to `334` (RFC 4954).
        case plain, user
        case password(String)
    }

    let descriptor: Int32
    private let server: EmulatedMailServer
    private let number: Int
    private var tls: TLSSession?
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var phase = Phase.commands
    private var user: String?
    private var sender: String?
    private var recipients: [String] = []
    private var message: [UInt8] = []
    private var isDeaf = false
    private(set) var isOver = false

    init(_ descriptor: Int32, _ server: EmulatedMailServer, _ number: Int) {
        self.descriptor = descriptor
        self.server = server
        self.number = number
    }

    deinit { close(descriptor) }

    var wantsWriting: Bool { !output.isEmpty }

    /// Speaks first.
    func begin(isTLS: Bool) {
        if isTLS { encrypt() }
        answer(.greeting, "220 emulated.example ESMTP")
        flush()
    }

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
                return
            }
            hear()
        }
        flush()
    }

    private func flush() {
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

    private func encrypt() {
        guard let context = server.context else { return }
        do throws(TLSError) { tls = try TLSSession(context) } catch { isOver = true }
    }

    // MARK: - Lines

    private func hear() {
        var start = input.startIndex
        while !isOver, !isDeaf, let end = input[start...].firstIndex(of: 0x0a) {
            let line = input[start...end]
            start = end + 1
            // What was said before TLS began is none of what is said in it (RFC 3207 §6).
            let wasPlain = tls == nil
            obey(line)
            if wasPlain, tls != nil { start = input.endIndex }
        }
        input.removeSubrange(..<start)
    }

    private func obey(_ line: ArraySlice<UInt8>) {
        if case .body = phase { return gather(line) }
        let text = String(decoding: line, as: UTF8.self).filter { $0 != "\r\n" && $0 != "\n" }
        switch phase {
        case .plain: return logIn(plain: text)
        case .user:
            phase = .password(Self.decoded(text))
            return say("334 UGFzc3dvcmQ6")
        case .password(let name): return logIn(name, Self.decoded(text))
        default: break
        }
        let verb = text.prefix { $0 != " " }.uppercased()
        server.note(verb)
        switch verb {
        case "EHLO", "HELO": answer(.hello, greeting)
        case "STARTTLS": startTLS()
        case "AUTH": authenticate(text)
        case "MAIL": mail(text)
        case "RCPT": rcpt(text)
        case "DATA": data()
        case "RSET":
            reset()
            say("250 2.0.0 forgotten")
        case "NOOP": say("250 2.0.0 still here")
        case "QUIT":
            say("221 2.0.0 bye")
            flush()
            isOver = true
        default: say("502 5.5.2 unknown")
        }
    }

    private var greeting: String {
        var lines = ["emulated.example", "8BITMIME", "ENHANCEDSTATUSCODES", "SIZE \(server.settings.sizeLimit)"]
        if server.context != nil, tls == nil { lines.append("STARTTLS") }
        if server.settings.user != nil, tls != nil || !server.settings.demandsTLS { lines.append("AUTH PLAIN LOGIN") }
        let last = lines.count - 1
        return lines.enumerated().map { "250\($0 == last ? " " : "-")\($1)" }.joined(separator: "\r\n")
    }

    private func startTLS() {
        guard server.context != nil, tls == nil else { return say("454 4.7.0 TLS is not to be had") }
        guard answer(.starttls, "220 2.0.0 go ahead") else { return }
        // The answer leaves before TLS begins.
        flush()
        reset()
        encrypt()
    }

    private func authenticate(_ text: String) {
        let words = text.split(separator: " ").map { String($0) }
        switch (words.count > 1 ? words[1].uppercased() : "", words.count) {
        case ("PLAIN", 3): logIn(plain: words[2])
        case ("PLAIN", 2):
            phase = .plain
            say("334 ")
        case ("LOGIN", 3):
            phase = .password(Self.decoded(words[2]))
            say("334 UGFzc3dvcmQ6")
        case ("LOGIN", 2):
            phase = .user
            say("334 VXNlcm5hbWU6")
        default: say("504 5.5.4 unknown mechanism")
        }
    }

    private func logIn(plain text: String) {
        let parts = Self.decoded(text).split(separator: "\0", omittingEmptySubsequences: false).map { String($0) }
        logIn(parts.count == 3 ? parts[1] : "", parts.count == 3 ? parts[2] : "")
    }

    private func logIn(_ name: String, _ password: String) {
        phase = .commands
        guard name == server.settings.user, password == server.settings.password else {
            return say("535 5.7.8 not so")
        }
        if answer(.login, "235 2.7.0 come in") { user = name }
    }

    private static func decoded(_ text: String) -> String {
        String(decoding: Base64.decode(text) ?? [], as: UTF8.self)
    }

    // MARK: - Mail

    private func mail(_ text: String) {
        if server.settings.demandsTLS, tls == nil { return say("530 5.7.0 first STARTTLS") }
        if server.settings.user != nil, user == nil { return say("530 5.7.0 first AUTH") }
        let size = text.firstRange(of: " SIZE=").flatMap { Int(text[$0.upperBound...].prefix { $0.isNumber }) } ?? 0
        if size > server.settings.sizeLimit { return say("552 5.3.4 too large") }
        guard let path = Self.path(text) else { return say("501 5.1.7 no address") }
        reset()
        if answer(.sender, "250 2.1.0 ok") { sender = path }
    }

    private func rcpt(_ text: String) {
        guard sender != nil else { return say("503 5.5.1 first MAIL") }
        guard let path = Self.path(text), path.contains("@") else { return say("501 5.1.3 no address") }
        if server.isGreylisted(path) { return say("451 4.7.1 greylisted, come again later") }
        if answer(.recipient, "250 2.1.5 ok", for: path) { recipients.append(path) }
    }

    private func data() {
        guard !recipients.isEmpty else { return say("503 5.5.1 first RCPT") }
        if answer(.data, "354 go ahead") { phase = .body }
    }

    private func gather(_ line: ArraySlice<UInt8>) {
        if line.elementsEqual([0x2e, 0x0d, 0x0a]) { return end() }
        if message.isEmpty, let fault = server.fault(.body, recipients.first) {
            act(fault)
            // A server that complains in the midst of a message does not listen to its rest.
            isDeaf = true
            return
        }
        message += line.first == 0x2e ? line.dropFirst() : line
    }

    private func end() {
        phase = .commands
        let mail = TakenMail(
            sender: sender ?? "",
            recipients: recipients,
            octets: message,
            isEncrypted: tls != nil,
            user: user,
            messageID: Self.messageID(message),
            connection: number
        )
        let fault = server.fault(.end, recipients.first)
        reset()
        switch fault {
        case .takeAndDrop:
            server.take(mail)
            isOver = true
        case let fault?: act(fault)
        case nil:
            server.take(mail)
            say("250 2.0.0 taken as \(number)")
        }
    }

    private func reset() {
        sender = nil
        recipients = []
        message = []
    }

    private static func path(_ text: String) -> String? {
        guard let begin = text.firstIndex(of: "<"), let end = text[begin...].firstIndex(of: ">") else { return nil }
        return String(text[text.index(after: begin)..<end])
    }

    private static func messageID(_ octets: [UInt8]) -> String {
        let head = String(decoding: octets.prefix(8_192), as: UTF8.self).split(separator: "\r\n")
        let field = head.first { $0.lowercased().hasPrefix("message-id:") }
        return field.map { String($0.dropFirst(11).filter { $0 != " " && $0 != "<" && $0 != ">" }) } ?? ""
    }

    // MARK: - Answers

    /// Says the line, unless something goes wrong there; whether it did say it.
    @discardableResult private func answer(_ stage: MailFault.Stage, _ line: String, for recipient: String? = nil)
        -> Bool
    {
        guard let fault = server.fault(stage, recipient ?? recipients.first) else {
            say(line)
            return true
        }
        act(fault)
        return false
    }

    private func act(_ fault: MailFault.Action) {
        switch fault {
        case .reply(let line): say(line)
        case .leave(let line):
            say(line)
            flush()
            isOver = true
        case .stall: isDeaf = true
        case .drop, .takeAndDrop: isOver = true
        }
    }

    private func say(_ line: String) {
        let octets = Array((line + "\r\n").utf8)
        guard let tls else {
            output += octets
            return
        }
        do throws(TLSError) { try tls.send(octets) } catch { isOver = true }
    }
}
