import Domain
import SharedTesting
import Testing

@testable import RadiusServer

@Suite struct SubscriberTableTests {
    private func record(_ number: UInt64, tenant: UInt32) -> SubscriberRecord {
        SubscriberRecord(
            serviceID: UUID128(high: 7, low: number),
            customerID: UUID128(high: 8, low: number),
            expiresAt: SubscriberRecord.never,
            version: 1,
            tenant: tenant,
            plan: 0,
            textOffset: 0,
            staticIPv4: 0,
            prefixes: SubscriberRecord.noPrefixes,
            usernameLength: 0,
            passwordLength: 0,
            serviceStatus: .active,
            customerStatus: .active,
            kind: .pppoe,
            isLive: true
        )
    }

    private func find(_ table: SubscriberTable, _ tenant: UInt32, _ name: String) -> Int? {
        unsafe Array(name.utf8).withUnsafeBytes { unsafe table.find(tenant: tenant, username: $0) }
    }

    private func password(_ table: SubscriberTable, _ index: Int) -> String? {
        unsafe table.withPassword(index) { unsafe $0.map { unsafe String(decoding: $0, as: UTF8.self) } }
    }

    @Test("One name in two tenants is two subscribers", .proves("TEN-13"))
    func tenantsAreApart() {
        let table = SubscriberTable(expected: 4)
        table.put(record(1, tenant: 0), username: "bob".utf8, password: "a".utf8, prefixes: nil)
        table.put(record(2, tenant: 1), username: "bob".utf8, password: "b".utf8, prefixes: nil)
        #expect(find(table, 0, "bob").flatMap { password(table, $0) } == "a")
        #expect(find(table, 1, "bob").flatMap { password(table, $0) } == "b")
        #expect(find(table, 2, "bob") == nil)
    }

    @Test("Agrees with a dictionary through random inserts, changes and removals")
    func agreesWithModel() {
        var random = SeededRandom()
        for _ in 0..<100 {
            let table = SubscriberTable(expected: 8)
            var model: [UInt64: (tenant: UInt32, name: String, password: String?)] = [:]
            for _ in 0..<400 {
                let number = UInt64.random(in: 0..<80, using: &random)
                if Int.random(in: 0..<4, using: &random) == 0 {
                    #expect(table.remove(service: UUID128(high: 7, low: number)) == (model[number] != nil))
                    model[number] = nil
                } else {
                    let tenant = UInt32.random(in: 0..<3, using: &random)
                    let name = "user-\(number)-\(UInt8.random(in: 0..<3, using: &random))"
                    let secret =
                        Bool.random(using: &random) ? "p\(UInt16.random(in: .min ... .max, using: &random))" : nil
                    table.put(
                        record(number, tenant: tenant),
                        username: name.utf8,
                        password: secret.map { Array($0.utf8) },
                        prefixes: nil
                    )
                    model[number] = (tenant, name, secret)
                }
            }
            #expect(table.liveCount == model.count)
            for number in UInt64(0)..<80 {
                let index = table.find(service: UUID128(high: 7, low: number))
                guard let known = model[number] else {
                    #expect(index == nil)
                    continue
                }
                let byName = find(table, known.tenant, known.name)
                #expect(index != nil && byName == index)
                if let index { #expect(password(table, index) == known.password) }
            }
        }
    }

    @Test("100,000 subscribers cost at most 300 octets each")
    func isSmall() {
        let table = SubscriberTable(expected: 101_024)
        for number in UInt64(0)..<100_000 {
            table.put(
                record(number, tenant: 0),
                username: "subscriber\(number)".utf8,
                password: "secret\(number)".utf8,
                prefixes: nil
            )
        }
        #expect(table.residentOctets / 100_000 <= 300)
        #expect(find(table, 0, "subscriber99999") != nil)
    }
}

@Suite struct MACAddressTests {
    private func spelling(_ text: String) -> String? {
        unsafe Array(text.utf8).withUnsafeBytes { unsafe MACAddress($0) }?.withText {
            unsafe String(decoding: $0, as: UTF8.self)
        }
    }

    @Test(
        "Any usual spelling is one address",
        .proves("RAD-08"),
        arguments: [
            "02:00:5e:10:AB:cd", "02-00-5E-10-ab-CD", "0200.5e10.abcd", "02005E10ABCD", "02-00-5e-10-ab-cd:guest",
        ]
    )
    func spellings(text: String) { #expect(spelling(text) == "02:00:5e:10:ab:cd") }

    @Test("What is no address is none", arguments: ["", "bob", "02:00:5e:10:ab", "zz:00:5e:10:ab:cd", "subscriber-01"])
    func refuses(text: String) { #expect(spelling(text) == nil) }
}
