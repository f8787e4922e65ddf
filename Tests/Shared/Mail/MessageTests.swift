import Crypto
import Domain
import Notices
import SharedTesting
import Testing
import WireFormat

@testable import Mail

/// A message with everything that one may have.
func anyMessage(_ number: UInt64 = 1, to address: String = "ada@example.org") -> OutgoingMessage {
    var message = OutgoingMessage(
        id: UUID128(high: 7, low: number),
        address: address,
        text: "Hello,\n.a dot\nyour bill is due.  \n",
        language: "en",
        expiresAt: Timestamp(secondsSince1970: 2_000_000_000)
    )
    message.subject = "Your bill"
    message.html = "<p>Hello</p>"
    return message
}

let noon = Timestamp(secondsSince1970: 1_795_348_800)

/// A message as it is sent, and its head's fields unfolded, by name.
func composed(_ message: OutgoingMessage, name: String? = nil) throws -> (mail: MailMessage, head: [(String, String)]) {
    let from = try #require(MailAddress("billing@isp.example"))
    let to = try #require(MailAddress(message.address))
    let mail = MailMessage(message, to: to, from: MailSender(from, name: name), at: noon)
    let text = String(decoding: mail.octets, as: UTF8.self)
    let end = try #require(text.firstRange(of: "\r\n\r\n"))
    var head: [(String, String)] = []
    for line in text[..<end.lowerBound].split(separator: "\r\n") {
        if line.first == " " {
            head[head.count - 1].1 += line
        } else {
            let colon = try #require(line.firstIndex(of: ":"))
            head.append((String(line[..<colon]), String(line[line.index(after: colon)...])))
        }
    }
    return (mail, head)
}

