/// What goes wrong with the emulated router, from now on.
package struct Misbehaviour: Hashable, Sendable {
    /// It reads and does not answer.
    package var isDeaf = false
    /// It answers so much later.
    package var delay: Duration = .zero
    /// It sends half of the next answer and closes the connection.
    package var dropsMidway = false
    /// Nobody is let in.
    package var refusesLogin = false
    /// It ends the connection instead of answering, with that reason.
    package var fatal: String?
    /// It answers what is no sentence.
    package var speaksGarbage = false

    package init() {}

    /// Lines of text: `deaf`, `delay MILLISECONDS`, `drop`, `refuse-login`, `fatal REASON`, `garbage`. Others mean nothing.
    package init(_ text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1)
            let rest = words.count > 1 ? String(words[1]) : ""
            switch words.first {
            case "deaf": isDeaf = true
            case "delay": delay = .milliseconds(Int64(rest) ?? 0)
            case "drop": dropsMidway = true
            case "refuse-login": refusesLogin = true
            case "fatal": fatal = rest
            case "garbage": speaksGarbage = true
            default: break
            }
        }
    }
}
