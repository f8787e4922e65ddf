import Crypto
import SharedTesting
import Testing

@Suite struct SecretContextTests {
    private func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        unsafe collect(SharedSecret(key), message) { secret, bytes, output in
            unsafe secret.context.hmacMD5(bytes, into: output)
        }
    }

    private func collect(
        _ secret: SharedSecret,
        _ message: [UInt8],
        _ body: (SharedSecret, UnsafeRawBufferPointer, UnsafeMutableRawPointer) -> Void
    ) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 16)
        unsafe message.withUnsafeBytes { message in
            unsafe output.withUnsafeMutableBytes { output in
                if let base = output.baseAddress { unsafe body(secret, message, base) }
            }
        }
        return output
    }

    private func octets(_ hex: String) -> [UInt8] {
        let digits = hex.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    @Test func `HMAC-MD5 agrees with RFC 2202 section 2`() {
        let repeated: (UInt8, Int) -> [UInt8] = { [UInt8](repeating: $0, count: $1) }
        #expect(hmac(repeated(0x0B, 16), Array("Hi There".utf8)) == octets("9294727a3638bb1c13f48ef8158bfc9d"))
        #expect(
            hmac(Array("Jefe".utf8), Array("what do ya want for nothing?".utf8))
                == octets("750c783e6ab0b503eaa86e310a5db738")
        )
        #expect(hmac(repeated(0xAA, 16), repeated(0xDD, 50)) == octets("56be34521d144c88dbb8c733f0e8b3f6"))
        #expect(
            hmac([UInt8](1...25), repeated(0xCD, 50)) == octets("697eaf0aca3a3aea3a75164746ffaa79")
        )
        #expect(
            hmac(repeated(0xAA, 80), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8))
                == octets("6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd")
        )
    }

    @Test func `pieces make the same code as the whole, and prefix and suffix the same digest`() {
        var random = SeededRandom()
        for _ in 0..<200 {
            let secret = SharedSecret(random.bytes(Int.random(in: 0...130, using: &random)))
            let message = random.bytes(Int.random(in: 0...600, using: &random))
            let cut = Int.random(in: 0...message.count, using: &random)
            let inPieces = unsafe collect(secret, message) { secret, bytes, output in
                var code = secret.context.beginHMAC()
                unsafe code.update(UnsafeRawBufferPointer(rebasing: bytes[..<cut]))
                unsafe code.update(UnsafeRawBufferPointer(rebasing: bytes[cut...]))
                unsafe code.finish(into: output)
            }
            #expect(inPieces == hmac(secret.bytes, message))
            let appended = unsafe collect(secret, message) { unsafe $0.context.md5WithSecretAppended($1, into: $2) }
            #expect(appended == Digest.md5(message + secret.bytes))
            let prepended = unsafe collect(secret, message) { unsafe $0.context.md5WithSecretPrepended($1, into: $2) }
            #expect(prepended == Digest.md5(secret.bytes + message))
        }
    }

    @Test(.proves("RAD-03")) func `a secret does not show itself`() {
        let secret = SharedSecret(Array("letmein".utf8))
        #expect(!"\(secret)".contains("letmein"))
    }

    @Test func `many threads may use one context at once`() async {
        let secret = SharedSecret(Array("shared".utf8))
        let message = [UInt8](0..<200)
        let expected = hmac(secret.bytes, message)
        let agreed = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    (0..<500).allSatisfy { _ in
                        unsafe collect(secret, message) { unsafe $0.context.hmacMD5($1, into: $2) } == expected
                    }
                }
            }
            return await group.reduce(true) { $0 && $1 }
        }
        #expect(agreed)
    }
}