@Suite(.proves("NTF-01")) struct MessageTests {
    /// Text of everything that a name or subject of ill will may hold.
    private static func hostile(_ random: inout SeededRandom) -> String {
        let pieces = [
            "\r\n", "\n", "\r", "\0", "\u{2028}", "\u{85}", "Bcc: evil@x.example", "\r\n\r\n<html>", "=?UTF-8?B?", "?=",
            "\"", "\\", "<", ">", "@", ",", ";", "(", "é", "語", "\u{1F600}", "\u{202E}", " ", "\t", "word",
            String(repeating: "x", count: 120),
        ]
        return (0..<Int.random(in: 0...12, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
            .joined()
    }

    @Test func `hostile names, subjects and files stay within their fields`() throws {
        var random = SeededRandom()
        let usual = [
            "Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "Content-Language", "MIME-Version",
            "Content-Type",
        ]
        for _ in 0..<300 {
            var message = anyMessage(random.next())
            message.subject = Self.hostile(&random)
            message.recipientName = Self.hostile(&random)
            message.unsubscribeURL = Self.hostile(&random)
            message.text = Self.hostile(&random)
            message.attachments = [
                .init(name: Self.hostile(&random), type: Self.hostile(&random), octets: random.bytes(99))
            ]
            let (mail, head) = try composed(message, name: Self.hostile(&random))
            #expect(head.map(\.0) == usual)
            let lines = mail.octets.split(separator: 0x0a, omittingEmptySubsequences: false).dropLast()
            #expect(lines.allSatisfy { $0.last == 0x0d && $0.count <= 200 && !$0.dropLast().contains(0x0d) })
            #expect(mail.octets.allSatisfy { $0 < 0x7f && $0 != 0 })
            let to = try #require(head.first { $0.0 == "To" })
            #expect(to.1.hasSuffix("<ada@example.org>") || to.1 == " ada@example.org")
        }
    }

    @Test func `encoded words are short, whole and give the text back`() throws {
        var random = SeededRandom()
        let letters = Array("aé語\u{1F600} Zß")
        for _ in 0..<200 {
            let count = Int.random(in: 1...120, using: &random)
            let text = "é" + String((0..<count).map { _ in letters.randomElement(using: &random) ?? "a" })
            let field = HeaderText.unstructured(text, after: "Subject")
            var read = ""
            for word in field.split(separator: "\r\n ") {
                #expect(word.utf8.count <= 75)
                let encoded = String(word.dropFirst("=?UTF-8?B?".count).dropLast(2))
                let octets = try #require(Base64.decode(encoded))
                read += try #require(String(validating: octets, as: UTF8.self))
            }
            #expect(read == text)
        }
        #expect(HeaderText.unstructured("Your bill", after: "Subject") == "Your bill")
        #expect(HeaderText.unstructured("a =?x", after: "Subject").hasPrefix("=?UTF-8?B?"))
    }

    @Test(arguments: [
        ("a\nb", "a\r\nb\r\n"), ("a\r\nb\rc\n", "a\r\nb\r\nc\r\n"), ("", ""), ("x ", "x=20\r\n"),
        ("é=", "=C3=A9=3D\r\n"),
        (".\nFrom me", "=2E\r\n=46rom me\r\n"),
    ]) func `text is quoted`(text: String, quoted: String) {
        #expect(String(decoding: QuotedPrintable.encode(text), as: UTF8.self) == quoted)
    }

    @Test func `quoted lines are at most 76 octets`() {
        let text = String(repeating: "wört \u{1F600}=", count: 200)
        let lines = String(decoding: QuotedPrintable.encode(text), as: UTF8.self).split(separator: "\r\n")
        #expect(lines.count > 10)
        #expect(lines.allSatisfy { $0.utf8.count <= 76 })
    }

    @Test func `a message says when, to whom and how to end it`() throws {
        var message = anyMessage()
        message.unsubscribeURL = "https://isp.example/u/1"
        let (mail, head) = try composed(message)
        let fields = Dictionary(uniqueKeysWithValues: head)
        #expect(fields["Date"] == " Sun, 22 Nov 2026 12:00:00 +0000")
        #expect(fields["Message-ID"] == " <00000000000000070000000000000001@isp.example>")
        #expect(mail.messageID == "00000000000000070000000000000001@isp.example")
        #expect(fields["List-Unsubscribe"] == " <https://isp.example/u/1>")
        #expect(fields["List-Unsubscribe-Post"] == " List-Unsubscribe=One-Click")
        #expect(fields["Auto-Submitted"] == " auto-generated")
        #expect(fields["Content-Language"] == " en")
        #expect(fields["Content-Type"]?.hasPrefix(" multipart/alternative") == true)
        message.unsubscribeURL = "http://isp.example/u/1"
        #expect(try composed(message).head.allSatisfy { $0.0 != "List-Unsubscribe" })
    }

    @Test(arguments: [
        ("a.txt", ["filename=\"a.txt\""]), ("", ["filename=\"file\""]), ("../é b", ["filename*=UTF-8''..%C3%A9%20b"]),
        ("a\"b\r\n", ["filename*=UTF-8''a%22b%20%20"]),
    ]) func `files keep their names`(name: String, parameters: [String]) {
        #expect(FileName.parameters(name) == parameters)
    }

    @Test(arguments: [
        "a@b.example", "first.last+tag@sub.example.org", "o'neil@xn--bcher-kva.example",
        "A!#$%&'*+-/=?^_`{|}~@b.example",
    ]) func `these are addresses`(text: String) {
        #expect(MailAddress(text) != nil)
    }

    @Test(arguments: [
        "", "a", "@b.example", "a@", "a@b", "a@@b.example", ".a@b.example", "a.@b.example", "a..b@c.example",
        "a b@c.example", "\"a b\"@c.example", "a@[192.0.2.1]", "a@b.123", "a@-b.example", "a@b-.example",
        "a@b..example",
        "ä@b.example", "a@bücher.example", "a@b.example\r\nRCPT TO:<x@y.example>", "a@b.example>", "a\0@b.example",
        String(repeating: "a", count: 65) + "@b.example", "a@" + String(repeating: "b", count: 64) + ".example",
        "a@" + String(repeating: "b.", count: 130) + "example",
    ]) func `these are none`(text: String) {
        #expect(MailAddress(text) == nil)
    }
}

@Suite(.proves("NTF-01")) struct DKIMTests {
    // RFC 8463 Appendix A.2: the private key of its example, as PKCS #8.
    private static let ed25519 = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
        -----END PRIVATE KEY-----

        """

    @Test func `the relaxed forms are those of the RFC's example`() {
        // RFC 6376 §3.4.5.
        #expect(DKIMText.field(MailField("A", "X")) == "a:X")
        #expect(DKIMText.field(MailField("B", "Y\t\r\n\tZ  ")) == "b:Y Z")
        let body = DKIMText.body(Array(" C \r\nD \t E\r\n\r\n\r\n".utf8))
        #expect(String(decoding: body, as: UTF8.self) == " C\r\nD E\r\n")
        #expect(DKIMText.body([]) == [])
        #expect(DKIMText.body(Array("\r\n\r\n".utf8)) == [])
    }

    /// Reads the signature's tags and what it covers, from the message alone.
    private static func covered(_ octets: [UInt8]) throws -> (tags: [String: String], signed: [UInt8], body: [UInt8]) {
        let text = String(decoding: octets, as: UTF8.self)
        let end = try #require(text.firstRange(of: "\r\n\r\n"))
        var head: [String] = []
        for line in text[..<end.lowerBound].split(separator: "\r\n") {
            if line.first == " " { head[head.count - 1] += "\r\n" + line } else { head.append(String(line)) }
        }
        let signature = try #require(head.first)
        var tags: [String: String] = [:]
        for tag in signature.dropFirst("DKIM-Signature:".count).split(separator: ";") {
            let parts = tag.filter { !$0.isWhitespace }.split(separator: "=", maxSplits: 1).map { String($0) }
            tags[parts[0]] = parts[1]
        }
        let relaxed = { (line: String) in
            let colon = line.firstIndex(of: ":") ?? line.startIndex
            let words = line[line.index(after: colon)...].split { $0.isWhitespace }
            return line[..<colon].lowercased() + ":" + words.joined(separator: " ")
        }
        var (rest, signed) = (Array(head.dropFirst()), "")
        for name in try #require(tags["h"]).split(separator: ":") {
            guard let index = rest.lastIndex(where: { $0.lowercased().hasPrefix(name + ":") }) else { continue }
            signed += relaxed(rest.remove(at: index)) + "\r\n"
        }
        let bare = try #require(signature.firstRange(of: "\r\n b="))
        signed += relaxed(String(signature[..<bare.upperBound]))
        return (tags, Array(signed.utf8), DKIMText.body(Array(text[end.upperBound...].utf8)))
    }

    private static func signedMessage(_ pem: String) throws -> MailMessage {
        let signer = try DKIMSigner(domain: "isp.example", selector: "s1", pem: pem)
        var message = anyMessage()
        message.unsubscribeURL = "https://isp.example/u/1"
        return try signer.sign(try composed(message).mail, at: noon)
    }

    @Test func `an RSA signature covers head and body, and From once more than it occurs`() throws {
        let key = try RSAPrivateKey.generate()
        let mail = try Self.signedMessage(try key.pem())
        let (tags, signed, body) = try Self.covered(mail.octets)
        #expect(tags["a"] == "rsa-sha256" && tags["d"] == "isp.example" && tags["s"] == "s1")
        #expect(tags["c"] == "relaxed/relaxed")
        #expect(tags["bh"] == Base64.encode(Digest.sha256(body)))
        let names = try #require(tags["h"]).split(separator: ":").map { String($0) }
        #expect(names.count { $0 == "from" } == 2)
        #expect(names.contains("list-unsubscribe") && names.contains("list-unsubscribe-post"))
        let signature = try #require(Base64.decode(tags["b"] ?? ""))
        #expect(key.publicKey.verifies(signature, of: signed))
        #expect(!key.publicKey.verifies(signature, of: signed + [0x20]))
    }

    @Test func `an Ed25519 signature is over the digest`() throws {
        let key = try Ed25519PrivateKey(pem: Self.ed25519)
        #expect(Base64.encode(key.publicKey) == "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
        let (tags, signed, _) = try Self.covered(try Self.signedMessage(Self.ed25519).octets)
        #expect(tags["a"] == "ed25519-sha256")
        let signature = try #require(Base64.decode(tags["b"] ?? ""))
        #expect(Ed25519PrivateKey.verifies(signature, of: Digest.sha256(signed), publicKey: key.publicKey))
    }

    @Test func `the record in DNS holds the public key`() throws {
        let signer = try DKIMSigner(domain: "isp.example", selector: "s1", pem: Self.ed25519)
        #expect(try signer.record == "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
        let rsa = try DKIMSigner(domain: "isp.example", selector: "s1", pem: try RSAPrivateKey.generate().pem())
        #expect(try rsa.record.hasPrefix("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"))
    }

    @Test func `what is no key is refused`() {
        #expect(throws: ValidationError.self) {
            try DKIMSigner(domain: "isp.example", selector: "s1", pem: "no key")
        }
    }
}
