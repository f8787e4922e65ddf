import Glibc
import RADIUS
import SharedTesting
import Testing

/// Debian's freeradius-common, file by file and attribute by attribute.
@Suite struct DictionaryFilesTests {
    /// Files that the main one leaves out: each with the file, if any, that must be read before it.
    private static let others: [(file: String, after: String?)] = [
        ("dictionary.alvarion.wimax.v2_2", nil), ("dictionary.cisco.vpn3000", nil), ("dictionary.dhcp", nil),
        ("dictionary.freedhcp", nil), ("dictionary.motorola.illegal", nil), ("dictionary.nokia.conflict", nil),
        ("dictionary.openser", "dictionary.rfc2865"), ("dictionary.rfc5090", nil), ("dictionary.starent.vsa1", nil),
        ("dictionary.vqp", nil), ("dictionary.wimax.alvarion", nil),
        ("dictionary.wimax.wichorus", nil),
    ]

    @Test(.proves("RAD-19")) func `every file of Debian's dictionary loads`() throws {
        let clock = ContinuousClock()
        let begun = clock.now
        let dictionary = try AttributeDictionary(read: Dictionaries.reader(of: Dictionaries.folder))
        let taken = clock.now - begun
        let line =
            "dictionary: \(dictionary.attributes.count) attributes, \(dictionary.values.count) values, "
            + "\(dictionary.vendors.count) vendors in \(taken)\n"
        _ = unsafe line.withCString { unsafe write(STDERR_FILENO, $0, strlen($0)) }
        #expect(dictionary.attributes.count > 7_400 && dictionary.values.count > 7_900)
        #expect(dictionary.warnings.isEmpty)
        #expect(taken < .seconds(30), "even a debug build on a busy machine needs less")
    }

    @Test(.proves("RAD-19"), arguments: others)
    func `files that the main one leaves out load on their own`(file: String, after: String?) throws {
        let root = (after.map { "$INCLUDE \($0)\n" } ?? "") + "$INCLUDE \(file)\n"
        let folder = Dictionaries.reader(of: Dictionaries.folder)
        let dictionary = try AttributeDictionary(file: "root") { name, limit in
            name == "root" ? .contents(Array(root.utf8)) : folder(name, limit)
        }
        // Its own file names numbers of an attribute that it does not define.
        #expect(dictionary.warnings.count == (file == "dictionary.freedhcp" ? 2 : 0), "\(dictionary.warnings)")
        try roundTrip(dictionary)
    }

    @Test func `main file and the others are all there are`() throws {
        let folder = Dictionaries.reader(of: Dictionaries.folder)
        let read = Reads()
        _ = try AttributeDictionary { name, limit in
            read.names.insert(name)
            return folder(name, limit)
        }
        let all = try #require(Self.names(in: Dictionaries.folder))
        #expect(all.subtracting(read.names) == Set(Self.others.map(\.file)))
    }

    @Test(.proves("RAD-19")) func `every attribute of the main file round-trips`() throws {
        try roundTrip(try Dictionaries.debian.get())
    }

    @Test(.proves("RAD-19")) func `the server's own dictionary says what Debian's says`() throws {
        let debian = try Dictionaries.debian.get()
        let own = try BuiltInDictionary.load()
        try roundTrip(own)
        for attribute in own.attributes where own.vendor(of: attribute)?.name != "Ubiquiti" {
            let other = try #require(debian.attribute(named: attribute.name), "\(attribute.name)")
            #expect(debian.path(of: other) == own.path(of: attribute), "\(attribute.name)")
            #expect(other.type == attribute.type && other.flags == attribute.flags, "\(attribute.name)")
            #expect(other.hiding == attribute.hiding && other.length == attribute.length, "\(attribute.name)")
            for value in own.values(of: attribute) {
                #expect(debian.number(named: value.name, of: other) == value.number, "\(attribute.name) \(value.name)")
            }
        }
        for vendor in own.vendors where vendor.name != "Ubiquiti" {
            #expect(debian.vendor(named: vendor.name) == vendor, "\(vendor.name)")
        }
    }

    // MARK: -

    private final class Reads {
        var names: Set<String> = []
    }

    private static func names(in folder: String) -> Set<String>? {
        guard let directory = unsafe opendir(folder) else { return nil }
        defer { unsafe closedir(directory) }
        var names: Set<String> = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasPrefix("dictionary") { names.insert(name) }
        }
        return names
    }

    /// Encodes three values of each attribute and decodes them again.
    private func roundTrip(_ dictionary: AttributeDictionary) throws {
        var maker = ValueMaker(random: SeededRandom(), dictionary: dictionary)
        let codec = AttributeCodec(dictionary, keys: Dictionaries.keys)
        var sent = 0
        for attribute in dictionary.attributes {
            for _ in 0..<3 {
                let text = maker.text(attribute, attribute.hiding == .ascendSecret ? 16 : 100)
                let problem = roundTripProblem(attribute, text, codec, maker.random.next())
                #expect(problem == nil, "\(attribute.name) \(dictionary.number(of: attribute)) = \(text)")
                if problem == nil { sent += 1 }
            }
        }
        #expect(sent > 0)
    }

    /// What is wrong with one value's way to the wire and back; nil when all is well.
    private func roundTripProblem(
        _ attribute: DictionaryAttribute,
        _ text: String,
        _ codec: AttributeCodec,
        _ chance: UInt64
    ) -> String? {
        let dictionary = codec.dictionary
        let path = dictionary.path(of: attribute)
        let tag = attribute.flags.contains(.tagged) ? UInt8(chance % 31 + 1) : nil
        let pair = AttributePair(attribute.name, tag: tag, text)
        let attributes: [Attribute]
        do throws(AttributeEncodingError) {
            attributes = try codec.encode([pair])
        } catch {
            // FreeRADIUS' own attributes are above 255 or marked, and never leave it.
            let isInternal = (path[0] > 255 || attribute.flags.contains(.virtual)) && error.problem == .notOnTheWire
            return isInternal ? nil : error.description
        }
        let read = codec.decode(attributes)
        guard let told = dictionary.attribute(at: path), attribute.name != told.name || !told.type.isContainer else {
            // A container's octets are read as what stands within, or by number; that encodes to the same meaning.
            return (try? codec.encode(read)).map(codec.decode) == read ? nil : "changed: \(read)"
        }
        guard told.name == attribute.name else {
            return read.allSatisfy { $0.name == told.name || $0.name.hasPrefix("Attr-") || told.type.isContainer }
                ? nil : "read as \(read)"
        }
        return read == [pair] ? nil : "read as \(read)"
    }
}
