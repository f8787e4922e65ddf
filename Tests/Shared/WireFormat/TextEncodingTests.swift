import Testing
import WireFormat

@Suite struct TextEncodingTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `base 64 follows RFC 4648 section 10`(clear: String, encoded: String) {
        #expect(Base64.encode([UInt8](clear.utf8)) == encoded)
        #expect(Base64.decode(encoded) == [UInt8](clear.utf8))
    }

    @Test(arguments: ["Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "Zm9_", "=Zm9"])
    func `base 64 that is not canonical is refused`(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func `hexadecimal text goes both ways and reads either case`() {
        let every = [UInt8](0...255)
        #expect(Hex.decode(Hex.encode(every)) == every)
        #expect(Hex.decode(Hex.encodeUpperCase(every)) == every)
        #expect(Hex.encode([0x0F, 0xA0]) == "0fa0")
        #expect(Hex.decode("0g") == nil)
        #expect(Hex.decode("abc") == nil)
    }

    @Test func `integers in network byte order go both ways at any alignment`() {
        var storage = [UInt8](repeating: 0, count: 16)
        unsafe storage.withUnsafeMutableBytes { buffer in
            unsafe buffer.storeBigEndian(UInt16(0x0102), at: 1)
            unsafe buffer.storeBigEndian(UInt32(0x0304_0506), at: 3)
            unsafe buffer.storeBigEndian(UInt64(0x0708_090A_0B0C_0D0E), at: 7)
        }
        #expect(Array(storage[1...14]) == [UInt8](1...14))
        unsafe storage.withUnsafeBytes { buffer in
            #expect(unsafe buffer.bigEndianUInt16(at: 1) == 0x0102)
            #expect(unsafe buffer.bigEndianUInt32(at: 3) == 0x0304_0506)
            #expect(unsafe buffer.bigEndianUInt64(at: 7) == 0x0708_090A_0B0C_0D0E)
        }
        var appended: [UInt8] = []
        appended.appendBigEndian(UInt32(0x0304_0506))
        #expect(appended == [3, 4, 5, 6])
    }
}
