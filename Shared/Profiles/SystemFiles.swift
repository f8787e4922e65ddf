package import Domain
import Glibc
package import RADIUS

/// Files that the system brings: dictionaries of attributes and time zones. Read when something is loaded, never for a packet.
package enum SystemFiles {
    /// The main file of Debian's package freeradius-common.
    package static let standardDictionary = "/usr/share/freeradius/dictionary"
    /// The folder of the time zone database.
    package static let timeZones = "/usr/share/zoneinfo"

    /// The dictionary at `path`; without one the standard one where it is installed, else the server's own. And where it
    /// came from.
    package static func dictionary(
        _ path: String?,
        standard: String = standardDictionary
    ) throws(DictionaryError) -> (dictionary: AttributeDictionary, source: String) {
        if let path { return (try dictionary(at: path), path) }
        guard exists(standard) else { return (try BuiltInDictionary.load(), BuiltInDictionary.fileName) }
        return (try dictionary(at: standard), standard)
    }

    /// The rules of the zone of that name, such as `Europe/Rome`; nil when the database has none.
    package static func timeZone(_ name: String, folder: String = timeZones) -> TimeZoneRules? {
        if name == "UTC" { return .utc }
        guard TimeZoneRules.isName(name), let octets = read("\(folder)/\(name)", limit: TimeZoneRules.greatestFile)
        else {
            return nil
        }
        return TimeZoneRules(file: octets)
    }

    /// Reads the file and, from the same folder, what it includes.
    private static func dictionary(at path: String) throws(DictionaryError) -> AttributeDictionary {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[...$0]) } ?? ""
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        return try AttributeDictionary(file: name) { name, limit in
            guard exists(folder + name) else { return .missing }
            return read(folder + name, limit: limit).map { .contents($0) }
                ?? .unreadable("\(folder + name) cannot be read, or is larger than \(limit) octets")
        }
    }

    // SAFETY: below, paths are handed to the kernel as strings that live for the call.

    private static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// The whole file; nil when it cannot be read or has more than `limit` octets.
    private static func read(_ path: String, limit: Int) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            // SAFETY: the kernel writes at most chunk.count octets into the array.
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { return nil }
        }
    }
}
