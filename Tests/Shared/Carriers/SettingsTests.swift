import Carriers
import Domain
import NoticeProvidersSimulator
import SharedTesting
import Testing

@Suite(.proves("NTF-01")) struct SettingsTests {
    static let providers = try? NoticeProviders()

    private func problems(
        _ kind: CarrierKind,
        _ change: (inout [String: String], inout [String: String]) -> Void = { _, _ in }
    ) throws -> [String] {
        let providers = try #require(Self.providers)
        var (settings, secrets) = providers.settings(kind.rawValue, base: "http://127.0.0.1:1")
        change(&settings, &secrets)
        do throws(ValidationError) {
            _ = try CarrierSettings.check(kind, settings, secrets: secrets)
            return []
        } catch {
            for secret in secrets.values where secret.count > 12 { #expect(!error.description.contains(secret)) }
            return error.fields.map(\.field)
        }
    }

    @Test(arguments: CarrierKind.allCases) func `what is needed is needed, what is unknown refused`(kind: CarrierKind)
        throws
    {
        #expect(try problems(kind).isEmpty)
        for name in kind.settings.needed {
            #expect(try problems(kind) { settings, _ in settings[name] = "" }.contains(name))
        }
        for name in kind.secrets.needed {
            #expect(try problems(kind) { _, secrets in secrets[name] = nil }.contains(name))
            #expect(try problems(kind) { _, secrets in secrets[name] = "\u{1}\r\nx" }.contains(name))
        }
        #expect(try problems(kind) { settings, _ in settings["colour"] = "red" } == ["colour"])
        #expect(try problems(kind) { _, secrets in secrets["colour"] = "red" } == ["colour"])
    }

    @Test(arguments: [
        "ftp://isp.example", "https://user@isp.example", "https://isp.example?x=1", "https://isp.example#x", "https://",
        "https:///x", "isp.example", "https://isp.example/\r\nx", "https://isp.example/ x",
    ]) func `an address that is no plain URL is refused`(url: String) throws {
        #expect(try problems(.sendgrid) { settings, _ in settings["base_url"] = url }.contains("base_url"))
        #expect(try problems(.webhook) { _, secrets in secrets["url"] = url }.contains("url"))
    }

    @Test func `Postal's host is a name or a URL`() throws {
        #expect(try problems(.postal) { settings, _ in settings["host"] = "postal.isp.example" }.isEmpty)
        #expect(try problems(.postal) { settings, _ in settings["host"] = "postal isp" } == ["host"])
    }

    @Test func `Twilio sends from one or the other`() throws {
        #expect(try problems(.twilio) { settings, _ in settings["from"] = nil } == ["from"])
        #expect(try problems(.twilio) { settings, _ in settings["messaging_service_sid"] = "MG1" } == ["from"])
    }

    @Test(arguments: [
        "isp.example", "a@b", "a b@isp.example", "a@isp.example,b@isp.example", "<a@isp.example>", ".a@isp.example",
    ])
    func `a sender is one mailbox`(from: String) throws {
        #expect(try problems(.postal) { settings, _ in settings["from"] = from } == ["from"])
    }
}
