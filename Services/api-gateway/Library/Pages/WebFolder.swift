import Glibc

/// The files of the pages, read once: a request never touches the disk.
package struct WebFolder: Sendable {
    /// A file that is served: what follows the folder in its path, its type and its octets.
    package struct File: Sendable, Equatable {
        package let path: String
        package let contentType: String
        package let octets: [UInt8]
    }

    /// Why the pages cannot be served.
    package struct Fault: Error, CustomStringConvertible {
        package let description: String
    }

    package let files: [File]

    /// Everything below the folder that is of a known type; what begins with a dot, and what is for people who work on the
    /// pages, is left out. Throws a `Fault` where the folder holds no `index.html`, or a file that no page has.
    package init(_ folder: String) throws {
        var files: [File] = []
        try Self.walk(folder, "", into: &files, depth: 0)
        guard files.contains(where: { $0.path == "index.html" }) else {
            throw Fault(description: "\(folder) holds no index.html")
        }
        self.files = files.sorted { $0.path < $1.path }
    }

    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml", "png": "image/png", "woff2": "font/woff2", "webmanifest": "application/manifest+json",
    ]
    private static let unserved: Set = ["md"]
    private static let mostOctets = 1 << 20

    private static func walk(_ folder: String, _ prefix: String, into files: inout [File], depth: Int) throws {
        guard depth < 8 else { throw Fault(description: "\(folder) is too deep") }
        for name in try names(in: folder) {
            let place = folder + "/" + name
            if isFolder(place) {
                try walk(place, prefix + name + "/", into: &files, depth: depth + 1)
                continue
            }
            let kind = String(name.split(separator: ".").last ?? "")
            if unserved.contains(kind) { continue }
            guard let type = types[kind] else {
                throw Fault(description: "\(place) is of no type that pages are made of")
            }
            files.append(File(path: prefix + name, contentType: type, octets: try octets(of: place)))
        }
    }

    private static func names(in folder: String) throws(Fault) -> [String] {
        guard let handle = unsafe opendir(folder) else { throw Fault(description: "\(folder) cannot be read") }
        defer { unsafe closedir(handle) }
        var names: [String] = []
        while let entry = unsafe readdir(handle) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                // SAFETY: readdir ends each name with a NUL within the field.
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func octets(of path: String) throws(Fault) -> [UInt8] {
        guard let file = unsafe fopen(path, "rb") else { throw Fault(description: "\(path) cannot be read") }
        defer { unsafe fclose(file) }
        var octets = [UInt8](repeating: 0, count: mostOctets + 1)
        let count = unsafe fread(&octets, 1, octets.count, file)
        guard unsafe ferror(file) == 0, count <= mostOctets else {
            throw Fault(description: "\(path) cannot be read, or is larger than \(mostOctets) octets")
        }
        return Array(octets[..<count])
    }
}
