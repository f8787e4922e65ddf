import Glibc
import WireFormat

/// The program: one mail server in memory, until the process ends.
package enum Application {
    private static let usage = """
        smtp-server --port PORT [--tls-port PORT --certificate FILE --key FILE] [--user NAME] [--password TEXT]
            [--demand-tls yes] [--greylist yes] [--behaviour FILE] [--state FILE]
        A mail server on 127.0.0.1. FILE of --behaviour is read at least ten times a second, a fault a line:
        [TIMESx] STAGE[@RECIPIENT] reply|leave CODE WORDS, or stall, drop, take-and-drop; STAGE is greeting, hello, starttls, login,
        sender, recipient, data, body or end. FILE of --state is written anew after each change: JSON with what was taken.

        """

    /// Runs with the process's own arguments; returns its exit status.
    package static func run(_ arguments: [String]) -> Int32 {
        var options: [String: String] = [:]
        var rest = arguments[...]
        while let name = rest.popFirst(), name.hasPrefix("--"), let value = rest.popFirst() { options[name] = value }
        guard rest.isEmpty, let port = options["--port"].flatMap({ UInt16($0) }) else { return say(usage, 2) }
        var settings = EmulatedMailServer.Settings()
        settings.port = port
        settings.tlsPort = options["--tls-port"].flatMap { UInt16($0) } ?? 0
        settings.certificate = options["--certificate"]
        settings.key = options["--key"]
        settings.user = options["--user"]
        settings.password = options["--password"] ?? ""
        settings.demandsTLS = options["--demand-tls"] == "yes"
        do {
            let server = try EmulatedMailServer(settings)
            server.greylist(options["--greylist"] == "yes")
            // Faults that are counted down are told anew only when the file changes.
            var (faults, written) = ("", "")
            try server.run {
                if let path = options["--behaviour"] {
                    let text = read(path)
                    if text != faults { server.misbehave(text.split(separator: "\n").compactMap { MailFault($0) }) }
                    faults = text
                }
                guard let path = options["--state"] else { return }
                let text = json(server)
                if text != written { write(text, path) }
                written = text
            }
            return 0
        } catch {
            return say("smtp-server: \(error)\n", 69)
        }
    }

    /// `{"accepted", "open", "taken": [{"sender", "recipients", "message_id", "times", "encrypted", "user", "message"}]}`: a message of
    /// one id stands there once, with how often it was taken; `message` is in base 64.
    private static func json(_ server: EmulatedMailServer) -> String {
        let taken = server.taken
        let times = taken.reduce(into: [String: Int]()) { $0[$1.messageID, default: 0] += 1 }
        var seen: Set<String> = []
        var mails: [String] = []
        for mail in taken where mail.messageID.isEmpty || seen.insert(mail.messageID).inserted {
            let recipients = mail.recipients.map(quoted).joined(separator: ",")
            mails.append(
                "{\"sender\":\(quoted(mail.sender)),\"recipients\":[\(recipients)],\"message_id\":\(quoted(mail.messageID)),"
                    + "\"times\":\(times[mail.messageID] ?? 1),\"encrypted\":\(mail.isEncrypted),"
                    + "\"user\":\(mail.user.map(quoted) ?? "null"),\"message\":\"\(Base64.encode(mail.octets))\"}"
            )
        }
        return "{\"accepted\":\(server.accepted),\"open\":\(server.open),\"taken\":[\(mails.joined(separator: ","))]}\n"
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar in
            scalar == "\"" || scalar == "\\" || scalar.value < 0x20 ? "?" : String(scalar)
        }
        return "\"\(escaped.joined())\""
    }

    /// Empty where there is no such file.
    private static func read(_ path: String) -> String {
        let file = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var octets = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe Glibc.read(file, &octets, octets.count)
        return String(decoding: octets.prefix(max(0, count)), as: UTF8.self)
    }

    /// Readers see the old text or the new one.
    private static func write(_ text: String, _ path: String) {
        let octets = Array(text.utf8)
        let file = unsafe Glibc.open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { return }
        defer { close(file) }
        var written = 0
        while written < octets.count {
            let count = unsafe octets[written...].withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            written += count
        }
        _ = unsafe rename(path + ".new", path)
    }

    private static func say(_ text: String, _ status: Int32) -> Int32 {
        let octets = Array(text.utf8)
        _ = unsafe octets.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
        return status
    }
}
