/// What a stream keeps and for how long. File storage, new messages are refused (never old ones forgotten) when full.
package struct StreamConfiguration: Sendable, Equatable {
    /// Who may take a message out.
    package enum Retention: Sendable, Equatable {
        /// Kept until a limit removes it, whoever reads it.
        case limits
        /// Gone once one consumer acknowledged it.
        case workQueue
    }

    /// No dots, spaces or wildcards.
    package var name: String
    package var subjects: [String]
    package var retention: Retention
    /// nil keeps messages for ever.
    package var maximumAge: Duration?
    /// nil sets no limit.
    package var maximumBytes: Int64?
    /// Copies in a cluster: 1, 3 or 5.
    package var replicas: Int
    /// Within this a second message with the same Nats-Msg-Id is not stored.
    package var duplicateWindow: Duration

    package init(
        name: String,
        subjects: [String],
        retention: Retention = .limits,
        maximumAge: Duration? = nil,
        maximumBytes: Int64? = nil,
        replicas: Int = 1,
        duplicateWindow: Duration = .seconds(10)
    ) {
        self.name = name
        self.subjects = subjects
        self.retention = retention
        self.maximumAge = maximumAge
        self.maximumBytes = maximumBytes
        self.replicas = replicas
        self.duplicateWindow = duplicateWindow
    }
}

/// What making sure of a stream or consumer did.
package enum EnsureResult: Sendable, Equatable {
    case created
    /// The names of the settings that were changed.
    case updated([String])
    case unchanged
}

/// A stream as the server holds it.
package struct StreamInfo: Sendable, Equatable {
    package let name: String
    /// When the stream was made. Another value than before means another stream under the same name.
    package let createdMicroseconds: Int64
    package let firstSequence: UInt64
    /// Never goes back in one store: a smaller value than was seen before means that an older store was put back.
    package let lastSequence: UInt64
    package let messages: UInt64
    package let bytes: UInt64
    /// When the last message was stored.
    package let lastTimeMicroseconds: Int64
    let lastTimeNanoseconds: Int64
}

/// A stream's settings that this package sets, as the server holds them.
struct StreamSettings: Equatable {
    var subjects: [String]
    var retention: StreamConfiguration.Retention?
    /// Nanoseconds; 0 for ever.
    var maximumAge: Int64
    /// -1 without limit.
    var maximumBytes: Int64
    var replicas: Int64
    /// Nanoseconds.
    var duplicateWindow: Int64
    var isFileStorage: Bool
    var discardsNew: Bool

    /// The settings that differ from `wanted`, and those among them that would lose data or cannot change in place.
    func differences(from wanted: StreamSettings) -> (changed: [String], destructive: [String]) {
        var changed: [String] = []
        var destructive: [String] = []
        func note(_ name: String, _ differs: Bool, _ loses: Bool) {
            if differs { changed.append(name) }
            if differs && loses { destructive.append(name) }
        }
        let lost = Set(subjects).subtracting(wanted.subjects)
        note("subjects", Set(subjects) != Set(wanted.subjects), !lost.isEmpty)
        note("retention", retention != wanted.retention, true)
        note("storage", isFileStorage != wanted.isFileStorage, true)
        note(
            "maximum age",
            maximumAge != wanted.maximumAge,
            wanted.maximumAge != 0 && (maximumAge == 0 || wanted.maximumAge < maximumAge)
        )
        note(
            "maximum bytes",
            maximumBytes != wanted.maximumBytes,
            wanted.maximumBytes >= 0 && (maximumBytes < 0 || wanted.maximumBytes < maximumBytes)
        )
        note("replicas", replicas != wanted.replicas, wanted.replicas < replicas)
        note("duplicate window", duplicateWindow != wanted.duplicateWindow, false)
        note("discard policy", discardsNew != wanted.discardsNew, false)
        return (changed, destructive)
    }
}
