import Glibc
import Synchronization

extension Console {
    /// The process's own standard input, output and error.
    package static func process() -> Console {
        Console(
            output: { writeAll($0, to: STDOUT_FILENO) },
            errors: { writeAll($0, to: STDERR_FILENO) },
            readLine: { Swift.readLine(strippingNewline: true) },
            columns: isatty(STDOUT_FILENO) == 1 ? screenWidth() : nil,
            showsProgress: isatty(STDERR_FILENO) == 1
        )
    }

    /// Writes every byte; a reader that went away (`nexora tail | head`) ends the process without a word, as SIGPIPE does
    /// where it is not ignored.
    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
        var offset = 0
        while offset < bytes.count {
            // SAFETY: the pointer is used inside the closure only and stays within the array.
            let written = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + offset }, buffer.count - offset)
            }
            if written < 0 && errno == EINTR { continue }
            if written < 0 && errno == EPIPE { _exit(128 + SIGPIPE) }
            guard written > 0 else { return }
            offset += written
        }
    }

    private static func screenWidth() -> Int? {
        var size = winsize()
        // SAFETY: the kernel fills the local structure that TIOCGWINSZ is defined for.
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}
