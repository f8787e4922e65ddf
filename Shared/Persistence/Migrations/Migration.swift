import Crypto
import FoundationEssentials
import WireFormat

/// One step of the schema and the way back.
package struct Migration: Sendable, Equatable {
    package let version: Int
    package let name: String
    package let up: String
    package let down: String

    package init(version: Int, name: String, up: String, down: String) {
        self.version = version
        self.name = name
        self.up = up
        self.down = down
    }

    /// Lower-case hexadecimal SHA-256 of up.sql, a zero octet and down.sql.
    package var checksum: String { Hex.encode(Digest.sha256(Array(up.utf8) + [0] + Array(down.utf8))) }

    /// `0001-tenants`
    package var folder: String { Self.folder(version: version, name: name) }

    static func folder(version: Int, name: String) -> String {
        let digits = String(version)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "-" + name
    }

    /// Reads every `NNNN-name/{up,down}.sql` of `directory`, in the order of their numbers.
    /// Files beside the folders are left alone; a folder of another form, or without both scripts, is an error.
    package static func all(in directory: String) throws(MigrationError) -> [Migration] {
        guard let entries = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
            throw .unreadable(path: directory)
        }
        var found: [Int: Migration] = [:]
        for entry in entries.sorted() where !entry.hasPrefix(".") {
            let path = directory + "/" + entry
            var isDirectory = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory else { continue }
            let migration = try read(entry, at: path)
            guard found.updateValue(migration, forKey: migration.version) == nil else { throw .badName(folder: entry) }
        }
        return found.values.sorted { $0.version < $1.version }
    }

    private static func read(_ folder: String, at path: String) throws(MigrationError) -> Migration {
        let parts = folder.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 4, parts[0].utf8.allSatisfy({ (48...57).contains($0) }),
            let version = Int(parts[0]), version > 0, !parts[1].isEmpty
        else { throw .badName(folder: folder) }
        return Migration(
            version: version,
            name: String(parts[1]),
            up: try script(path + "/up.sql"),
            down: try script(path + "/down.sql")
        )
    }

    private static func script(_ path: String) throws(MigrationError) -> String {
        guard let data = try? Data(contentsOf: URL(filePath: path)), let text = String(validating: data, as: UTF8.self)
        else { throw .unreadable(path: path) }
        return text
    }
}

/// What `Migrator.status()` tells of one migration.
package struct MigrationStatus: Sendable, Equatable {
    package enum State: Sendable, Equatable {
        /// Applied at this time, in microseconds since 1970.
        case applied(at: Int64)
        case pending
        /// Applied at this time, and its files have changed since.
        case edited(at: Int64)
        /// In the database but not in the folder.
        case unknown(at: Int64)
    }

    package let version: Int
    package let name: String
    package let state: State
}
