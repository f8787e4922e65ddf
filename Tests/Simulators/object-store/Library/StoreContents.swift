import Crypto
import WireFormat

/// What the store holds.
struct StoreContents {
    struct Object {
        var octets: [UInt8]
        var contentType: String
        var isEncrypted: Bool
        var tag: String
    }

    struct Upload {
        let key: String
        let contentType: String
        let isEncrypted: Bool
        var parts: [Int: (octets: [UInt8], tag: String)] = [:]
    }

    /// Parts but the last have at least that many octets.
    static let smallestPart = 5 << 20

    var objects: [String: Object] = [:]
    var uploads: [String: Upload] = [:]
    private var made = 0

    mutating func begin(_ key: String, contentType: String, isEncrypted: Bool) -> String {
        made += 1
        // With what XML must escape, as some stores' ids have it.
        let id = "upload-\(made)&<x>"
        uploads[id] = Upload(key: key, contentType: contentType, isEncrypted: isEncrypted)
        return id
    }

    mutating func put(part number: Int, of id: String, _ key: String, _ octets: [UInt8]) throws(Refusal) -> String {
        guard uploads[id]?.key == key else { throw Refusal(status: 404, code: "NoSuchUpload") }
        guard (1...10_000).contains(number) else { throw Refusal(status: 400, code: "InvalidArgument") }
        let tag = Self.tag(octets)
        uploads[id]?.parts[number] = (octets, tag)
        return tag
    }

    mutating func complete(_ id: String, _ key: String, _ listed: [(number: Int, tag: String)]) throws(Refusal)
        -> Object
    {
        guard let upload = uploads[id], upload.key == key else { throw Refusal(status: 404, code: "NoSuchUpload") }
        guard !listed.isEmpty, listed.map(\.number) == listed.map(\.number).sorted() else {
            throw Refusal(status: 400, code: "InvalidPartOrder")
        }
        var octets: [UInt8] = []
        for (place, part) in listed.enumerated() {
            guard let stored = upload.parts[part.number], stored.tag == part.tag else {
                throw Refusal(status: 400, code: "InvalidPart")
            }
            guard place == listed.count - 1 || stored.octets.count >= Self.smallestPart else {
                throw Refusal(status: 400, code: "EntityTooSmall")
            }
            octets += stored.octets
        }
        let object = Object(
            octets: octets,
            contentType: upload.contentType,
            isEncrypted: upload.isEncrypted,
            tag: Self.tag(octets)
        )
        objects[key] = object
        uploads[id] = nil
        return object
    }

    static func tag(_ octets: [UInt8]) -> String { "\"\(Hex.encode(Digest.md5(octets)))\"" }
}
