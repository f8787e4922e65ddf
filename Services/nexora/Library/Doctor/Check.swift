/// One line of the doctor: what was looked at, how it is, and what to do.
package struct Check: Sendable, Equatable {
    /// How it is.
    package enum Verdict: String, Sendable {
        case ok
        /// It works, but not as it should.
        case warn
        /// Something does not work.
        case fail
    }

    package let name: String
    package let verdict: Verdict
    /// What was found.
    package let finding: String
    /// What to do about it; nil when all is well.
    package let remedy: String?

    /// Nothing to do.
    package static func ok(_ name: String, _ finding: String) -> Check {
        Check(name: name, verdict: .ok, finding: finding, remedy: nil)
    }

    /// It works, but not as it should.
    package static func warn(_ name: String, _ finding: String, _ remedy: String) -> Check {
        Check(name: name, verdict: .warn, finding: finding, remedy: remedy)
    }

    /// Something does not work.
    package static func fail(_ name: String, _ finding: String, _ remedy: String) -> Check {
        Check(name: name, verdict: .fail, finding: finding, remedy: remedy)
    }

    var record: OutputRecord {
        var record = OutputRecord()
        record.add("check", .text(name))
        record.add("verdict", .text(verdict.rawValue))
        record.add("finding", .text(finding))
        record.add("remedy", .optional(remedy))
        return record
    }

    /// As it is told to people: the verdict first, the remedy on a line of its own.
    var text: String {
        let head = verdict.rawValue.padded(to: 6) + name.padded(to: 29) + finding.displayable + "\n"
        return remedy.map { head + "".padded(to: 6) + "-> " + $0.displayable + "\n" } ?? head
    }
}
