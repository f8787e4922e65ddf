import Glibc

/// A configuration file: lines of `key = value`; empty lines and lines that begin with `#` say nothing.
struct ConfigFile {
    struct Entry {
        let value: String
        let line: Int
    }

    let name: String
    private(set) var entries: [String: Entry] = [:]
    private(set) var problems: [ConfigurationError.Problem] = []

    init(name: String, text: String) {
        self.name = name
        // Swift takes CR LF as one character.
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, raw) in lines.enumerated() {
            let line = raw.trimmed
            if line.isEmpty || line.hasPrefix("#") { continue }
            read(line, number: index + 1)
        }
    }

    func source(line: Int) -> String { "file \(name) line \(line)" }

    private mutating func read(_ line: Substring, number: Int) {
        // The line itself stays unsaid: it may hold a secret.
        guard let equals = line.firstIndex(of: "=") else {
            return complain("line \(number)", number, "not of the form key = value")
        }
        let key = String(line[..<equals].trimmed)
        if let first = entries[key] { return complain(key, number, "set already in line \(first.line)") }
        entries[key] = Entry(value: String(line[line.index(after: equals)...].trimmed), line: number)
    }

    private mutating func complain(_ key: String, _ line: Int, _ reason: String) {
        problems.append(.init(key: key, source: source(line: line), value: nil, reason: reason))
    }
}

extension Substring {
    /// Without blanks at both ends.
    var trimmed: Substring {
        let front = drop { $0 == " " || $0 == "\t" || $0 == "\r" }
        guard let last = front.lastIndex(where: { $0 != " " && $0 != "\t" && $0 != "\r" }) else { return front }
        return front[...last]
    }
}

/// The text of small files.
enum FileText {
    /// The whole of `path` up to 1 MiB as UTF-8; the reason when it cannot be read.
    static func read(_ path: String) -> Result<String, Unreadable> {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(Unreadable(errorNumber: errno)) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < 1_048_576 {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .failure(Unreadable(errorNumber: errno)) }
            if count == 0 { break }
            bytes += chunk.prefix(count)
        }
        return .success(String(decoding: bytes, as: UTF8.self))
    }

    struct Unreadable: Error {
        let errorNumber: Int32

        var reason: String {
            switch errorNumber {
            case ENOENT: "no such file"
            case EACCES: "not readable by this user"
            case EISDIR: "a directory, not a file"
            default: "cannot be read (errno \(errorNumber))"
            }
        }
    }
}

/// The environment that this process was started with.
package enum Environment {
    /// Names and values, as of the start.
    package static func current() -> [String: String] {
        guard case .success(let text) = FileText.read("/proc/self/environ") else { return [:] }
        var result: [String: String] = [:]
        for pair in text.split(separator: "\0") {
            guard let equals = pair.firstIndex(of: "=") else { continue }
            result[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
        }
        return result
    }
}
