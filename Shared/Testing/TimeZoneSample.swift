import Glibc
import Testing

/// Files of the system's time zone database.
package enum TimeZoneSample {
    /// The octets of the zone's compiled file.
    package static func file(_ name: String) throws -> [UInt8] {
        let path = "/usr/share/zoneinfo/\(name)"
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0, "\(path) is missing: install tzdata")
        defer { close(descriptor) }
        var octets = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe octets.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        return Array(octets[..<max(count, 0)])
    }
}
