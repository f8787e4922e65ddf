import Crypto
import RADIUS

/// Writes the packets of a storm and reads what its logins were granted.
enum StormPackets {
    static func login(
        _ subscriber: StormWorld.Subscriber,
        station: String,
        _ nas: StormWorld.NAS,
        secret: SharedSecret,
        identifier: UInt8,
        chance: inout Chance
    ) -> [UInt8]? {
        let authenticator = octets(of: chance.bits()) + octets(of: chance.bits())
        guard
            let hidden = UserPassword.encrypt(
                password: Array(subscriber.password.utf8),
                requestAuthenticator: authenticator,
                secret: secret.context
            )
        else { return nil }
        let attributes: [Attribute] = [
            .messageAuthenticator, Attribute(AttributeType.userName, text: subscriber.username),
            Attribute(AttributeType.userPassword, hidden), Attribute(AttributeType.nasIPAddress, nas.address),
            Attribute(AttributeType.serviceType, 2), Attribute(AttributeType.framedProtocol, 1),
            Attribute(AttributeType.callingStationID, text: station),
        ]
        return Packet(.accessRequest, identifier: identifier, authenticator: authenticator, attributes: attributes)
            .encodedRequest(secret: secret)
    }

    static func report(
        _ status: AcctStatusType,
        session number: Int,
        _ grant: StormTruth.Grant,
        _ subscriber: StormWorld.Subscriber,
        station: String,
        age: Int,
        _ nas: StormWorld.NAS,
        secret: SharedSecret,
        identifier: UInt8
    ) -> [UInt8]? {
        var attributes: [Attribute] = [
            Attribute(AttributeType.acctStatusType, status.rawValue),
            Attribute(AttributeType.acctSessionID, text: "storm-\(number)"),
            Attribute(AttributeType.userName, text: subscriber.username),
            Attribute(AttributeType.nasIPAddress, nas.address),
            Attribute(AttributeType.callingStationID, text: station),
            Attribute(AttributeType.class, classValue(grant.name)),
            Attribute(AttributeType.acctSessionTime, UInt32(clamping: age)),
        ]
        if grant.ipv4 != 0 { attributes.append(Attribute(AttributeType.framedIPAddress, grant.ipv4)) }
        if status != .start {
            attributes += [
                Attribute(AttributeType.acctInputOctets, UInt32(clamping: age) &* 1_000),
                Attribute(AttributeType.acctOutputOctets, UInt32(clamping: age) &* 9_000),
            ]
        }
        if status == .stop { attributes.append(Attribute(AttributeType.acctTerminateCause, 1)) }
        return Packet(.accountingRequest, identifier: identifier, attributes: attributes).encodedRequest(secret: secret)
    }

    static func boot(_ nas: StormWorld.NAS, secret: SharedSecret, identifier: UInt8) -> [UInt8]? {
        let attributes = [
            Attribute(AttributeType.acctStatusType, AcctStatusType.accountingOn.rawValue),
            Attribute(AttributeType.acctSessionID, text: "00000000"),
            Attribute(AttributeType.nasIPAddress, nas.address),
        ]
        return Packet(.accountingRequest, identifier: identifier, attributes: attributes).encodedRequest(secret: secret)
    }

    /// What an Access-Accept grants; nil without a Class of the server's.
    static func grant(_ answer: Packet) -> StormTruth.Grant? {
        guard let value = answer.first(AttributeType.class), value.count == 49 else { return nil }
        func number(_ octets: ArraySlice<UInt8>) -> UInt64 { octets.reduce(0) { $0 << 8 | UInt64($1) } }
        let name = StormTruth.Grant.Name(
            admission: (number(value[5..<13]), number(value[13..<21])),
            service: (number(value[21..<29]), number(value[29..<37])),
            version: UInt16(number(value[3..<5])),
            terms: number(value[37..<45])
        )
        let ipv4 = answer.first(AttributeType.framedIPAddress).map { number($0[...]) } ?? 0
        // Delegated-IPv6-Prefix (RFC 4818): a zero, the length, the octets that matter.
        var prefix: [UInt8] =
            answer.first(AttributeType.delegatedIPv6Prefix).map { Array($0.dropFirst(2).prefix(8)) } ?? []
        prefix += [UInt8](repeating: 0, count: 8 - prefix.count)
        return StormTruth.Grant(name: name, ipv4: UInt32(truncatingIfNeeded: ipv4), prefix: number(prefix[...]))
    }

    private static func classValue(_ name: StormTruth.Grant.Name) -> [UInt8] {
        [0x4e, 2, 0, UInt8(name.version >> 8), UInt8(name.version & 255)] + octets(of: name.admission.high)
            + octets(of: name.admission.low)
            + octets(of: name.service.high) + octets(of: name.service.low) + octets(of: name.terms)
    }

    private static func octets(of value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
    }
}
