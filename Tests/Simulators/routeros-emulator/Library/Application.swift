import Glibc

/// The program: one router in memory, until the process ends.
package enum Application {
    private static let usage = """
        routeros-emulator --port PORT [--tls-port PORT --certificate FILE --key FILE] [--user NAME] [--password TEXT]
            [--version 7.14.3] [--login new|old] [--online NAME,NAME] [--behaviour FILE] [--state FILE]
        A MikroTik router's API on 127.0.0.1. FILE of --behaviour is read at least ten times a second, a fault a line: deaf, delay MS, drop,
        refuse-login, fatal REASON, garbage. FILE of --state is written anew after each change: JSON with connections, commands, rows.

        """

    /// Runs with the process's own arguments; returns its exit status.
    package static func run(_ arguments: [String]) -> Int32 {
        var options: [String: String] = [:]
        var rest = arguments[...]
        while let name = rest.popFirst(), name.hasPrefix("--"), let value = rest.popFirst() { options[name] = value }
        guard rest.isEmpty, let port = options["--port"].flatMap({ UInt16($0) }) else { return say(usage, 2) }
        var settings = EmulatedRouter.Settings()
        settings.port = port
        settings.tlsPort = options["--tls-port"].flatMap { UInt16($0) } ?? 0
        settings.certificate = options["--certificate"]
        settings.key = options["--key"]
        settings.user = options["--user"] ?? settings.user
        settings.password = options["--password"] ?? settings.password
        settings.version = options["--version"] ?? settings.version
        settings.isOld = options["--login"] == "old"
        settings.sessions = options["--online"]?.split(separator: ",").map(String.init) ?? []
        do {
            let router = try EmulatedRouter(settings)
            var written = ""
            try router.run {
                if let path = options["--behaviour"] { router.misbehave(Misbehaviour(read(path))) }
                guard let path = options["--state"] else { return }
                let text = StateText.json(router)
                if text != written { write(text, path) }
                written = text
            }
            return 0
        } catch {
            return say("routeros-emulator: \(error)\n", 69)
        }
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
        _ = unsafe Glibc.write(file, octets, octets.count)
        close(file)
        _ = unsafe rename(path + ".new", path)
    }

    private static func say(_ text: String, _ status: Int32) -> Int32 {
        let octets = Array(text.utf8)
        _ = unsafe octets.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
        return status
    }
}
