/// An attribute by name, with its value as text.
package struct AttributePair: Sendable, Equatable, CustomStringConvertible {
    /// The dictionary's name, or `Attr-` and numbers with points between them for octets that no definition fits.
    package var name: String
    /// The tag, from 1 to 31 (RFC 2868 §3.1); nil for none.
    package var tag: UInt8?
    /// The value. Of an `Attr-` the octets in hexadecimal behind `0x`.
    package var text: String

    /// An attribute of that name and value.
    package init(_ name: String, tag: UInt8? = nil, _ text: String) {
        self.name = name
        self.tag = tag
        self.text = text
    }

    /// `Name:1 = value`. May hold a secret.
    package var description: String { name + (tag.map { ":\($0)" } ?? "") + " = " + text }
}
