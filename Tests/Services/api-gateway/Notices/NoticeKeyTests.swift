import Crypto
import Domain
import Notices
import Persistence
import SharedTesting
import Testing

@testable import APIGateway

/// What the notices' desk seals, signs and checks, without a server.
@Suite(.proves("NTF-01", "NTF-07")) struct NoticeKeyTests {
    @Test func `a link says what was signed, and nothing when an octet of it is another`() throws {
        let tokens = UnsubscribeTokens(.ephemeral())
        var random = SeededRandom("unsubscribe tokens")
        for _ in 0..<200 {
            let digest = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
            let tenant = TenantID(UUID128(high: random.next(), low: random.next()))
            let category = try #require(
                NoticeKind.Category.allCases.filter(\.mayBeRefused).randomElement(using: &random)
            )
            let wish = UnsubscribeWish(tenantID: tenant, digest: digest, category: category)
            let token = try #require(tokens.token(wish))
            #expect(tokens.read(token) == wish)
            #expect(UnsubscribeTokens(.ephemeral()).read(token) == nil)
            var characters = Array(token.utf8)
            let place = Int.random(in: 0..<characters.count - 1, using: &random)
            characters[place] = characters[place] == 0x41 ? 0x42 : 0x41
            #expect(tokens.read(String(decoding: characters, as: UTF8.self)) == nil, "\(place) of \(token)")
        }
    }

    @Test func `addresses are compared as people mean them`() {
        #expect(NoticeAddress.digest(.email, "Ann@Example.NET") == NoticeAddress.digest(.email, "ann@example.net"))
        #expect(NoticeAddress.digest(.sms, "+39 333 123") == NoticeAddress.digest(.sms, "+39333123"))
        #expect(NoticeAddress.digest(.email, "a@b.c") != NoticeAddress.digest(.email, "b@b.c"))
        #expect(NoticeAddress.masked(.email, "ann@example.net") == "a•••@example.net")
        #expect(NoticeAddress.masked(.sms, "+393331234567") == "•••4567")
    }

    @Test func `each kind of account has its form, and what it lacks is named and never repeated`() throws {
        for form in ProviderForm.all {
            #expect(ProviderForm.of(form.channel, form.kind) == form)
            let isLenient = form.settings.allSatisfy { !$0.isRequired } && form.secrets.allSatisfy { !$0.isRequired }
            #expect(!isLenient, "\(form.kind)")
            #expect(throws: ValidationError.self, "\(form.kind)") { try form.check(settings: [:], secrets: [:]) }
        }
        let smtp = try #require(ProviderForm.of(.email, "smtp"))
        let settings = ["host": "mail.example.net", "port": "587", "security": "tls", "from": "a@example.net"]
        try smtp.check(settings: settings, secrets: nil)
        for (name, value) in [
            ("host", "mail example"), ("port", "70000"), ("from", "nobody"), ("reply_to", "a@b@c"), ("helo", "a\nb"),
        ] {
            let error = #expect(throws: ValidationError.self, "\(name)") {
                try smtp.check(settings: settings.merging([name: value]) { $1 }, secrets: nil)
            }
            #expect(error?.description.contains(value) == false)
        }
    }
}
