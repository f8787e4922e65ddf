import Glibc

/// Follows a file that `nexora tail --json` appends to, for the sessions that must leave.
final class StormIntents {
    private let path: String
    private var descriptor: Int32 = -1
    private var rest: [UInt8] = []
    private static let mark = Array("\"admissionId\":\"".utf8)

    init(_ path: String) { self.path = path }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The lower halves of the admissions named since the last call.
    func read() -> [UInt64] {
        if descriptor < 0 { descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { return [] }
        var found: [UInt64] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return found }
            rest += buffer[..<count]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                if let admission = Self.admission(rest[..<end]) { found.append(admission) }
                rest.removeFirst(end + 1)
            }
        }
    }

    /// The last 16 hexadecimal digits of the first admission of a line.
    static func admission(_ line: ArraySlice<UInt8>) -> UInt64? {
        guard let start = find(Self.mark, in: line) else { return nil }
        let text = line[start...].prefix { $0 != UInt8(ascii: "\"") }.filter { $0 != UInt8(ascii: "-") }
        guard text.count == 32 else { return nil }
        return UInt64(String(decoding: text.suffix(16), as: UTF8.self), radix: 16)
    }

    private static func find(_ mark: [UInt8], in line: ArraySlice<UInt8>) -> Int? {
        guard line.count >= mark.count else { return nil }
        var at = line.startIndex
        while at + mark.count <= line.endIndex {
            if line[at..<at + mark.count].elementsEqual(mark) { return at + mark.count }
            at += 1
        }
        return nil
    }
}
