import Profiles
package import RADIUS

/// Where dictionaries of attributes are read from.
package enum DictionaryFolder {
    /// The main file of Debian's package freeradius-common.
    package static let standard = SystemFiles.standardDictionary

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
        standard: String = SystemFiles.standardDictionary
    ) throws(CommandFailure) -> Loaded {
        do throws(DictionaryError) {
            let (dictionary, source) = try SystemFiles.dictionary(path, standard: standard)
            return Loaded(dictionary: dictionary, source: source)
        } catch {
            if case .missing = error.problem, error.line == 0 {
                throw CommandFailure(.notFound, "\(path ?? standard) cannot be read: no such file")
            }
            throw CommandFailure(.badData, error.description)
        }
    }
}
