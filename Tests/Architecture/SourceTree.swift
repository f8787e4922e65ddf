import Foundation

/// The checkout that this test was built from, as the architecture rules see it.
struct SourceTree {
    let root: String

    /// Found from the place of this file, so that the tests may run from any folder.
    static let shared = SourceTree(
        root: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path(percentEncoded: false)
    )

    /// Paths below the root of all regular files, sorted; what builds and runs leave behind is not part of the tree.
    func files(under folder: String = "", suffix: String = "") -> [String] {
        let start = folder.isEmpty ? root : root + "/" + folder
        var found: [String] = []
        guard let walk = FileManager.default.enumerator(atPath: start) else { return [] }
        for case let entry as String in walk {
            if Self.generated.contains((entry as NSString).lastPathComponent) {
                walk.skipDescendants()
                continue
            }
            let isFile = walk.fileAttributes?[.type] as? FileAttributeType == .typeRegular
            if isFile, entry.hasSuffix(suffix) { found.append(folder.isEmpty ? entry : folder + "/" + entry) }
        }
        return found.sorted()
    }

    private static let generated: Set = [".build", ".git", ".run", ".venv", "__pycache__", ".pytest_cache"]

    /// Names of the folders directly in a folder.
    func folders(in folder: String) -> [String] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: root + "/" + folder)) ?? []
        return entries.filter { isFolder(folder + "/" + $0) }.sorted()
    }

    func isFolder(_ path: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: root + "/" + path)
        return attributes?[.type] as? FileAttributeType == .typeDirectory
    }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root + "/" + path) }

    func bytes(_ path: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: root + "/" + path)[.size] as? Int) ?? 0
    }

    /// A file's text; empty for one that is not UTF-8.
    func text(_ path: String) -> String { (try? String(contentsOfFile: root + "/" + path, encoding: .utf8)) ?? "" }

    /// The Swift files of the product and its tests below some folders.
    func swiftFiles(under folders: String...) -> [SwiftFile] {
        Self.swift.filter { file in folders.contains { file.path.hasPrefix($0 + "/") } }
    }

    /// Every Swift file, read once for all rules.
    private static let swift = ["Shared", "Services", "Tests"].flatMap { folder in
        shared.files(under: folder, suffix: ".swift").map { SwiftFile(path: $0, text: shared.text($0)) }
    }
}
