/// Why a JSON text was refused. `offset` is the position in octets where the reader stood; no content of the text is
/// repeated, so the error may be logged as it is.
package enum JSONError: Error, Equatable, Sendable {
    /// The text ended inside a value.
    case unexpectedEnd(offset: Int)
    /// An octet that the grammar (RFC 8259) does not allow at this place.
    case unexpectedByte(offset: Int)
    /// A value of another kind than the one asked for.
    case wrongKind(expected: JSONKind, found: JSONKind, offset: Int)
    /// A number that is not an integer where one is asked for, or that does not fit the type.
    case numberOutOfRange(offset: Int)
    /// A string with a bad escape, a lone surrogate, a bare control character or octets that are not UTF-8.
    case malformedString(offset: Int)
    /// More than `JSONReader.maximumDepth` arrays and objects inside one another.
    case tooDeep(offset: Int)
    /// A member or element handler that did not take its value.
    case valueNotRead(offset: Int)
    /// Something follows the value that was to be the whole text.
    case trailingBytes(offset: Int)
    /// A member that the decoded type cannot do without.
    case missingMember(String)
    /// A member whose value reads well but means nothing to the decoded type.
    case invalidMember(String)
}

/// The six kinds of JSON value, told apart by their first octet.
package enum JSONKind: Sendable {
    case object
    case array
    case string
    case number
    case bool
    case null
}
