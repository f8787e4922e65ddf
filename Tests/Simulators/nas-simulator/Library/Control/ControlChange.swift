import RADIUS

/// What a CoA-Request makes of a session, all or nothing (RFC 5176 §2.2).
enum ControlChange {
    case changed(LiveSession)
    case ends
    case refused(UInt32)

    /// Attributes that say which session, whose packet or when; they change nothing.
    private static let passedOver: Set<UInt8> = [
        AttributeType.userName, AttributeType.nasIPAddress, AttributeType.nasPort, AttributeType.nasIdentifier,
        AttributeType.calledStationID, AttributeType.callingStationID, AttributeType.acctSessionID,
        AttributeType.acctMultiSessionID, AttributeType.nasPortID, AttributeType.chargeableUserIdentity,
        AttributeType.eventTimestamp, AttributeType.messageAuthenticator, AttributeType.state,
        AttributeType.proxyState, AttributeType.class, AttributeType.nasPortType, AttributeType.framedIPAddress,
    ]

    static func apply(_ request: Packet, to session: LiveSession, _ rules: ControlRules) -> ControlChange {
        var changed = session
        var meant = 0
        for attribute in request.attributes where !passedOver.contains(attribute.type) {
            guard let (name, value) = name(of: attribute), let meaning = rules.changes[name] else {
                if let cause = rules.unsupported { return .refused(cause) }
                continue
            }
            meant += 1
            if case .ciscoPair = meaning {
                switch ciscoPair(value, &changed) {
                case .ends: return .ends
                case .refused(let cause): return .refused(cause)
                case .changed: continue
                }
            }
            guard take(value, name, meaning, &changed) else { return .refused(ErrorCause.invalidRequest) }
        }
        // Nothing at all is a mistake to all but those who pass over what they do not know.
        if meant == 0, rules.unsupported != nil { return .refused(ErrorCause.missingAttribute) }
        return .changed(changed)
    }

    private static func name(of attribute: Attribute) -> (ControlRules.Name, [UInt8])? {
        guard attribute.type == AttributeType.vendorSpecific else {
            return (ControlRules.Name(0, attribute.type), attribute.value)
        }
        guard attribute.value.count >= 6, let vendor = ControlDesk.number(Array(attribute.value[..<4])) else {
            return nil
        }
        return (ControlRules.Name(vendor, attribute.value[4]), Array(attribute.value[6...]))
    }

    private static func take(
        _ value: [UInt8],
        _ name: ControlRules.Name,
        _ meaning: ControlRules.Meaning,
        _ session: inout LiveSession
    ) -> Bool {
        let text = String(decoding: value, as: UTF8.self)
        switch meaning {
        case .mikrotikRate:
            guard let speed = Speed(mikrotik: text) else { return false }
            session.speed = speed
        case .upload(let unit):
            guard let number = ControlDesk.number(value) else { return false }
            session.speed.upload = UInt64(number) * unit
        case .download(let unit):
            guard let number = ControlDesk.number(value) else { return false }
            session.speed.download = UInt64(number) * unit
        case .ciscoAccount:
            guard session.speed.take(ciscoAccount: text) else { return false }
        case .juniperShaping:
            guard session.speed.take(juniperShaping: text) else { return false }
        case .nokiaOverride:
            guard session.speed.take(nokiaOverride: text) else { return false }
        case .profile: session.speed = Speed(profile: text)
        case .timeout:
            guard let seconds = ControlDesk.number(value) else { return false }
            session.timeout = seconds
        case .filter: session.filter = text
        case .ciscoPair, .other: session.others.append("\(name.vendor)/\(name.type)=\(text)")
        }
        return true
    }

    /// `ip:sub-qos-policy-out=50M`, `subscriber:command=account-logoff` and the like.
    private static func ciscoPair(_ value: [UInt8], _ session: inout LiveSession) -> ControlChange {
        let pair = String(decoding: value, as: UTF8.self)
        let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return .refused(ErrorCause.invalidRequest) }
        switch parts[0] {
        case "ip:sub-qos-policy-in", "ip:sub-qos-policy-out", "qos-policy-in", "qos-policy-out":
            session.speed = Speed(profile: parts[1])
        case "audit-session-id", "subscriber:service-name": session.others.append(pair)
        case "subscriber:command":
            switch parts[1] {
            case "account-logoff": return .ends
            case "reauthenticate", "session-query": break
            case "activate-service", "deactivate-service", "bounce-host-port": session.others.append(pair)
            default: return .refused(ErrorCause.invalidRequest)
            }
        default: return .refused(ErrorCause.unsupportedAttribute)
        }
        return .changed(session)
    }
}
