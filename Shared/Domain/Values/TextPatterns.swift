/// How values are written, as regular expressions (ECMA-262) for descriptions: whatever they take can be read.
package enum TextPatterns {
    private static let octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
    private static let group = "[0-9A-Fa-f]{1,4}"

    /// An IPv4 or IPv6 address (RFC 4291 §2.2, without the form that ends in IPv4).
    package static let address: String = {
        // Groups that are zero may be left out once, at any place.
        let shortened = (0...7).map { left in
            let before = left == 0 ? "" : "\(group)(:\(group)){\(left - 1)}"
            let after = left == 7 ? "" : "(\(group)(:\(group)){0,\(6 - left)})?"
            return "\(before)::\(after)"
        }
        return "(\(octet)(\\.\(octet)){3}|\(group)(:\(group)){7}|\(shortened.joined(separator: "|")))"
    }()

    /// A day of this century.
    package static let day =
        "(20[0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
        + "|02-(0[1-9]|1[0-9]|2[0-8]))|20([02468][048]|[13579][26])-02-29)"

    /// A time of this century (RFC 3339), to the microsecond.
    package static let time =
        "\(day)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])"

    package static let id = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
}
