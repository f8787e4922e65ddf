/// What a router says: one sentence, understood.
struct Reply: Hashable, Sendable {
    enum Kind: String, Sendable {
        /// The command is over.
        case done = "!done"
        /// A row of its answer.
        case row = "!re"
        /// It failed; `!done` follows.
        case trap = "!trap"
        /// The connection is over.
        case fatal = "!fatal"
        /// It has no rows (since RouterOS 7.18); `!done` follows.
        case empty = "!empty"
    }

    let kind: Kind
    /// Of the command that this belongs to.
    var tag: UInt64?
    var row = RouterRow()
    /// Words that are no attribute, as behind `!fatal`.
    var text = ""
    /// How much the sentence weighs.
    let octets: Int

    /// Nil for what is no reply of the protocol, or is tagged with what is no tag of ours.
    init?(_ sentence: Sentence) {
        guard let first = sentence.words.first, let kind = Kind(rawValue: String(decoding: first, as: UTF8.self)) else {
            return nil
        }
        self.kind = kind
        octets = sentence.words.reduce(0) { $0 + $1.count }
        for word in sentence.words.dropFirst() {
            guard let second = word.dropFirst().firstIndex(of: UInt8(ascii: "=")) else {
                text += (text.isEmpty ? "" : " ") + String(decoding: word, as: UTF8.self)
                continue
            }
            let name = String(decoding: word[1..<second], as: UTF8.self)
            switch (word[0], name) {
            case (UInt8(ascii: "="), _): row.attributes.append(.init(name: name, value: Array(word[(second + 1)...])))
            case (UInt8(ascii: "."), "tag"):
                guard let tag = UInt64(String(decoding: word[(second + 1)...], as: UTF8.self)) else { return nil }
                self.tag = tag
            default: text += (text.isEmpty ? "" : " ") + String(decoding: word, as: UTF8.self)
            }
        }
    }
}

/// The attributes of one thing, as the router told them.
package struct RouterRow: Hashable, Sendable {
    package struct Attribute: Hashable, Sendable {
        package let name: String
        /// Octets: routers hold text in whatever encoding it was typed.
        package let value: [UInt8]
    }

    package internal(set) var attributes: [Attribute] = []

    package init() {}

    /// Attributes of text, in that order.
    package init(_ attributes: KeyValuePairs<String, String>) {
        self.attributes = attributes.map { Attribute(name: $0.key, value: Array($0.value.utf8)) }
    }

    /// An attribute's text; octets that are no UTF-8 are shown by U+FFFD. Nil where it is not there.
    package subscript(_ name: String) -> String? {
        attributes.first { $0.name == name }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    /// How the router calls it: `*1A`.
    package var id: String? { self[".id"] }
}

/// The whole answer to a command.
package struct RouterAnswer: Hashable, Sendable {
    package var rows: [RouterRow]
    /// What came with the end: `ret` of an `add` is the new thing's id.
    package var end: RouterRow

    package init(rows: [RouterRow] = [], end: RouterRow = RouterRow()) {
        self.rows = rows
        self.end = end
    }
}
