import Domain
import Notices
import SharedTesting
import Testing

/// How values are written (NTF-02).
@Suite(.proves("NTF-02")) struct NoticeFormatTests {
    private static let languages = ["en", "fr", "id", "ar", "de"]

    private func said(_ value: NoticeValue, _ language: String, zone: TimeZoneRules? = .utc) throws -> String {
        let text = try render(
            NoticeTemplate(subject: nil, text: "{{amount}}", html: nil),
            kind: .paymentReceived,
            channel: .slack,
            facts: ["amount": value],
            setting: WordsWorld.setting(language, zone: zone)
        ).text
        return text.filter { $0 != "\u{2068}" && $0 != "\u{2069}" }.replacing("\u{a0}", with: "_")
    }

    @Test(
        arguments: [
            (249_900, "EUR", ["€24.99", "24,99_€", "€24,99", "24.99_€", "24.99_EUR"]),
            (-5_000, "EUR", ["-€0.50", "-0,50_€", "-€0,50", "-0.50_€", "-0.50_EUR"]),
            (
                12_345_678_900, "USD",
                ["$1,234,567.89", "1_234_567,89_USD", "US$1.234.567,89", "1,234,567.89_USD", "1_234_567.89_USD"]
            ),
            (250_000_000, "IDR", ["IDR_25,000", "25_000_IDR", "Rp_25.000", "25,000_IDR", "25_000_IDR"]),
            (250_005_000, "IDR", ["IDR_25,000.50", "25_000,50_IDR", "Rp_25.000,50", "25,000.50_IDR", "25_000.50_IDR"]),
            (50_000_000, "XOF", ["XOF_5,000", "5_000_XOF", "XOF_5.000", "5,000_XOF", "5_000_XOF"]),
            (15_000, "KWD", ["KWD_1.500", "1,500_KWD", "KWD_1,500", "1.500_KWD", "1.500_KWD"]),
            // What is less than the smallest coin is said all the same.
            (10_001, "EUR", ["€1.0001", "1,0001_€", "€1,0001", "1.0001_€", "1.0001_EUR"]),
            (5_000, "XOF", ["XOF_0.5", "0,5_XOF", "XOF_0,5", "0.5_XOF", "0.5_XOF"]),
            (0, "GBP", ["£0.00", "0,00_£", "£0,00", "0.00_£", "0.00_GBP"]),
        ]
    )
    func `money is exact, with the decimals of its currency`(amount: Int, currency: String, expected: [String]) throws {
        for (language, expected) in zip(Self.languages, expected) {
            #expect(try said(.money(amount, currency: currency), language) == expected)
        }
    }

    @Test(
        arguments: [
            (512, ["512_B", "512_o", "512_B", "512_B", "512_B"]), (999, ["999_B", "999_o", "999_B", "999_B", "999_B"]),
            (4_000_000_000, ["4_GB", "4_Go", "4_GB", "4_GB", "4_GB"]),
            (1_550_000_000, ["1.6_GB", "1,6_Go", "1,6_GB", "1.6_GB", "1.6_GB"]),
            (999_960_000, ["1_GB", "1_Go", "1_GB", "1_GB", "1_GB"]),
            (-2_500, ["-2.5_kB", "-2,5_ko", "-2,5_kB", "-2.5_kB", "-2.5_kB"]),
            (.max, ["9.2_EB", "9,2_Eo", "9,2_EB", "9.2_EB", "9.2_EB"]),
            (.min, ["-9.2_EB", "-9,2_Eo", "-9,2_EB", "-9.2_EB", "-9.2_EB"]),
        ] as [(Int64, [String])]
    )
    func `octets are counted in thousands, to a tenth`(octets: Int64, expected: [String]) throws {
        for (language, expected) in zip(Self.languages, expected) {
            #expect(try said(.octets(octets), language) == expected)
        }
    }

    @Test(
        arguments: [
            (0, ["0 seconds", "0 seconde", "0 detik", "0 ثانية", "0 s"]),
            (600, ["10 minutes", "10 minutes", "10 menit", "10 دقائق", "10 min"]),
            (
                5_400,
                ["1 hour 30 minutes", "1 heure 30 minutes", "1 jam 30 menit", "ساعة واحدة و30 دقيقة", "1 h 30 min"]
            ),
            (7_200, ["2 hours", "2 heures", "2 jam", "ساعتان", "2 h"]),
            (86_461, ["1 day", "1 jour", "1 hari", "يوم واحد", "1 d"]),
            (
                3 * 86_400 + 3_600,
                ["3 days 1 hour", "3 jours 1 heure", "3 hari 1 jam", "3 أيام وساعة واحدة", "3 d 1 h"]
            ),
        ]
    )
    func `a duration is told by its two greatest units`(seconds: Int, expected: [String]) throws {
        for (language, expected) in zip(Self.languages, expected) {
            #expect(try said(.duration(seconds: seconds), language) == expected)
        }
        #expect(throws: Never.self) { try said(.duration(seconds: .min), "en") }
    }

    @Test func `numbers and shares are grouped as people read them`() throws {
        #expect(
            try Self.languages.map { try said(.count(1_234_567), $0) } == [
                "1,234,567", "1_234_567", "1.234.567", "1,234,567", "1_234_567",
            ]
        )
        #expect(try Self.languages.map { try said(.percent(80), $0) } == ["80%", "80_%", "80%", "80%", "80%"])
        #expect(try said(.count(.min), "en") == "-9,223,372,036,854,775,808")
    }

    @Test func `days and times are those of the recipient's clocks`() throws {
        let day = NoticeValue.day(try #require(CivilDate(year: 2026, month: 2, day: 1)))
        #expect(
            try Self.languages.map { try said(day, $0) } == [
                "1 February 2026", "1er février 2026", "1 Februari 2026", "1 فبراير 2026", "2026-02-01",
            ]
        )
        let jakarta = try #require(TimeZoneRules(file: try TimeZoneSample.file("Asia/Jakarta")))
        #expect(
            try Self.languages.map { try said(.instant(WordsWorld.now), $0, zone: jakarta) } == [
                "20 November 2026, 16:30", "20 novembre 2026 à 16:30", "20 November 2026 pukul 16.30",
                "20 نوفمبر 2026، 16:30",
                "2026-11-20 16:30",
            ]
        )
        #expect(try said(.instant(WordsWorld.now), "en", zone: nil) == "20 November 2026, 09:30 UTC")
        #expect(throws: Never.self) { try said(.instant(Timestamp(microseconds: .max)), "fr") }
        #expect(throws: Never.self) { try said(.instant(Timestamp(microseconds: .min)), "fr") }
    }
}
