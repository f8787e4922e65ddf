import SharedTesting
import Testing

@testable import Postgres

@Suite struct PGValueTests {
    @Test(
        arguments: [
            (PGValue.bool(true), [1]), (.int2(-2), [0xff, 0xfe]), (.int4(258), [0, 0, 1, 2]),
            (.int8(-1), [UInt8](repeating: 0xff, count: 8)), (.float8(1), [0x3f, 0xf0, 0, 0, 0, 0, 0, 0]),
            (.text("é"), [0xc3, 0xa9]), (.text(""), []), (.bytea([0, 1]), [0, 1]),
            (.uuid(high: 1, low: 2), [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2]),
            // 2000-01-01 is the server's zero.
            (.timestamptz(946_684_800_000_001), [0, 0, 0, 0, 0, 0, 0, 1]), (.date(10_958), [0, 0, 0, 1]),
            (.jsonb("{}"), [1, 0x7b, 0x7d]),
            (
                .placeArray([PGRowPlace(block: 258, item: 3)]),
                [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 27, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 6, 0, 0, 1, 2, 0, 3]
            ),
        ] as [(PGValue, [UInt8])]
    )
    func `scalars are sent as the server's binary format has them`(value: PGValue, bytes: [UInt8]) {
        #expect(value.encoded() == bytes)
    }

    @Test func `NULL has no bytes and no type`() {
        #expect(PGValue.null.encoded() == nil)
        #expect(PGValue.null.typeOID == 0)
        #expect(PGValue.optional(nil as Int64?, PGValue.int8) == .null)
        #expect(PGValue.optional(5, PGValue.int8) == .int8(5))
    }

    @Test func `an array carries its dimension, its NULLs and its element type`() {
        let expected: [UInt8] =
            [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 23, 0, 0, 0, 2, 0, 0, 0, 1] + [0, 0, 0, 4, 0, 0, 0, 7]
            + [0xff, 0xff, 0xff, 0xff]
        #expect(PGValue.int4Array([7, nil]).encoded() == expected)
        #expect(PGValue.int4Array([]).encoded() == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 23])
    }

    @Test func `times that the server cannot hold saturate instead of trapping`() {
        #expect(PGValue.timestamptz(.min).encoded() == [0x80] + [UInt8](repeating: 0, count: 7))
        #expect(PGValue.date(.min).encoded() == [0x80, 0, 0, 0])
    }
}

@Suite struct StatementCacheTests {
    @Test func `a text is prepared once per shape of its parameters`() {
        var cache = StatementCache()
        let first = cache.plan("SELECT $1", [.int8(1)])
        #expect(first.prepare == [20])
        #expect(cache.plan("SELECT $1", [.int8(2)]) == .init(name: first.name, prepare: nil))
        #expect(cache.plan("SELECT $1", [.text("x")]).prepare == [25])
        #expect(cache.count == 2)
    }

    @Test func `NULL reuses what a value prepared, and variants converge`() {
        var cache = StatementCache()
        let sql = "INSERT"
        #expect(cache.plan(sql, [.null, .int8(1)]).prepare == [0, 20])
        let full = cache.plan(sql, [.text("x"), .null])
        // The second variant knows the second place from the first.
        #expect(full.prepare == [25, 20])
        #expect(cache.plan(sql, [.text("y"), .int8(2)]).name == full.name)
        #expect(cache.plan(sql, [.null, .null]).prepare == nil)
    }

    @Test func `the least recently used statement makes room`() {
        var cache = StatementCache(capacity: 2)
        let a = cache.plan("a", []).name
        let b = cache.plan("b", []).name
        _ = cache.plan("a", [])
        let c = cache.plan("c", []).name
        #expect(cache.takeEvicted() == [b])
        #expect(cache.takeEvicted().isEmpty)
        // What the server did not come to is due again, and with it what is evicted next.
        cache.keepEvicted([b])
        _ = cache.plan("a", [])
        _ = cache.plan("d", [])
        #expect(cache.takeEvicted() == [b, c])
        #expect(cache.plan("a", []).name == a)
        #expect(cache.count == 2)
    }

    @Test func `what was refused or lost is prepared anew`() {
        var cache = StatementCache()
        let first = cache.plan("a", [])
        cache.forget(name: first.name)
        let second = cache.plan("a", [])
        #expect(second.prepare == [] && second.name != first.name)
        cache.forget(sql: "a")
        #expect(cache.count == 0)
    }
}

@Suite struct PostgresErrorTests {
    @Test(arguments: [
        ("08006", PostgresError.Disposition.retry), ("40001", .retry), ("40P01", .retry), ("53300", .retry),
        ("57P01", .retry), ("57014", .retry), ("25006", .retry), ("22P02", .permanent), ("23505", .permanent),
        ("P0001", .permanent), ("42P01", .fatal), ("42501", .fatal), ("28P01", .fatal), ("XX000", .fatal),
    ])
    func `a refusal tells whether to come back`(state: String, disposition: PostgresError.Disposition) {
        #expect(PostgresError(.server, "x", sqlState: state).disposition == disposition)
    }

    @Test func `outages are worth another attempt and misuse is not`() {
        #expect(PostgresError(.connectionFailed, "x").disposition == .retry)
        #expect(PostgresError(.connectionLost, "x").disposition == .retry)
        #expect(PostgresError(.misuse, "x").disposition == .fatal)
        #expect(
            PostgresError(.server, "cached plan must not change result type", sqlState: "0A000").disposition == .retry
        )
    }

    @Test func `a refused value stays out of the message`() {
        let error = PostgresError(.server, "invalid input syntax for type integer: \"4111 1111\"", sqlState: "22P02")
        #expect(!error.description.contains("4111"))
    }
}
