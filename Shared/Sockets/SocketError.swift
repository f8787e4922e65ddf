import Glibc

/// A system call on a socket that failed: what was tried and the system's error number.
package struct SocketError: Error, CustomStringConvertible {
    /// What was tried, with the address and port.
    package let operation: String
    /// errno.
    package let number: Int32

    package init(operation: String, number: Int32) {
        self.operation = operation
        self.number = number
    }

    package var description: String {
        unsafe "\(operation): \(String(cString: strerror(number)))"
    }
}
