import Crypto
import FoundationEssentials
import Glibc
import SharedTesting
import Testing

@Suite(.proves("SEC-01", "RAD-03")) struct KeyringTests {
    private let directory: TemporaryDirectory
    private let path: String
    private let place = SealedPlace(table: "nas", column: "secret", row: [1, 2, 3], tenant: [UInt8](0..<16))

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("keyring")
    }

    private func mode(_ path: String) -> UInt32 {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test func `a keyring is created for its owner only and never overwritten`() throws {
        try Keyring.create(at: path)
        #expect(mode(path) == 0o600)
        let before = try Keyring(path: path)
        #expect(throws: KeyringError.exists(path: path)) { try Keyring.create(at: path) }
        #expect(try Keyring(path: path).keyIDs == before.keyIDs)
    }

    @Test func `what is sealed opens again, from the file too`() throws {
        try Keyring.create(at: path)
        let clear = Array("testing123".utf8)
        let sealed = try Keyring(path: path).seal(clear, for: place)
        #expect(try Keyring(path: path).open(sealed, for: place) == clear)
        #expect(!sealed.contains(clear))
    }

    @Test func `texts of every length open again, and no two seals are alike`() throws {
        let keyring = Keyring.ephemeral()
        var random = SeededRandom()
        for length in 0..<150 {
            let clear = random.bytes(length)
            let sealed = try keyring.seal(clear, for: place)
            #expect(try keyring.open(sealed, for: place) == clear)
            #expect(try keyring.seal(clear, for: place) != sealed)
        }
    }

    @Test func `a value that was changed anywhere does not open`() throws {
        let keyring = Keyring.ephemeral()
        let sealed = try keyring.seal(Array("secret".utf8), for: place)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: KeyringError.self, "octet \(index)") { try keyring.open(changed, for: place) }
        }
        for length in 0..<sealed.count {
            #expect(throws: KeyringError.self) { try keyring.open(Array(sealed[..<length]), for: place) }
        }
    }

    @Test func `a value does not open in another table, column, row or tenant`() throws {
        let keyring = Keyring.ephemeral()
        let sealed = try keyring.seal(Array("secret".utf8), for: place)
        let others = [
            SealedPlace(table: "nas2", column: "secret", row: place.row, tenant: place.tenant),
            SealedPlace(table: "nas", column: "sealed", row: place.row, tenant: place.tenant),
            SealedPlace(table: "nas", column: "secret", row: [1, 2], tenant: place.tenant),
            SealedPlace(table: "nas", column: "secret", row: place.row, tenant: []),
            SealedPlace(table: "nass", column: "ecret", row: place.row, tenant: place.tenant),
        ]
        for other in others {
            #expect(throws: KeyringError.notAuthentic(key: keyring.activeKeyID)) {
                try keyring.open(sealed, for: other)
            }
        }
    }

    @Test func `after a rotation old values open and new ones take the new key`() throws {
        try Keyring.create(at: path)
        let old = try Keyring(path: path)
        let sealed = try old.seal([1, 2, 3], for: place)
        let rotated = try Keyring.rotate(at: path)
        #expect(mode(path) == 0o600)
        #expect(rotated.keyIDs.count == 2)
        #expect(rotated.activeKeyID != old.activeKeyID)
        #expect(try Keyring(path: path).keyIDs == rotated.keyIDs)
        #expect(try rotated.open(sealed, for: place) == [1, 2, 3])
        #expect(Keyring.keyID(of: sealed) == old.activeKeyID)
        #expect(Keyring.keyID(of: try rotated.seal([], for: place)) == rotated.activeKeyID)
        let fresh = try rotated.seal([4], for: place)
        #expect(throws: KeyringError.unknownKey(id: rotated.activeKeyID)) { try old.open(fresh, for: place) }
    }

    @Test func `two rotations at once are kept apart, and a failed one leaves nothing behind`() throws {
        try Keyring.create(at: path)
        try directory.write("", to: "keyring.new")
        #expect(throws: KeyringError.exists(path: path + ".new")) { try Keyring.rotate(at: path) }
        unsafe unlink(path + ".new")
        _ = try Keyring.rotate(at: path)
        unsafe unlink(path)
        #expect(throws: KeyringError.unreadable(path: path, errno: ENOENT)) { try Keyring.rotate(at: path) }
        #expect(mode(path + ".new") == 0)
    }

    @Test func `a file that others may read is refused, and the error says what to run`() throws {
        try Keyring.create(at: path)
        unsafe chmod(path, 0o640)
        let error = #expect(throws: KeyringError.self) { try Keyring(path: path) }
        #expect(error?.description.contains("chmod 600 \(path)") == true)
    }

    @Test func `a missing file, a directory and a link are refused`() throws {
        #expect(throws: KeyringError.unreadable(path: path, errno: ENOENT)) { try Keyring(path: path) }
        #expect(throws: KeyringError.self) { try Keyring(path: directory.path) }
        try Keyring.create(at: path)
        unsafe symlink(path, directory.file("link"))
        #expect(throws: KeyringError.self) { try Keyring(path: directory.file("link")) }
    }

    @Test(arguments: [
        ("", 1), ("nexora-keyring 2\n", 1), ("nexora-keyring 1\n", 1),
        ("nexora-keyring 1\nactive 00000001\n", 2),
        ("nexora-keyring 1\nkey 00000001 abcd\nactive 00000001\n", 2),
        ("nexora-keyring 1\nkey zzzzzzzz \(String(repeating: "ab", count: 32))\n", 2),
        ("nexora-keyring 1\nkey 00000001 \(String(repeating: "ab", count: 32))\n", 2),
        ("nexora-keyring 1\n\n# note\nkey 00000001 \(String(repeating: "ab", count: 32))\nkey 00000001 x\n", 5),
        ("nexora-keyring 1\nkey 00000001 \(String(repeating: "ab", count: 32))\nactive 00000001\nactive 00000001\n", 4),
        ("nexora-keyring 1\nkey 00000001 \(String(repeating: "ab", count: 32))\nfoo 00000001\n", 3),
    ])
    func `a file that is no keyring is refused with its line and without its contents`(text: String, line: Int) throws {
        try directory.write(text, to: "keyring")
        unsafe chmod(path, 0o600)
        let error = #expect(throws: KeyringError.malformed(path: path, line: line)) { try Keyring(path: path) }
        #expect(error?.description.contains("abab") == false)
    }

    @Test func `a keyring shows no key`() throws {
        try Keyring.create(at: path)
        let file = try String(contentsOfFile: path, encoding: .utf8)
        let key = try #require(file.split(whereSeparator: \.isWhitespace).first { $0.count == 64 })
        let keyring = try Keyring(path: path)
        #expect(!"\(keyring)".contains(key))
    }
}
