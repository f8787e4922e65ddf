/// What became of reading one of a dictionary's files.
package enum DictionaryFile: Sendable {
    /// The file's octets.
    case contents([UInt8])
    /// There is no such file.
    case missing
    /// It is there and cannot be read; the text says why.
    case unreadable(String)
}

/// Reads a file of the dictionary's folder. The name is relative to the folder, has no empty part and none that is `.`
/// or `..`; parts are separated by `/`. A file above `limit` octets may be cut behind that many.
package typealias DictionaryReader = (_ name: String, _ limit: Int) -> DictionaryFile

/// What a dictionary may cost at most. FreeRADIUS 3.2's has 225 files, 1 MB and 16,000 definitions.
package struct DictionaryLimits: Sendable {
    /// How many files may be open within one another.
    package var includes = 8
    /// How many files there may be.
    package var files = 2_000
    /// Octets of all files together.
    package var octets = 16 << 20
    /// Octets of a line.
    package var lineOctets = 1_024
    /// Octets of a name.
    package var nameOctets = 128
    /// Attributes, vendors, and names of values, each.
    package var definitions = 200_000
    /// How deep attributes may stand within attributes.
    package var nesting = 8

    /// The limits above.
    package init() {}
}
