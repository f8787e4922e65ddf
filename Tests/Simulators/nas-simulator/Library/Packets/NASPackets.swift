package import Crypto
import RADIUS

/// Writes the packets of one NAS as its kind does.
package struct NASPackets: Sendable {
    package let nas: SimNAS
    package let secret: SharedSecret

    package init(_ nas: SimNAS) {
        self.nas = nas
        secret = SharedSecret(Array(nas.secret.utf8))
    }

    /// When a packet is sent, as the packet tells it.
    package struct Moment: Sendable {
        /// Acct-Delay-Time: whole seconds since what it reports was taken down. 0 is left out, as NASes do.
        package var delay: Int
        /// Event-Timestamp by a clock that is right, in seconds since 1970; the NAS's skew is added.
        package var takenAt: Int64

        package init(delay: Int, takenAt: Int64) {
            self.delay = delay
            self.takenAt = takenAt
        }
    }

    // MARK: - Accounting

    /// An Accounting-Request of a session (RFC 2866 §4.1). `admission` is Class as the Access-Accept held it.
    package func accounting(
        _ record: SimRecord,
        of session: SimSession,
        _ subscriber: SimSubscriber,
        identifier: UInt8,
        moment: Moment,
        admission: [UInt8]?
    ) -> [UInt8]? {
        var attributes: [Attribute] = []
        if nas.kind.signsAccounting { attributes.append(.messageAuthenticator) }
        attributes += [
            Attribute(AttributeType.acctStatusType, record.kind.rawValue),
            Attribute(AttributeType.acctSessionID, text: session.id),
            Attribute(AttributeType.userName, text: subscriber.username),
        ]
        attributes += place(of: session, subscriber)
        // hostapd, and many others, leave the age out of a Start.
        if record.kind != .start || nas.kind != .ubiquiti {
            attributes.append(Attribute(AttributeType.acctSessionTime, UInt32(clamping: record.age)))
        }
        if record.kind != .start { attributes += counters(record) }
        if record.kind == .stop, nas.kind.sendsTerminateCause, case .stop(let cause) = session.ending {
            attributes.append(Attribute(AttributeType.acctTerminateCause, cause))
        }
        if nas.echoesClass, let admission { attributes.append(Attribute(AttributeType.class, admission)) }
        attributes += time(moment)
        return Packet(.accountingRequest, identifier: identifier, attributes: attributes).encodedRequest(secret: secret)
    }

    /// An Accounting-On or -Off (RFC 2866 §5.1).
    package func boot(_ boot: SimBoot, identifier: UInt8, moment: Moment) -> [UInt8]? {
        var attributes: [Attribute] = nas.kind.signsAccounting ? [.messageAuthenticator] : []
        let status: AcctStatusType = boot.isOn ? .accountingOn : .accountingOff
        attributes += [
            Attribute(AttributeType.acctStatusType, status.rawValue),
            Attribute(AttributeType.acctSessionID, text: "00000000"),
        ]
        attributes += identity + time(moment)
        return Packet(.accountingRequest, identifier: identifier, attributes: attributes).encodedRequest(secret: secret)
    }

    private func time(_ moment: Moment) -> [Attribute] {
        var attributes: [Attribute] = []
        if moment.delay > 0 {
            attributes.append(Attribute(AttributeType.acctDelayTime, UInt32(clamping: moment.delay)))
        }
        if nas.kind.sendsEventTimestamp {
            let seconds = UInt32(truncatingIfNeeded: moment.takenAt + Int64(nas.skew))
            attributes.append(Attribute(AttributeType.eventTimestamp, seconds))
        }
        return attributes
    }

    private func counters(_ record: SimRecord) -> [Attribute] {
        let swaps = nas.kind.swapsOctets
        let (input, output) =
            swaps ? (record.countedOutput, record.countedInput) : (record.countedInput, record.countedOutput)
        var attributes = [
            Attribute(AttributeType.acctInputOctets, UInt32(truncatingIfNeeded: input)),
            Attribute(AttributeType.acctOutputOctets, UInt32(truncatingIfNeeded: output)),
        ]
        let (inputHigh, outputHigh) = (UInt32(clamping: input >> 32), UInt32(clamping: output >> 32))
        switch nas.kind.counters {
        case .wrapping: break
        case .gigawordsWhenNeeded where inputHigh == 0 && outputHigh == 0: break
        default:
            attributes += [
                Attribute(AttributeType.acctInputGigawords, inputHigh),
                Attribute(AttributeType.acctOutputGigawords, outputHigh),
            ]
        }
        if nas.kind.sendsPackets {
            let packets = (record.countedInputPackets, record.countedOutputPackets)
            attributes += [
                Attribute(AttributeType.acctInputPackets, swaps ? packets.1 : packets.0),
                Attribute(AttributeType.acctOutputPackets, swaps ? packets.0 : packets.1),
            ]
        }
        return attributes
    }

    private func place(of session: SimSession, _ subscriber: SimSubscriber) -> [Attribute] {
        var attributes = identity
        attributes += [
            Attribute(AttributeType.nasPort, session.port),
            Attribute(AttributeType.serviceType, 2),
            Attribute(AttributeType.framedProtocol, 1),
            Attribute(AttributeType.framedIPAddress, session.address),
        ]
        if nas.kind.sendsCallingStation {
            attributes.append(Attribute(AttributeType.callingStationID, text: subscriber.station))
        }
        return attributes
    }

    private var identity: [Attribute] {
        var attributes = [Attribute(AttributeType.nasIPAddress, nas.address)]
        if let identifier = nas.identifier {
            attributes.append(Attribute(AttributeType.nasIdentifier, text: identifier))
        }
        return attributes
    }

    // MARK: - Access

    /// An Access-Request with its Message-Authenticator first. `chance` makes the authenticator and the challenges, so
    /// the packet is the same in every replay. Nil when the name does not fit or the machine cannot compute MS-CHAP.
    package func login(
        _ login: SimLogin,
        _ subscriber: SimSubscriber,
        identifier: UInt8,
        chance: inout Chance
    ) -> LoginRequest? {
        let username = login.outcome == .unknownUser ? "nobody-" + subscriber.username : subscriber.username
        let password = login.outcome == .wrongPassword ? subscriber.password + "!" : subscriber.password
        let authenticator = Self.octets(16, &chance)
        var attributes: [Attribute] = [.messageAuthenticator, Attribute(AttributeType.userName, text: username)]
        attributes += identity
        attributes += [
            Attribute(AttributeType.nasPortType, 5),
            Attribute(AttributeType.serviceType, 2),
            Attribute(AttributeType.framedProtocol, 1),
        ]
        if nas.kind.sendsCallingStation {
            attributes.append(Attribute(AttributeType.callingStationID, text: subscriber.station))
        }
        var success: [UInt8]?
        let octets = Array(password.utf8)
        switch subscriber.login {
        case .pap:
            guard
                let hidden = UserPassword.encrypt(
                    password: octets,
                    requestAuthenticator: authenticator,
                    secret: secret.context
                )
            else { return nil }
            attributes.append(Attribute(AttributeType.userPassword, hidden))
        case .chap:
            let challenge = Self.octets(16, &chance)
            attributes += [
                Attribute(AttributeType.chapChallenge, challenge),
                Attribute(
                    AttributeType.chapPassword,
                    CHAP.response(identifier: identifier, challenge: challenge, password: octets)
                ),
            ]
        case .mschapv2:
            guard let proof = try? MSCHAPProof(username, octets, identifier: identifier, &chance) else { return nil }
            attributes += proof.attributes
            success = proof.success
        }
        let packet = Packet(
            .accessRequest,
            identifier: identifier,
            authenticator: authenticator,
            attributes: attributes
        )
        return packet.encodedRequest(secret: secret).map { LoginRequest(octets: $0, success: success) }
    }

    static func octets(_ count: Int, _ chance: inout Chance) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: chance.bits()) }
    }
}

