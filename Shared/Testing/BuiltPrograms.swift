internal import Glibc

/// The package's programs as they were built: beside the tests.
package enum BuiltPrograms {
    /// Where the product of that name lies.
    package static func path(_ product: String) -> String {
        var text = [CChar](repeating: 0, count: 4_096)
        let count = unsafe readlink("/proc/self/exe", &text, text.count)
        let path = text.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
        let own = String(decoding: path, as: UTF8.self)
        // Swift Testing may run inside a helper of the toolchain: then the bundle is named by an argument.
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? own
        let folder = bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return (folder + [Substring(product)]).joined(separator: "/")
    }
}
