import Glibc

/// A system call that failed: which one, and why.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    /// The call's name, such as `bind`.
    package let call: String
    /// The value of errno.
    package let errorNumber: Int32

    /// An error of `call`; `errorNumber` is a positive errno.
    package init(_ call: String, _ errorNumber: Int32) {
        self.call = call
        self.errorNumber = errorNumber
    }

    /// Takes a result by the platform shim's convention: a negative value is `-errno`.
    @discardableResult
    package static func check(_ call: String, _ result: Int32) throws(SystemError) -> Int32 {
        guard result >= 0 else { throw SystemError(call, -result) }
        return result
    }

    package var description: String { "\(call): \(Self.text(errorNumber)) (errno \(errorNumber))" }

    private static func text(_ errorNumber: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard unsafe strerror_r(errorNumber, &buffer, buffer.count) == 0 else { return "unknown error" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
