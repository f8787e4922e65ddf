import FoundationEssentials
import Glibc

/// A test server that did not come up; its log tells why.
package struct ServerFailed: Error, CustomStringConvertible {
    let name: String
    let tail: String

    init(name: String, log: String) {
        self.name = name
        let text = (try? Data(contentsOf: URL(filePath: log))).map { String(decoding: $0, as: UTF8.self) } ?? ""
        tail = String(text.suffix(2000))
    }

    package var description: String { "\(name) failed to start:\n\(tail)" }
}

/// The first of `directories` that holds the program `name`.
func findExecutable(_ name: String, in directories: [String]) throws -> String {
    for directory in directories {
        let path = directory + "/" + name
        if unsafe access(path, X_OK) == 0 { return path }
    }
    throw NotInstalled(name: name, directories: directories)
}

/// A program that the tests need is missing.
package struct NotInstalled: Error, CustomStringConvertible {
    let name: String
    let directories: [String]

    package var description: String { "\(name) is not installed (looked in \(directories.joined(separator: ", ")))" }
}

/// Whether something listens on that port of 127.0.0.1.
func accepts(port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
    return unsafe withUnsafeBytes(of: &address) { raw in
        guard let generic = unsafe raw.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
        return unsafe connect(descriptor, generic, socklen_t(raw.count)) == 0
    }
}
