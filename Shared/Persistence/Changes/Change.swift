/// A row before and after it was changed, for the audit entry that is written in the same transaction.
package struct Change<Row: Sendable>: Sendable {
    /// Nil where there was none.
    package let before: Row?
    /// Nil where there is none any more.
    package let after: Row?

    package init(before: Row?, after: Row?) {
        self.before = before
        self.after = after
    }
}

/// Somebody changed the row since the caller read it.
package struct VersionConflict: Error, Sendable, Equatable, CustomStringConvertible {
    /// The row's present version.
    package let current: Int64

    package init(current: Int64) {
        self.current = current
    }

    package var description: String { "was changed in the meantime: its version is \(current)" }

    /// Throws unless the row has the expected version, or none is expected.
    static func check(_ expected: Int64?, _ current: Int64?) throws {
        guard let expected, let current, expected != current else { return }
        throw VersionConflict(current: current)
    }
}

extension Optional {
    /// The row; throws `notFound` where there is none.
    func found() throws -> Wrapped {
        guard let self else { throw PersistenceError.notFound }
        return self
    }
}
