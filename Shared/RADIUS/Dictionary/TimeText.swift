/// Times in UTC as ISO 8601 writes them: `2026-11-20T10:00:00Z`.
enum TimeText {
    /// Seconds since 1970; nil when the text is no such time.
    static func seconds(_ text: String) -> UInt64? {
        let characters = Array(text.utf8)
        guard characters.count == 20 else { return nil }
        for (index, separator) in [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":"), (19, "Z")] {
            guard characters[index] == Array(separator.utf8)[0] else { return nil }
        }
        func number(_ range: Range<Int>) -> Int? {
            var number = 0
            for character in characters[range] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) else { return nil }
                number = number * 10 + Int(character - UInt8(ascii: "0"))
            }
            return number
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            year >= 1970, (1...12).contains(month), (1...length(of: month, year)).contains(day), hour < 24,
            minute < 60, second < 60
        else { return nil }
        let days =
            (1970..<year).reduce(0) { $0 + (isLeap($1) ? 366 : 365) }
            + (1..<month).reduce(0) { $0 + length(of: $1, year) } + day - 1
        return UInt64(((days * 24 + hour) * 60 + minute) * 60 + second)
    }

    /// The text of seconds since 1970, which must be of 32 bits.
    static func text(_ seconds: UInt64) -> String {
        var days = Int(seconds / 86_400)
        let rest = Int(seconds % 86_400)
        var year = 1970
        while days >= (isLeap(year) ? 366 : 365) {
            days -= isLeap(year) ? 366 : 365
            year += 1
        }
        var month = 1
        while days >= length(of: month, year) {
            days -= length(of: month, year)
            month += 1
        }
        return "\(year)-\(two(month))-\(two(days + 1))T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }

    private static func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }

    private static func isLeap(_ year: Int) -> Bool {
        year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    }

    private static func length(of month: Int, _ year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
