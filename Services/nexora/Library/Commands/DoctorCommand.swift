/// `doctor`.
enum DoctorCommand {
    static let all: [CommandSpec] = [
        CommandSpec(
            "doctor",
            "Checks every server and setting that Nexora stands on, and says what to do.",
            details: "Nothing is changed. Exit code 1 when a check fails; warnings alone are no failure.",
            examples: ["nexora doctor", "nexora doctor --json"]
        ) { _, context in
            var checks: [Check] = []
            await Doctor(context: context).examine { check in
                checks.append(check)
                if !context.isJSON { context.console.write(check.text) }
            }
            if context.isJSON { context.report.list(checks.map(\.record), none: "") }
            let failed = checks.count { $0.verdict == .fail }
            guard failed == 0 else { throw CommandFailure(.failed, "\(failed) of \(checks.count) checks failed") }
        }
    ]
}
