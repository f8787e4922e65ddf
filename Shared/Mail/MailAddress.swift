/// A mailbox as SMTP without SMTPUTF8 knows it (RFC 5321 §4.1.2): a dot-string, `@`, and a domain of at least two labels.
///
/// What is refused although a standard has a place for it: quoted local parts, which nobody has; address literals, which are no mail
/// domain of a customer's; and letters beyond ASCII. A domain beyond ASCII is written in its A-label form (`xn--…`, RFC 5891).
package struct MailAddress: Sendable, Hashable, CustomStringConvertible {
    /// With the domain in small letters; the local part is its owner's and stays as it is.
    package let text: String
    package let domain: String

    /// Nil for what is none.
    package init?(_ text: String) {
        guard text.utf8.count <= 254, let at = text.lastIndex(of: "@") else { return nil }
        let (local, domain) = (text[..<at], text[text.index(after: at)...].lowercased())
        guard (1...64).contains(local.utf8.count), Self.isDotString(local), Self.isDomain(domain) else { return nil }
        self.text = local + "@" + domain
        self.domain = domain
    }

    package var description: String { text }

    /// Labels of letters, digits and inner hyphens (RFC 1123 §2.1), the last of them no number.
    package static func isDomain(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2, text.utf8.count <= 253, let last = labels.last else { return false }
        return labels.allSatisfy(isLabel) && !last.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    static func isLabel(_ label: Substring) -> Bool {
        (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
            && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 0x2d }
    }

    private static func isDotString(_ local: Substring) -> Bool {
        local.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty && atom.utf8.allSatisfy { isLetterOrDigit($0) || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0) }
        }
    }

    static func isLetterOrDigit(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: false
        }
    }
}
