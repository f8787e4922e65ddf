import SharedTesting
import Testing
import WireFormat

@Suite struct JSONRoundTripTests {
    private indirect enum Value: Equatable {
        case null
        case bool(Bool)
        case integer(Int64)
        case double(Double)
        case string(String)
        case array([Value])
        case object([Member])
    }

    private struct Member: Equatable {
        let key: String
        let value: Value
    }

    // MARK: - Values

    private func text(_ random: inout SeededRandom) -> String {
        let scalars = (0..<Int.random(in: 0...12, using: &random)).compactMap { _ in
            switch Int.random(in: 0..<4, using: &random) {
            case 0: Unicode.Scalar(UInt32.random(in: 0..<0x20, using: &random))
            case 1: Unicode.Scalar(UInt32.random(in: 0x1F300..<0x1F600, using: &random))
            case 2: Unicode.Scalar(UInt32.random(in: 0x80..<0xD800, using: &random))
            default: Unicode.Scalar(UInt32.random(in: 0x20..<0x7F, using: &random))
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    private func value(depth: Int, _ random: inout SeededRandom) -> Value {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
        case 0: .null
        case 1: .bool(.random(using: &random))
        case 2: .integer(Int64(truncatingIfNeeded: random.next()) >> Int64.random(in: 0..<64, using: &random))
        case 3: .double(Double.random(in: -1e9...1e9, using: &random))
        case 4: .string(text(&random))
        case 5: .array((0..<Int.random(in: 0...4, using: &random)).map { _ in value(depth: depth - 1, &random) })
        default:
            .object(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    Member(key: text(&random), value: value(depth: depth - 1, &random))
                }
            )
        }
    }

    private func write(_ value: Value, _ writer: inout JSONWriter) {
        switch value {
        case .null: writer.null()
        case .bool(let flag): writer.value(flag)
        case .integer(let number): writer.value(number)
        case .double(let number): writer.value(number)
        case .string(let text): writer.value(text)
        case .array(let elements):
            writer.beginArray()
            for element in elements { write(element, &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members {
                writer.key(string: member.key)
                write(member.value, &writer)
            }
            writer.endObject()
        }
    }

    /// Reads a value of the shape of `model`: the text alone does not tell an integer from a double.
    private func read(like model: Value, _ reader: inout JSONReader) throws(JSONError) -> Value {
        switch model {
        case .null: return try reader.readNull() ? .null : .bool(false)
        case .bool: return .bool(try reader.readBool())
        case .integer: return .integer(try reader.readInt64())
        case .double: return .double(try reader.readDouble())
        case .string: return .string(try reader.readString())
        case .array(let models):
            var elements: [Value] = []
            try reader.readArray { reader throws(JSONError) in
                guard elements.count < models.count else { throw .valueNotRead(offset: 0) }
                elements.append(try read(like: models[elements.count], &reader))
            }
            return .array(elements)
        case .object(let models):
            var members: [Member] = []
            try reader.readObject { reader, key throws(JSONError) in
                guard members.count < models.count else { throw .valueNotRead(offset: 0) }
                members.append(Member(key: key, value: try read(like: models[members.count].value, &reader)))
            }
            return .object(members)
        }
    }

    // MARK: - Properties

    @Test(.proves("MSG-06")) func `what the writer writes, the reader reads`() throws {
        var random = SeededRandom()
        for _ in 0..<500 {
            let model = value(depth: 4, &random)
            var writer = JSONWriter()
            write(model, &writer)
            var reader = JSONReader(writer.bytes)
            let result = try read(like: model, &reader)
            try reader.expectEnd()
            #expect(result == model)
            var skipping = JSONReader(writer.bytes)
            #expect(try Array(skipping.rawValue()) == writer.bytes)
            try skipping.expectEnd()
        }
    }

    @Test(.proves("MSG-06")) func `mutated texts are read or refused and break nothing`() {
        var random = SeededRandom()
        var accepted = 0
        for _ in 0..<20_000 {
            var writer = JSONWriter()
            write(value(depth: 3, &random), &writer)
            var text = writer.bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) where !text.isEmpty {
                let index = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: text[index] = UInt8.random(in: .min ... .max, using: &random)
                case 1: text.remove(at: index)
                case 2: text.insert(Array("{}[]\",:\\u0e-".utf8).randomElement(using: &random) ?? 0, at: index)
                default: text.removeSubrange(index...)
                }
            }
            var reader = JSONReader(text)
            do throws(JSONError) {
                try reader.skipValue()
                try reader.expectEnd()
                accepted += 1
            } catch {
                continue
            }
        }
        #expect(accepted > 0)
        #expect(accepted < 20_000)
    }
}
