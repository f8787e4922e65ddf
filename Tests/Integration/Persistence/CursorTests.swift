import Domain
import Persistence
import SharedTesting
import Testing
import WireFormat

/// Rows as text, to compare them.
struct JSONWriterForRow {
    private var writer = JSONWriter()

    mutating func text<Row>(of row: Row, _ source: ListSource<Row>) -> String {
        writer.removeAll()
        source.write(row, to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

/// A cursor is good for the list that gave it, and for nothing else.
@Suite(.proves("API-05")) struct CursorTests {
    private static let list = ListParameters(limit: "5", sort: "name", filters: ["status:eq:active"])

    private func refuses(_ parameters: ListParameters, _ world: ListingWorld, _ tenant: TenantID) async throws -> Bool {
        do {
            _ = try await world.page(of: .customers, parameters, in: tenant)
            return false
        } catch let error as ListError {
            return error.parameter == "cursor"
        }
    }

    @Test func `a changed cursor is refused, whatever is changed`() async throws {
        let world = try await ListingWorld(customers: 40)
        let cursor = try #require(try await world.page(of: .customers, Self.list, in: world.one).next)
        #expect(
            cursor.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                    || byte == 0x2d || byte == 0x5f
            }
        )
        var random = SeededRandom()
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ \u{0}é")
        for _ in 0..<200 {
            var characters = Array(cursor)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                characters[Int.random(in: characters.indices, using: &random)] =
                    alphabet[Int.random(in: alphabet.indices, using: &random)]
            case 1: characters.remove(at: Int.random(in: characters.indices, using: &random))
            case 2:
                characters.insert(
                    alphabet[Int.random(in: alphabet.indices, using: &random)],
                    at: Int.random(in: characters.indices, using: &random)
                )
            default: characters = Array(Base64.encode(random.bytes(Int.random(in: 0...80, using: &random))))
            }
            guard String(characters) != cursor else { continue }
            var parameters = Self.list
            parameters.cursor = String(characters)
            #expect(try await refuses(parameters, world, world.one))
        }
        await world.close()
    }

    @Test(.proves("TEN-05")) func `another list, scope or key refuses it; another limit does not`() async throws {
        let world = try await ListingWorld(customers: 40)
        var parameters = Self.list
        parameters.cursor = try await world.page(of: .customers, Self.list, in: world.one).next
        var changes: [(inout ListParameters) -> Void] = []
        changes.append { $0.sort = "-name" }
        changes.append { $0.sort = "code" }
        changes.append { $0.filters = [] }
        changes.append { $0.filters = ["status:eq:suspended"] }
        changes.append { $0.filters.append("due_day:eq:15") }
        changes.append { $0.search = "ann" }
        changes.append { $0.deleted = "include" }
        for change in changes {
            var other = parameters
            change(&other)
            #expect(try await refuses(other, world, world.one))
        }
        for tenant in [world.two, world.operatorID] {
            #expect(try await refuses(parameters, world, tenant))
        }
        let query = try ListQuery(parameters, of: .customers)
        await #expect(throws: ListError.self) {
            _ = try await world.scope(world.one).transaction { transaction in
                try await Listing(transaction, scope: world.one, cursors: .random()).page(of: .customers, query)
            }
        }
        parameters.limit = "9"
        #expect(try await world.page(of: .customers, parameters, in: world.one).rows.count == 8)
        await world.close()
    }
}
