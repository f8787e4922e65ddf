import Notices
import SharedTesting
import Testing

@Suite(.proves("NTF-07")) struct LanguageChainTests {
    @Test(
        arguments: [
            (nil, nil, ["en"]), ("fr", nil, ["fr", "en"]), ("fr-CA", nil, ["fr-CA", "fr", "en"]),
            ("fr-CA", "id", ["fr-CA", "fr", "id", "en"]), (nil, "pt-BR", ["pt-BR", "pt", "en"]),
            ("ar", "pt-BR", ["ar", "pt-BR", "pt", "en"]), ("pt-PT", "pt-BR", ["pt-PT", "pt", "pt-BR", "en"]),
            ("fr", "fr", ["fr", "en"]), ("en-GB", "fr", ["en-GB", "en", "fr"]), ("id", "en-GB", ["id", "en-GB", "en"]),
            ("gsw-CH", nil, ["gsw-CH", "gsw", "en"]),
            // What is no tag is passed over.
            ("", "fr", ["fr", "en"]), ("french", "fr", ["fr", "en"]), ("FR", nil, ["en"]), ("fr-ca", nil, ["en"]),
            ("fr_CA", nil, ["en"]), ("fr-", "id", ["id", "en"]), ("-CA", nil, ["en"]), ("f", nil, ["en"]),
            ("fr-CAN", nil, ["en"]), ("zh-Hant-TW", nil, ["en"]), ("fr-CA-x", "ar", ["ar", "en"]),
            ("fr CA", nil, ["en"]),
            ("fŕ", nil, ["en"]), ("fr\n", nil, ["en"]),
        ] as [(String?, String?, [String])]
    )
    func `words are looked for in what is wanted, then in what the tenant speaks, then in English`(
        wanted: String?,
        tenant: String?,
        languages: [String]
    ) {
        #expect(LanguageChain.languages(wanted: wanted, tenant: tenant) == languages)
    }

    @Test func `any texts give a chain that ends somewhere, holds none twice and each base after its own`() throws {
        var random = SeededRandom()
        for _ in 0..<2000 {
            let (wanted, tenant) = (Self.anyText(&random), Self.anyText(&random))
            let chain = LanguageChain.languages(wanted: wanted, tenant: tenant)
            let note: Comment =
                "seed \(random.seed): \(String(describing: wanted)), \(String(describing: tenant)): \(chain)"
            #expect(chain.contains("en") && Set(chain).count == chain.count, note)
            for (place, language) in chain.enumerated() where language.contains("-") {
                let base = try #require(chain.firstIndex(of: String(language.prefix { $0 != "-" })), note)
                #expect(base == place + 1 || base < place, note)
            }
            // Nothing in it that nobody asked for.
            let asked = [wanted, tenant, "en"].compactMap(\.self)
            #expect(
                chain.allSatisfy { language in asked.contains { $0 == language || $0.hasPrefix(language + "-") } },
                note
            )
        }
    }

    private static func anyText(_ random: inout SeededRandom) -> String? {
        guard Int.random(in: 0..<5, using: &random) > 0 else { return nil }
        let pieces = ["fr", "FR", "en", "GB", "pt", "BR", "id", "-", "-", "_", "x", "é", " ", ""]
        return (0..<Int.random(in: 0...4, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
            .joined()
    }
}
