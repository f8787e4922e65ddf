import Concurrency
import FoundationEssentials
import Glibc

/// A private directory under a short path (unix sockets allow about 100 bytes), owned by the servers' user.
package final class ServerDirectory: Sendable {
    /// Absolute, without a trailing slash.
    package let path: String

    /// Makes `/tmp/nx-KIND-PID-N`. Directories that dead processes left behind are removed first.
    package init(_ kind: String) throws {
        Residue.shared.sweep()
        let number = UInt32.random(in: 0...UInt32.max)
        path = "\(Residue.prefix)\(kind)-\(getpid())-" + String(number, radix: 36)
        guard unsafe mkdir(path, 0o700) == 0 else { throw SystemError("mkdir \(path)", errno) }
        Residue.shared.add(directory: path)
        try own()
    }

    deinit { remove() }

    /// Gives everything in here to the servers' user: call it after files were put in from outside.
    package func own() throws {
        guard let user = UnprivilegedUser.forServers else { return }
        let below = try FileManager.default.subpathsOfDirectory(atPath: path)
        for file in [path] + below.map({ path + "/" + $0 }) where unsafe lchown(file, user.userID, user.groupID) != 0 {
            throw SystemError("chown \(file)", errno)
        }
    }

    /// Removes it now instead of with the last reference.
    package func remove() {
        try? FileManager.default.removeItem(atPath: path)
        Residue.shared.remove(directory: path)
    }
}

/// A TCP port of 127.0.0.1 that was free a moment ago.
package func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw SystemError("socket", errno) }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let failed = unsafe withUnsafeMutableBytes(of: &address) { raw in
        guard let generic = unsafe raw.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return true }
        return unsafe bind(descriptor, generic, length) != 0 || getsockname(descriptor, generic, &length) != 0
    }
    guard !failed else { throw SystemError("bind", errno) }
    return Int(UInt16(bigEndian: address.sin_port))
}
