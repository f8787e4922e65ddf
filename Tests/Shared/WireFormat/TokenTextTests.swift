import SharedTesting
import Testing
import WireFormat

@Suite struct TokenTextTests {
    @Test func `base64url and base32 are those of RFC 4648, without padding`() {
        let vectors: [(String, String, String)] = [
            ("", "", ""), ("f", "Zg", "MY"), ("fo", "Zm8", "MZXQ"), ("foo", "Zm9v", "MZXW6"),
            ("foob", "Zm9vYg", "MZXW6YQ"),
            ("fooba", "Zm9vYmE", "MZXW6YTB"), ("foobar", "Zm9vYmFy", "MZXW6YTBOI"),
        ]
        for (text, url, thirtyTwo) in vectors {
            #expect(Base64URL.encode(text.utf8) == url && Base64URL.decode(url) == Array(text.utf8))
            #expect(Base32.encode(text.utf8) == thirtyTwo && Base32.decode(thirtyTwo) == Array(text.utf8))
            #expect(Base32.decode(thirtyTwo.lowercased()) == Array(text.utf8))
        }
        #expect(Base64URL.encode([0xFB, 0xFF]) == "-_8")
    }

    @Test func `octets come back, and no text but the canonical one is read`() {
        var random = SeededRandom()
        for _ in 0..<500 {
            let octets = random.bytes(Int.random(in: 0...40, using: &random))
            let (url, thirtyTwo) = (Base64URL.encode(octets), Base32.encode(octets))
            #expect(Base64URL.decode(url) == octets && Base32.decode(thirtyTwo) == octets, "seed \(random.seed)")
            // Whatever one changed character makes of it, it is another value or none.
            guard !url.isEmpty else { continue }
            var changed = Array(url.utf8)
            changed[Int.random(in: 0..<changed.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            if changed != Array(url.utf8), let read = Base64URL.decode(changed) {
                #expect(read != octets && Base64URL.encode(read).utf8.elementsEqual(changed), "seed \(random.seed)")
            }
        }
        for bad in ["A", "Zg==", "Zh", "Zm9v\n", "Zm+v", "Zm/v", "Zm 9v", "é"] {
            #expect(Base64URL.decode(bad) == nil, "\(bad)")
        }
        for bad in ["M", "MY======", "MZ", "M1", "MZX0", "é"] { #expect(Base32.decode(bad) == nil, "\(bad)") }
    }
}
