import Crypto
import SharedTesting
import Testing
import WireFormat

@Suite(.proves("IAM-08")) struct TOTPTests {
    private static let key = Array("12345678901234567890".utf8)

    @Test(arguments: [
        (59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"),
        (2_000_000_000, "279037"), (20_000_000_000, "353130"),
    ]) func `codes are those of RFC 6238, Appendix B`(time: Int64, code: String) {
        #expect(TOTP.code(key: Self.key, step: TOTP.step(at: time)) == code)
    }

    @Test(arguments: [
        (0, "755224"), (1, "287082"), (2, "359152"), (3, "969429"), (4, "338314"), (5, "254676"), (6, "287922"),
        (7, "162583"), (8, "399871"), (9, "520489"),
    ]) func `codes are those of RFC 4226, Appendix D`(step: Int64, code: String) {
        #expect(TOTP.code(key: Self.key, step: step) == code)
    }

    @Test func `a code counts one step early or late, once, and never again`() {
        var random = SeededRandom()
        for _ in 0..<200 {
            let key = random.bytes(20)
            let time = Int64.random(in: 1_700_000_000...2_000_000_000, using: &random)
            let step = TOTP.step(at: time)
            for offset in Int64(-1)...1 {
                let code = TOTP.code(key: key, step: step + offset)
                guard case .accepted(let found) = TOTP.check(code, key: key, at: time, after: nil) else {
                    Issue.record("seed \(random.seed)")
                    continue
                }
                #expect(TOTP.code(key: key, step: found) == code)
                #expect(TOTP.check(code, key: key, at: time, after: found) == .replayed, "seed \(random.seed)")
                #expect(TOTP.check(code, key: key, at: time, after: step + 1) == .replayed)
            }
            let window = Set((-1...1).map { TOTP.code(key: key, step: step + $0) })
            for offset in [Int64(-2), 2, 1000] {
                let code = TOTP.code(key: key, step: step + offset)
                if !window.contains(code) { #expect(TOTP.check(code, key: key, at: time, after: nil) == .wrong) }
            }
        }
        for bad in ["", "12345", "1234567", "28708２", "287082 "] {
            #expect(TOTP.check(bad, key: Self.key, at: 59, after: nil) == .wrong)
        }
    }

    @Test func `applications are told everything in one address`() {
        #expect(
            TOTP.address(key: Self.key, issuer: "Nexora: ISP", account: "ann@example.net")
                == "otpauth://totp/Nexora%3A%20ISP:ann%40example.net?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
                + "&issuer=Nexora%3A%20ISP&algorithm=SHA1&digits=6&period=30"
        )
        #expect(TOTP.newKey().count == 20 && TOTP.newKey() != TOTP.newKey())
    }

    @Test func `recovery codes are known however they are typed`() throws {
        let code = RecoveryCode.make()
        #expect(code.wholeMatch(of: /[a-z2-7]{4}(-[a-z2-7]{4}){3}/) != nil)
        let digest = try #require(RecoveryCode.digest(of: code))
        #expect(digest.count == 32)
        let typed = [code.uppercased(), code.filter { $0 != "-" }, " " + code.replacing("-", with: " ")]
        for text in typed { #expect(RecoveryCode.digest(of: text) == digest) }
        for bad in ["", "abcd", code + "a", String(code.dropLast()), "0000-0000-0000-0000"] {
            #expect(RecoveryCode.digest(of: bad) == nil)
        }
        #expect(Set((0..<1000).map { _ in RecoveryCode.make() }).count == 1000)
    }

    @Test func `message authentication codes are those of RFC 2202 and RFC 4231`() {
        let jefe = Array("what do ya want for nothing?".utf8)
        #expect(Hex.encode(HMAC.sha1(jefe, key: Array("Jefe".utf8))) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
        #expect(
            Hex.encode(HMAC.sha256(jefe, key: Array("Jefe".utf8)))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        )
        let long = [UInt8](repeating: 0xaa, count: 131)
        #expect(
            Hex.encode(HMAC.sha256(Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8), key: long))
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        )
    }
}
