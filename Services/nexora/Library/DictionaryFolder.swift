import Glibc
package import RADIUS

/// Where dictionaries of attributes are read from.
package enum DictionaryFolder {
    /// The main file of Debian's package freeradius-common.
    package static let standard = "/usr/share/freeradius/dictionary"

    /// A dictionary and where it came from.
    package struct Loaded: Sendable {
        package let dictionary: AttributeDictionary
        /// The file's path, or `built-in`.
        package let source: String
    }

    /// The dictionary of the file at `path`. Without a path the one at `standard` where it is installed, else the server's
    /// own.
    package static func load(
        _ path: String?,
        standard: String = DictionaryFolder.standard
    ) throws(CommandFailure) -> Loaded {
        do throws(DictionaryError) {
            if let path { return Loaded(dictionary: try read(path), source: path) }
            guard Self.exists(standard) else {
                return Loaded(dictionary: try BuiltInDictionary.load(), source: BuiltInDictionary.fileName)
            }
            return Loaded(dictionary: try read(standard), source: standard)
        } catch {
            if case .missing = error.problem, error.line == 0 {
                throw CommandFailure(.notFound, "\(path ?? standard) cannot be read: no such file")
            }
            throw CommandFailure(.badData, error.description)
        }
    }

    // SAFETY: the path is handed to the kernel as a string that lives for the call.
    private static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// Reads the file and, from the same folder, what it includes.
    private static func read(_ path: String) throws(DictionaryError) -> AttributeDictionary {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[...$0]) } ?? ""
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        return try AttributeDictionary(file: name) { name, limit in
            guard Self.exists(folder + name) else { return .missing }
            do throws(CommandFailure) {
                return .contents(try PrivateFile.read(folder + name, limit: limit))
            } catch {
                return .unreadable(error.message)
            }
        }
    }
}
