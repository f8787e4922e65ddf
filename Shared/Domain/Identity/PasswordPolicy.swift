/// What a new password must be (NIST SP 800-63B §5.1.1.2: length and a list, no rules of composition).
package struct PasswordPolicy: Hashable, Sendable {
    /// In characters, as people count.
    package var minimumLength: Int
    /// In octets of UTF-8. bcrypt sees no more than 72, and a password that is cut in silence is another one.
    package static let maximumOctets = 72

    package init(minimumLength: Int = 12) {
        self.minimumLength = minimumLength
    }

    /// What is wrong, in the order in which a person would mend it; empty for a password that may be used.
    package func problems(of password: String, name: String, email: String) -> [Problem] {
        var problems: [Problem] = []
        if password.count < minimumLength { problems.append(.tooShort(minimum: minimumLength)) }
        if password.utf8.count > Self.maximumOctets { problems.append(.tooLong(maximumOctets: Self.maximumOctets)) }
        if password.utf8.contains(0) { problems.append(.unusable) }
        let plain = Self.plain(password)
        if Self.isCommon(password) || Set(plain).count < 5 { problems.append(.common) }
        if Self.names(name, email).contains(where: plain.contains) { problems.append(.containsName) }
        return problems
    }

    package enum Problem: Hashable, Sendable, CustomStringConvertible {
        case tooShort(minimum: Int)
        case tooLong(maximumOctets: Int)
        /// Holds a NUL.
        case unusable
        /// Stands on the lists that are tried first, or nearly does.
        case common
        case containsName
        /// The one he has.
        case unchanged

        /// For people; never repeats the password.
        package var description: String {
            switch self {
            case .tooShort(let minimum): "must have at least \(minimum) characters"
            case .tooLong(let maximum): "must have at most \(maximum) octets"
            case .unusable: "must not hold a NUL character"
            case .common: "is among the passwords that are guessed first"
            case .containsName: "must not contain your name or e-mail address"
            case .unchanged: "must be another than the present one"
            }
        }
    }

    /// Lower case, and the usual stand-ins read as the letters they stand for.
    private static func plain(_ text: String) -> String {
        let standIns: [Character: Character] = [
            "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s",
        ]
        return String(text.lowercased().map { standIns[$0] ?? $0 })
    }

    /// The parts of three letters or more that a name and an address are made of.
    private static func names(_ name: String, _ email: String) -> [String] {
        let local = email.prefix { $0 != "@" }
        let parts = (name + " " + local).split { !$0.isLetter && !$0.isNumber }
        return parts.map { plain(String($0)) }.filter { $0.count >= 3 }
    }

    private static func isCommon(_ password: String) -> Bool {
        // What is put around a word to make it pass a rule comes off before digits are read as letters, and after.
        [word(password.lowercased()), word(plain(password)), plain(password)].contains { text in
            let word = plain(text)
            if word.isEmpty || commonWords.contains(word) { return true }
            // One word again and again.
            return commonWords.contains { word.count > $0.count && word.split(separator: $0).isEmpty }
        }
    }

    /// What is left of a text without what is no letter at its ends.
    private static func word(_ text: String) -> String {
        String(text.drop { !$0.isLetter }.reversed().drop { !$0.isLetter }.reversed())
    }

    /// As `plain` writes them.
    private static let commonWords: Set<String> = Set(
        """
        password passwort passw passwd pass admin administrator root toor qwerty qwertz qwertyuiop qwertzuiop asdfgh asdfghjkl
        zxcvbn zxcvbnm abcdef abcdefg abcdefgh abcdefghijkl letmein welcome welkom willkommen iloveyou monkey dragon football
        baseball master sunshine princess superman batman shadow michael jennifer jordan trustno hunter soccer hockey killer
        george charlie andrew daniel thomas robert summer winter spring autumn january february monday freedom whatever
        starwars computer internet secret changeme default guest user test testing temp login access cisco mikrotik ubiquiti
        nexora radius operator provider support service network router customer isp wifi wireless hotspot company
        correcthorsebatterystaple correct horse battery staple
        """.split(whereSeparator: \.isWhitespace).map { plain(String($0)) }
    )
}
