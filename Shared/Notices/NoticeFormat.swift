import Domain

/// Writes values as people of a language read them, by the clocks of a zone.
///
/// Digits are the European ones in every language: amounts and dates are compared with those of banks and bills.
struct NoticeFormat: Sendable {
    private let language: NoticeLanguage
    private let zone: TimeZoneRules?
    /// An SMS is longer for every narrow blank.
    private let blank: String

    init(language: String, zone: TimeZoneRules?, channel: NoticeChannel) {
        self.language = NoticeLanguage(language)
        self.zone = zone
        blank = channel == .sms ? " " : "\u{a0}"
    }

    func text(_ value: NoticeValue) -> String {
        switch value {
        case .text(let text), .url(let text): text
        case .money(let amount, let currency): money(Int64(amount), currency)
        case .instant(let instant): self.instant(instant)
        case .day(let day): self.day(day)
        case .percent(let number): grouped(Int64(number)) + (language == .french ? blank + "%" : "%")
        case .octets(let number): octets(number)
        case .count(let number): grouped(Int64(number))
        case .duration(let seconds): duration(seconds)
        }
    }

    // MARK: - Numbers

    private var decimalPoint: String { language == .french || language == .indonesian ? "," : "." }

    private func grouped(_ number: Int64) -> String { (number < 0 ? "-" : "") + grouped(number.magnitude) }

    private func grouped(_ magnitude: UInt64) -> String {
        let separator =
            switch language {
            case .english, .arabic: ","
            case .indonesian: "."
            case .french, .unknown: blank
            }
        let digits = Array(String(magnitude))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += separator }
            text.append(digit)
        }
        return text
    }

    /// Exact: the currency's own decimals, and more where the amount has them.
    private func money(_ amount: Int64, _ code: String) -> String {
        let unit = (try? Currency(code))?.minorUnit ?? 100
        var decimals = unit == 10_000 ? 0 : unit == 10 ? 3 : 2
        var fraction = String(amount.magnitude % 10_000)
        fraction = String(repeating: "0", count: 4 - fraction.utf8.count) + fraction
        // Nobody writes the hundredths of a rupiah, which no coin has been for decades.
        if code == "IDR", amount % 10_000 == 0 { decimals = 0 }
        while fraction.utf8.count > decimals, fraction.hasSuffix("0") { fraction.removeLast() }
        let number = grouped(amount.magnitude / 10_000) + (fraction.isEmpty ? "" : decimalPoint + fraction)
        let symbol = symbol(of: code)
        let sign = amount < 0 ? "-" : ""
        switch language {
        case .english, .indonesian:
            let gap = symbol.last?.isLetter == true ? blank : ""
            return sign + symbol + gap + number
        case .french, .arabic, .unknown: return sign + number + blank + symbol
        }
    }

    private func symbol(of code: String) -> String {
        switch (code, language) {
        case (_, .unknown): code
        case ("EUR", _): "€"
        case ("GBP", _): "£"
        case ("USD", .english): "$"
        case ("USD", .indonesian): "US$"
        case ("IDR", .indonesian): "Rp"
        default: code
        }
    }

    /// In thousands, as providers sell them, to a tenth.
    private func octets(_ number: Int64) -> String {
        let names =
            language == .french
            ? ["o", "ko", "Mo", "Go", "To", "Po", "Eo"] : ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
        var unit: UInt64 = 1
        var index = 0
        while index < names.count - 1, number.magnitude / unit >= 1_000 {
            unit *= 1_000
            index += 1
        }
        var whole = number.magnitude / unit
        var tenth: UInt64 = 0
        if unit > 1 {
            tenth = (number.magnitude % unit) / (unit / 10)
            if number.magnitude % (unit / 10) >= unit / 20 { tenth += 1 }
            if tenth == 10 { (whole, tenth) = (whole + 1, 0) }
        }
        if whole == 1_000, index < names.count - 1 { (whole, index) = (1, index + 1) }
        let sign = number < 0 ? "-" : ""
        return sign + grouped(whole) + (tenth == 0 ? "" : decimalPoint + String(tenth)) + blank + names[index]
    }

    // MARK: - Time

    private func day(_ day: CivilDate) -> String {
        guard let months = DateWords.months[language] else { return day.description }
        let (year, month, number) = day.components
        let first = language == .french && number == 1 ? "1er" : String(number)
        return "\(first) \(months[month - 1]) \(year)"
    }

    /// To the minute; where no zone is known, in UTC, which is said.
    private func instant(_ instant: Timestamp) -> String {
        let (day, minute) = (zone ?? .utc).local(instant)
        let point = language == .indonesian ? "." : ":"
        let digits = [minute / 60, minute % 60].map { ($0 < 10 ? "0" : "") + String($0) }
        let between =
            switch language {
            case .english: ", "
            case .french: " à "
            case .indonesian: " pukul "
            case .arabic: "، "
            case .unknown: " "
            }
        let date = self.day(CivilDate(daysSince1970: day))
        return date + between + digits.joined(separator: point) + (zone == nil ? " UTC" : "")
    }

    /// The two greatest units that say it; what is smaller is left out.
    private func duration(_ seconds: Int) -> String {
        var rest = Int(min(seconds.magnitude, UInt(Int.max)))
        var parts: [String] = []
        for (index, unit) in [86_400, 3_600, 60, 1].enumerated() {
            let count = rest / unit
            rest %= unit
            if count > 0 || unit == 1 && parts.isEmpty { parts.append(counted(count, unit: index)) }
            if parts.count == 2 || !parts.isEmpty && count == 0 { break }
        }
        return (seconds < 0 ? "-" : "") + parts.joined(separator: language == .arabic ? " و" : " ")
    }

    private func counted(_ count: Int, unit: Int) -> String {
        guard let words = DateWords.units[language]?[unit] else {
            return grouped(Int64(count)) + " " + ["d", "h", "min", "s"][unit]
        }
        let tag = language == .arabic ? "ar" : language == .french ? "fr" : language == .indonesian ? "id" : "en"
        let form = words[PluralCategory.of(count, language: tag)] ?? words[.other] ?? ""
        return form.replacing("#", with: grouped(Int64(count)))
    }
}

/// Months and units of time (CLDR 44).
private enum DateWords {
    static let months: [NoticeLanguage: [String]] = [
        .english: [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November",
            "December",
        ],
        .french: [
            "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
            "décembre",
        ],
        .indonesian: [
            "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober",
            "November",
            "Desember",
        ],
        .arabic: [
            "يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر",
            "ديسمبر",
        ],
    ]

    /// Days, hours, minutes, seconds.
    static let units: [NoticeLanguage: [[PluralCategory: String]]] = [
        .english: ["day", "hour", "minute", "second"].map { [.one: "# \($0)", .other: "# \($0)s"] },
        .french: ["jour", "heure", "minute", "seconde"].map { [.one: "# \($0)", .other: "# \($0)s"] },
        .indonesian: ["hari", "jam", "menit", "detik"].map { [.other: "# \($0)"] },
        .arabic: [
            [.one: "يوم واحد", .two: "يومان", .few: "# أيام", .many: "# يومًا", .other: "# يوم"],
            [.one: "ساعة واحدة", .two: "ساعتان", .few: "# ساعات", .other: "# ساعة"],
            [.one: "دقيقة واحدة", .two: "دقيقتان", .few: "# دقائق", .other: "# دقيقة"],
            [.one: "ثانية واحدة", .two: "ثانيتان", .few: "# ثوانٍ", .other: "# ثانية"],
        ],
    ]
}