/// A login on its way.
package struct LoginRequest: Sendable {
    package let octets: [UInt8]
    /// The MS-CHAP2-Success that a server which knows the password must answer with; nil for other methods.
    package let success: [UInt8]?
}

/// MS-CHAPv2 from the subscriber's side (RFC 2759 §8, RFC 2548 §2.3).
struct MSCHAPProof {
    let attributes: [Attribute]
    let success: [UInt8]?

    init(
        _ username: String,
        _ password: [UInt8],
        identifier: UInt8,
        _ chance: inout Chance
    ) throws(CryptoError) {
        let challenge = NASPackets.octets(16, &chance)
        let peer = NASPackets.octets(16, &chance)
        let hash = try MSCHAP.ntHash(password: password)
        let name = Array(username.utf8)
        let short = MSCHAP.challengeHash(peerChallenge: peer, authenticatorChallenge: challenge, userName: name)
        let proof = try MSCHAP.challengeResponse(challenge: short, passwordHash: hash)
        let response = [identifier, 0] + peer + [UInt8](repeating: 0, count: 8) + proof
        attributes = [
            .vendor(Vendor.microsoft, MicrosoftAttribute.chapChallenge, challenge),
            .vendor(Vendor.microsoft, MicrosoftAttribute.chap2Response, response),
        ]
        success = try MSCHAP.success(response: response, challenge: challenge, userName: name, ntHash: hash)
    }
}
