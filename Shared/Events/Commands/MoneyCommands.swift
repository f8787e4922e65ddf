package import Billing
internal import Domain
internal import Ledger
package import WireFormat

/// Commands of one lane that travel as one message: nexora.billing.v1.MoneyCommands on `commands.ledger.<operator>.<currency>`. What
/// comes together costs JetStream one message, not one for each.
package struct MoneyCommands: Sendable {
    /// How many one message carries at most.
    package static let most = 32

    /// In their order; one that cannot be read spoils none of the others.
    package let commands: [Result<MoneyCommand, JSONError>]
    /// It was sent as one MoneyCommand, without company: its sender wants one MoneyAnswer.
    package let isSingle: Bool

    package static func json(_ commands: [MoneyCommand]) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("commands")
        writer.beginArray()
        for command in commands { command.encode(into: &writer) }
        writer.endArray()
        writer.endObject()
        return writer.finish()
    }

    /// Throws where it is no such message at all.
    package init(json: [UInt8]) throws(JSONError) {
        var reader = JSONReader(json)
        var read: [Result<MoneyCommand, JSONError>]?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "commands":
                var commands: [Result<MoneyCommand, JSONError>] = []
                try reader.readArray { reader throws(JSONError) in commands.append(try Self.command(&reader)) }
                read = commands
            default: try reader.skipValue()
            }
        }
        try reader.expectEnd()
        isSingle = read == nil
        commands = if let read { read } else { [.success(try MoneyCommand(json: json))] }
    }

    /// The next command, or why it cannot be read. Throws where nothing behind it could be read either.
    private static func command(_ reader: inout JSONReader) throws(JSONError) -> Result<MoneyCommand, JSONError> {
        let before = reader
        do throws(JSONError) { return .success(try MoneyCommand(from: &reader)) } catch {
            reader = before
            try reader.skipValue()
            return .failure(error)
        }
    }
}

/// What became of commands that came together: nexora.billing.v1.MoneyAnswers. Those of one message may be answered in several.
package struct MoneyAnswers: Sendable, Equatable {
    package struct Numbered: Sendable, Equatable {
        /// The command's place in its message, from 0.
        package let place: Int
        package let answer: MoneyAnswer

        package init(place: Int, answer: MoneyAnswer) {
            self.place = place
            self.answer = answer
        }
    }

    package var answers: [Numbered]

    package init(_ answers: [Numbered]) { self.answers = answers }

    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("answers")
        writer.beginArray()
        for numbered in answers {
            writer.beginObject()
            writer.member("place", UInt32(clamping: numbered.place))
            writer.key("answer")
            numbered.answer.encode(into: &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.finish()
    }

    package init(json: [UInt8]) throws(JSONError) {
        var reader = JSONReader(json)
        var read: [Numbered]?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "answers":
                var answers: [Numbered] = []
                try reader.readArray { reader throws(JSONError) in answers.append(try Numbered(from: &reader)) }
                read = answers
            default: try reader.skipValue()
            }
        }
        try reader.expectEnd()
        answers = try required(read, "answers")
    }
}

extension MoneyAnswers.Numbered {
    fileprivate init(from reader: inout JSONReader) throws(JSONError) {
        // Protobuf leaves out a zero.
        var place: UInt32 = 0
        var answer: MoneyAnswer?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "place": place = try reader.unsigned32(key) ?? 0
            case "answer": answer = try MoneyAnswer(from: &reader)
            default: try reader.skipValue()
            }
        }
        self.init(place: Int(place), answer: try required(answer, "answer"))
    }
}
