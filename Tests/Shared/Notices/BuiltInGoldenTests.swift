import FoundationEssentials
import Notices
import SharedTesting
import Testing

/// A few notices in full, so that a change of words, formats or layout is seen; `NEXORA_WRITE_GOLDENS=1` writes them anew.
@Suite(.proves("NTF-02", "NTF-10", "NTF-11")) struct BuiltInGoldenTests {
    private static let directory = URL(filePath: #filePath).deletingLastPathComponent().path + "/Golden"

    @Test(
        arguments: [
            (.paymentReceived, .email, "en"), (.paymentReceived, .email, "ar"), (.quota80, .email, "fr"),
            (.quota95, .email, "id"), (.resetPassword, .email, "fr"), (.billDue, .sms, "ar"), (.loginCode, .sms, "id"),
            (.digest, .slack, "en"), (.serviceSuspended, .inApp, "fr"),
        ] as [(NoticeKind, NoticeChannel, String)]
    )
    func `it is said as it was`(kind: NoticeKind, channel: NoticeChannel, language: String) throws {
        let said = try render(
            try #require(BuiltInTemplates.template(kind, channel, language: language)),
            kind: kind,
            channel: channel,
            facts: WordsWorld.samples(of: kind),
            setting: WordsWorld.setting(language)
        )
        let parts = [said.subject.map { "Subject: \($0)\n" }, said.text + "\n", said.html].compactMap { $0 }
        let text = parts.joined(separator: "\n=====\n")
        let url = URL(filePath: "\(Self.directory)/\(kind.rawValue).\(channel.rawValue).\(language).txt")
        if ProcessInfo.processInfo.environment["NEXORA_WRITE_GOLDENS"] == "1" {
            try Data(text.utf8).write(to: url)
        } else {
            #expect(try String(decoding: Data(contentsOf: url), as: UTF8.self) == text)
        }
    }
}
