import Glibc
import RADIUS

/// A text attribute as Postgres and JSON take it: UTF-8 with what is not replaced, and no NUL.
enum AttributeText {
    static func read(_ view: PacketView, _ type: UInt8) -> String? {
        guard let value = unsafe view.first(type) else { return nil }
        return unsafe clean(value)
    }

    /// The same for octets that come from elsewhere.
    static func clean(_ octets: [UInt8]) -> String { unsafe octets.withUnsafeBytes { unsafe clean($0) } }

    static func clean(_ value: UnsafeRawBufferPointer) -> String {
        let text = unsafe String(decoding: value, as: UTF8.self)
        // Decoding makes no NUL that was not there.
        guard let base = value.baseAddress, unsafe memchr(base, 0, value.count) != nil else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value != 0 }))
    }
}
