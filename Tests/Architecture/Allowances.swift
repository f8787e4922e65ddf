/// Exceptions from the rules of this folder. Each has its reason; the lists may only shrink.
enum Allowances {
    /// A banned word and the folders or files that may hold it.
    struct Word {
        let text: String
        let instead: String
        var allowedIn: [String] = []
    }

    static let product: [Word] = [
        Word(text: "print(", instead: "Logger, or the command line's output"),
        Word(text: "Date()", instead: "the injected TimeSource"),
        Word(text: "Task {", instead: "a Service in the ServiceGroup", allowedIn: ["Shared/Lifecycle/"]),
        Word(text: "Task.detached", instead: "a Service in the ServiceGroup", allowedIn: ["Shared/Lifecycle/"]),
        Word(
            text: "Task.sleep",
            instead: "pause(for:)",
            allowedIn: ["Shared/Concurrency/", "Shared/Testing/Eventually.swift"]
        ),
        Word(text: "try!", instead: "a typed error"),
        Word(text: "DispatchQueue", instead: "PlatformThread or WorkerPool"),
        Word(text: "fatalError", instead: "a typed error, or precondition for a bug"),
    ]

    static let tests: [Word] = [
        Word(text: "try!", instead: "try in a throwing test"),
        Word(text: "DispatchQueue", instead: "PlatformThread or WorkerPool"),
        Word(text: "Task.sleep", instead: "eventually(within:)"),
    ]

    /// Words that mark unfinished work, wherever they stand.
    static let unfinished = ["TO" + "DO", "FIX" + "ME", "XX" + "X:"]

    /// Functions over 70 lines: "path:name".
    static let longFunctions: Set<String> = []

    /// Files over the cap on lines.
    static let longFiles: Set<String> = []

    /// Files of a service, other than its Application.swift, that name an adapter: each binds one of the service's ports
    /// to it and holds no rule.
    static let adapterImports: Set<String> = [
        "Services/radius-server/Library/Directory/DirectoryLoader.swift",
        "Services/radius-server/Library/Directory/DirectoryRows+Decoding.swift",
        "Services/radius-server/Library/Journal/JournalPublisher.swift",
        "Services/radius-server/Library/Journal/JournalService.swift",
        "Services/radius-server/Library/Streams/DirectoryStream.swift",
        "Services/radius-server/Library/Streams/EventVoice.swift",
        "Services/radius-server/Library/Streams/StreamWatch.swift",
    ]

    /// Files that need all of Foundation.
    static let foundation: Set<String> = []
}
