/// Where a command writes and reads: the process's terminal, or a test's.
package struct Console: Sendable {
    /// Writes to standard output.
    package let output: @Sendable ([UInt8]) -> Void
    /// Writes to standard error: progress, warnings, errors.
    package let errors: @Sendable ([UInt8]) -> Void
    /// Reads one line of standard input without its end; nil at the end of the input.
    package let readLine: @Sendable () -> String?
    /// The screen's width; nil when standard output is no terminal.
    package let columns: Int?
    /// Whether progress may be redrawn in place: standard error is a terminal.
    package let showsProgress: Bool

    /// A console over the given ends.
    package init(
        output: @escaping @Sendable ([UInt8]) -> Void,
        errors: @escaping @Sendable ([UInt8]) -> Void,
        readLine: @escaping @Sendable () -> String?,
        columns: Int?,
        showsProgress: Bool
    ) {
        self.output = output
        self.errors = errors
        self.readLine = readLine
        self.columns = columns
        self.showsProgress = showsProgress
    }

    /// Writes text to standard output.
    package func write(_ text: String) {
        output(Array(text.utf8))
    }

    /// Writes a line to standard error.
    package func note(_ text: String) {
        errors(Array((text + "\n").utf8))
    }

    /// Redraws one line of progress on a terminal; silent elsewhere.
    package func progress(_ text: String) {
        guard showsProgress else { return }
        errors(Array("\r\u{1b}[K\(text)".utf8))
    }

    /// Ends a line of progress.
    package func endProgress() {
        guard showsProgress else { return }
        errors(Array("\r\u{1b}[K".utf8))
    }
}
