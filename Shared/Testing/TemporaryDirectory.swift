import FoundationEssentials
import Glibc

/// A fresh private directory that disappears with its last reference.
package final class TemporaryDirectory: Sendable {
    /// Absolute, without a trailing slash.
    package let path: String

    /// Makes the directory (mode 0700) below TMPDIR or /tmp; throws when the system refuses.
    package init() throws {
        let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        path = parent + "/nexora-test-" + String(UInt64.random(in: 0 ... .max), radix: 36)
        guard unsafe mkdir(path, 0o700) == 0 else { throw CannotMakeDirectory(path: path, errorNumber: errno) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The absolute path of `name` in here.
    package func file(_ name: String) -> String { path + "/" + name }

    /// Writes `text` as the whole content of `name` and returns its absolute path.
    @discardableResult
    package func write(_ text: String, to name: String) throws -> String {
        let target = file(name)
        try Data(text.utf8).write(to: URL(filePath: target))
        return target
    }
}

/// The system refused to make the directory.
struct CannotMakeDirectory: Error {
    let path: String
    let errorNumber: Int32
}
