import Crypto
import Glibc
import RADIUS
import SharedTesting

/// Dictionaries and codecs of the tests.
enum Dictionaries {
    /// The folder of Debian's package freeradius-common.
    static let folder = "/usr/share/freeradius"

    /// Debian's dictionary, read once.
    static let debian = Result { try AttributeDictionary(read: reader(of: folder)) }

    /// Keys of the derived vectors.
    static let keys = HidingKeys(secret: Vectors.secret, requestAuthenticator: Vectors.requestAuthenticator)

    /// A codec of Debian's dictionary with the keys of the derived vectors.
    static func codec() throws -> AttributeCodec { AttributeCodec(try debian.get(), keys: keys) }

    /// Reads the files of a folder; `prelude` stands before a file's own contents.
    static func reader(of folder: String, prelude: [String: String] = [:]) -> DictionaryReader {
        { name, limit in
            guard let file = unsafe fopen(folder + "/" + name, "re") else { return .missing }
            defer { unsafe fclose(file) }
            var octets = Array((prelude[name] ?? "").utf8)
            var chunk = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = unsafe fread(&chunk, 1, chunk.count, file)
                guard count > 0, octets.count < limit else { return .contents(octets) }
                octets += chunk[..<count]
            }
        }
    }

    /// Reads files that are given as text.
    static func reader(_ files: [String: String]) -> DictionaryReader {
        { name, _ in files[name].map { .contents(Array($0.utf8)) } ?? .missing }
    }

    /// What reading files given as text ends with.
    static func error(_ files: [String: String], limits: DictionaryLimits = DictionaryLimits()) -> String? {
        do throws(DictionaryError) {
            _ = try AttributeDictionary(limits: limits, read: reader(files))
            return nil
        } catch {
            return error.description
        }
    }
}

extension [Attribute] {
    /// The attributes as they stand in a packet.
    var octets: [UInt8] { flatMap { $0.encoded ?? [] } }
}
