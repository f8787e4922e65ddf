import Crypto
import RADIUS

/// Puts arbitrary octets through the dictionary's parser and through the codec over a dictionary, and checks what must
/// hold for all of them. The tests and the fuzzers both run it.
struct DictionaryExercise {
    private let codec: AttributeCodec

    /// An exercise over the server's own dictionary, with every type and flag beside it.
    init?() {
        let text = BuiltInDictionary.text + Self.more
        let keys = HidingKeys(
            secret: SharedSecret(Array("0123456789abcdef".utf8)),
            requestAuthenticator: [UInt8](repeating: 7, count: 16)
        )
        guard let dictionary = try? AttributeDictionary(text: text) else { return nil }
        codec = AttributeCodec(dictionary, keys: keys)
    }

    /// An exercise over a given codec.
    init(_ codec: AttributeCodec) {
        self.codec = codec
    }

    // MARK: - The codec

    /// What went wrong with decoding the attributes that `octets` consist of, or nil.
    func violation(inAttributes octets: [UInt8]) -> String? {
        let attributes = Self.attributes(octets)
        let pairs = codec.decode(attributes)
        guard pairs.count <= octets.count, pairs.reduce(0, { $0 + $1.text.utf8.count }) <= 60 * octets.count else {
            return "told more than there is"
        }
        guard !attributes.isEmpty == !pairs.isEmpty else { return "attributes are lost" }
        // What is told by whole attributes may complete a neighbour when it is written anew.
        let isWhole = pairs.allSatisfy { !["Attr-26", "Attr-245", "Attr-246"].contains($0.name) }
        guard isWhole else { return nil }
        let written: [Attribute]
        do throws(AttributeEncodingError) {
            written = try codec.encode(pairs, firstSalt: 0x8001)
        } catch {
            return "what was told cannot be written: \(error)"
        }
        return codec.decode(written) == pairs ? nil : "written and read again it says something else: \(pairs)"
    }

    /// The attributes that octets consist of, as far as they do.
    private static func attributes(_ octets: [UInt8]) -> [Attribute] {
        var attributes: [Attribute] = []
        var rest = octets.prefix(4076)
        while rest.count >= 2 {
            let length = Int(rest[rest.startIndex + 1])
            guard length >= 2, length <= rest.count else { break }
            attributes.append(Attribute(rest[rest.startIndex], Array(rest.prefix(length).dropFirst(2))))
            rest = rest.dropFirst(length)
        }
        return attributes
    }

    // MARK: - The parser

    /// What went wrong with reading `octets` as a dictionary's files, or nil. A line `=` begins the next file; the files
    /// are `dictionary`, `1`, `2` and so on.
    func violation(inDictionary octets: [UInt8]) -> String? {
        var files: [[UInt8]] = [[]]
        for line in octets.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if line == [UInt8(ascii: "=")] {
                files.append([])
            } else {
                files[files.count - 1] += line + [UInt8(ascii: "\n")]
            }
        }
        var limits = DictionaryLimits()
        limits.files = 50
        limits.octets = 1 << 18
        do throws(DictionaryError) {
            let dictionary = try AttributeDictionary(limits: limits) { [files] name, _ in
                let index = name == "dictionary" ? 0 : Int(name) ?? -1
                return files.indices.contains(index) ? .contents(files[index]) : .missing
            }
            return violation(in: dictionary)
        } catch {
            return error.description.isEmpty ? "an error says nothing" : nil
        }
    }

    /// What does not hold for a dictionary, or nil.
    private func violation(in dictionary: AttributeDictionary) -> String? {
        for attribute in dictionary.attributes.prefix(200) {
            let path = dictionary.path(of: attribute)
            guard let named = dictionary.attribute(named: attribute.name) else { return "a name is lost" }
            guard dictionary.path(of: named) == path else { return "a name has two numbers" }
            guard let told = dictionary.attribute(at: path), dictionary.path(of: told) == path else {
                return "a number is lost: \(path)"
            }
            guard AttributeDictionary.path(AttributeDictionary.text(of: path)) == path else { return "no number" }
            _ = dictionary.vendor(of: attribute)
        }
        for value in dictionary.values.prefix(200) where value.name.isEmpty { return "a value without a name" }
        let codec = AttributeCodec(dictionary)
        for attribute in dictionary.attributes.prefix(50) {
            for text in ["1", "0x01020304", "1.2.3.4", "::/0"] {
                if let written = try? codec.encode(attribute.name, text) { _ = codec.decode(written) }
            }
        }
        return nil
    }

    /// Types, flags and formats that the server's own dictionary does without.
    private static let more = """

        VENDOR Two 30001 format=2,1
        VENDOR Twice 30002 format=2,2
        VENDOR Four 30003 format=4,0
        VENDOR Wide 30004 format=1,1,c
        ATTRIBUTE X-Byte 201 byte
        ATTRIBUTE X-Short 202 short
        ATTRIBUTE X-Signed 203 signed
        ATTRIBUTE X-Big 204 integer64
        ATTRIBUTE X-Prefix 205 ipv4prefix
        ATTRIBUTE X-Mac 206 ether
        ATTRIBUTE X-Either 207 combo-ip
        ATTRIBUTE X-Filter 208 abinary
        ATTRIBUTE X-Struct 209 struct
        ATTRIBUTE X-Ascend 210 string encrypt=3
        ATTRIBUTE X-Array 211 ipaddr array
        ATTRIBUTE X-Box 212 tlv
        ATTRIBUTE X-Box-Text 212.1 string
        ATTRIBUTE X-Box-Number 212.2 integer
        ATTRIBUTE X-Box-Box 212.3 tlv
        ATTRIBUTE X-Box-Box-Text 212.3.1 string
        ATTRIBUTE X-Long 245.1 string
        ATTRIBUTE X-Long-Box 245.2 tlv
        ATTRIBUTE X-Long-Box-Text 245.2.1 string
        VALUE X-Byte One 1
        VALUE X-Byte 2 3
        BEGIN-VENDOR Two
        ATTRIBUTE Two-Text 257 string
        END-VENDOR Two
        BEGIN-VENDOR Twice
        ATTRIBUTE Twice-Number 257 integer
        END-VENDOR Twice
        BEGIN-VENDOR Four
        ATTRIBUTE Four-Text 70000 string
        END-VENDOR Four
        BEGIN-VENDOR Wide
        ATTRIBUTE Wide-Box 1 tlv
        ATTRIBUTE Wide-Text 1.1 string
        ATTRIBUTE Wide-Key 2 octets encrypt=2
        ATTRIBUTE Wide-Long 3 octets
        END-VENDOR Wide
        BEGIN-VENDOR Wide format=Extended-Vendor-Specific-5
        ATTRIBUTE Wide-EVS 1 string
        END-VENDOR Wide
        """
}
