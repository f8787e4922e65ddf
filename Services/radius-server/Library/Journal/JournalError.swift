import Glibc

/// The journal's directory or a segment could not be used.
struct JournalError: Error, CustomStringConvertible {
    /// What was tried, with the path.
    let operation: String
    /// errno; 0 where the file's content, not the system, was at fault.
    let number: Int32

    /// With the current errno.
    init(_ operation: String, number: Int32 = errno) {
        self.operation = operation
        self.number = number
    }

    var description: String {
        number == 0 ? operation : unsafe "\(operation): \(String(cString: strerror(number)))"
    }
}
