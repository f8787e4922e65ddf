import Crypto
import Domain
import Profiles
import RADIUS

/// Writes an Access-Accept: Message-Authenticator first, the plan's attributes, the subscriber's own, Class, keys, and what
/// admission gave.
enum AcceptReply {
    /// Begins it: all but what admission gives. Returns the length so far; 0 when it did not fit.
    static func begin(
        into room: UnsafeMutableRawBufferPointer,
        view: PacketView,
        nas: NASEntry,
        subscriber: Int?,
        plan: Plan?,
        directory: Directory,
        sessionTimeout: UInt32?,
        admission: UUID128,
        keys: MSCHAPSuccess?,
        eap: EAPAccept? = nil,
        wallTime: Int64,
        isConfined: Bool = false,
        shortestInterim: UInt32 = 60,
        leftOut: inout Int
    ) -> Int {
        guard let subscriber else { return 0 }
        let record = directory.subscribers.records[subscriber]
        var reply = unsafe ReplyWriter(into: room, code: .accessAccept, identifier: view.identifier)
        eap?.appendPacket(to: &reply)
        let start = reply.length
        let extras = ReplyExtras(from: start, view: view, vendor: nas.vendor)
        // The walled garden has no quotas.
        let bounds = isConfined ? nil : bounds(subscriber, plan, nas, directory, shortestInterim, wallTime)
        var terms: TermsDigest?
        if let plan {
            let throttle = isConfined ? 0 : record.restriction.throttle(at: wallTime)
            let lent = isConfined ? nil : directory.boostPlan(subscriber, at: wallTime)
            let template = (lent ?? plan).template(for: nas.vendor, at: wallTime, throttle: throttle)
            terms = template?.terms(isConfined: isConfined)
            leftOut += extras.append(template, to: &reply)
            appendPoolNames(nas, plan, directory, isConfined, to: &reply)
        }
        if let bounds { VendorVolume.append(bounds, for: nas.vendor, swapped: nas.swapsOctets, to: &reply) }
        leftOut += extras.apply(nas.extras, to: &reply)
        // What a service has for itself does not follow it into the walled garden.
        if !isConfined { leftOut += extras.apply(directory.extras(subscriber), to: &reply) }
        if let interim = bounds?.interim {
            reply.lower(type: AttributeType.acctInterimInterval, to: interim, from: start)
        }
        let timeout = shorter(sessionTimeout, bounds?.seconds)
        if let timeout { reply.append(type: AttributeType.sessionTimeout, timeout) }
        if record.staticIPv4 != 0 { reply.append(type: AttributeType.framedIPAddress, record.staticIPv4) }
        if let prefixes = directory.subscribers.prefixes(subscriber) {
            if let framed = prefixes.framed { reply.append(type: AttributeType.framedIPv6Prefix, framed) }
            if let delegated = prefixes.delegated { reply.append(type: AttributeType.delegatedIPv6Prefix, delegated) }
        }
        AdmissionClass(
            decisionVersion: AccessDecision.version,
            admissionID: admission,
            serviceID: record.serviceID,
            terms: terms,
            endsAt: isConfined ? 0 : end(record.expiresAt, timeout, wallTime)
        ).append(to: &reply)
        keys?.append(to: &reply, view: view, nas: nas)
        eap?.appendKeys(to: &reply, view: view, nas: nas)
        reply.copyProxyState(from: view)
        return reply.leave()
    }

    /// What its quotas bound a subscriber's session to; nil where it has none.
    static func bounds(
        _ subscriber: Int,
        _ plan: Plan?,
        _ nas: NASEntry,
        _ directory: Directory,
        _ shortestInterim: UInt32,
        _ wallTime: Int64
    ) -> QuotaBounds? {
        guard let plan, !plan.caps.isEmpty else { return nil }
        return QuotaBounds(
            plan.caps,
            marks: directory.marks(subscriber),
            speed: plan.fullSpeed,
            endsAtVolume: VendorVolume.isKnown(to: nas.vendor),
            shortest: shortestInterim,
            now: Timestamp(microseconds: wallTime)
        )
    }

    /// The second in which the session ends because its service does; 0 where something else ends it before, or nothing does.
    private static func end(_ expiresAt: Int64, _ timeout: UInt32?, _ wallTime: Int64) -> UInt32 {
        guard let timeout, expiresAt != SubscriberRecord.never, expiresAt > wallTime else { return 0 }
        let left = (expiresAt - wallTime) / 1_000_000
        // The decision may be a moment older than its answer.
        guard Int64(timeout) >= left - 1 else { return 0 }
        return UInt32(clamping: (expiresAt - 1) / 1_000_000 + 1)
    }

    private static func shorter(_ left: UInt32?, _ right: UInt32?) -> UInt32? {
        guard let left, let right else { return left ?? right }
        return min(left, right)
    }

    /// Pools that the NAS gives from, where none of ours has the name.
    private static func appendPoolNames(
        _ nas: NASEntry,
        _ plan: Plan,
        _ directory: Directory,
        _ confined: Bool,
        to reply: inout ReplyWriter
    ) {
        guard !nas.poolNames.isEmpty || plan.row?.pools.isEmpty == false else { return }
        for use in AddressPool.Use.allCases {
            guard let name = directory.localPoolName(use, nas: nas, plan: plan, confined: confined) else { continue }
            let type =
                switch use {
                case .ipv4: AttributeType.framedPool
                case .ipv6: AttributeType.framedIPv6Pool
                case .delegated: AttributeType.delegatedIPv6PrefixPool
                }
            reply.append(type: type, text: name)
        }
    }

    /// Completes what was begun with the units that admission gave. Returns the length; 0 when it did not fit.
    static func finish(
        _ room: UnsafeMutableRawBufferPointer,
        length: Int,
        view: PacketView,
        nas: NASEntry,
        units: [(use: AddressPool.Use, unit: IPPrefix)] = [],
        dnsServers: [IPAddress] = []
    ) -> Int {
        var reply = unsafe ReplyWriter(
            continuing: room,
            length: length,
            code: .accessAccept,
            identifier: view.identifier
        )
        for (use, unit) in units { append(unit, use, to: &reply) }
        for (type, server) in zip(
            [MicrosoftType.primaryDNS, MicrosoftType.secondaryDNS],
            dnsServers.compactMap(\.ipv4)
        ) {
            reply.appendVendor(vendor: Vendor.microsoft, type: type, server)
        }
        for server in dnsServers where server.family == .ipv6 {
            reply.append(type: AttributeType.dnsServerIPv6Address, server.octets)
        }
        return unsafe reply.finish(requestAuthenticator: unsafe view.authenticator, secret: nas.secret.context)
    }

    private static func append(_ unit: IPPrefix, _ use: AddressPool.Use, to reply: inout ReplyWriter) {
        switch use {
        case .ipv4: reply.append(type: AttributeType.framedIPAddress, unit.address.ipv4 ?? 0)
        case .ipv6 where unit.length == 128: reply.append(type: AttributeType.framedIPv6Address, unit.address.octets)
        case .ipv6: reply.append(type: AttributeType.framedIPv6Prefix, encoded(unit))
        case .delegated: reply.append(type: AttributeType.delegatedIPv6Prefix, encoded(unit))
        }
    }

    /// RFC 3162 §2.3: a reserved octet, the length, and no more octets than the length needs.
    private static func encoded(_ unit: IPPrefix) -> [UInt8] {
        [0, UInt8(unit.length)] + unit.address.octets.prefix((unit.length + 7) / 8)
    }
}

/// Writes an Access-Reject with what the subscriber may know of its reason (RAD-13).
enum RejectReply {
    static func write(
        into room: UnsafeMutableRawBufferPointer,
        view: PacketView,
        nas: NASEntry,
        reason: RejectReason,
        login: CredentialChecker.Login
    ) -> Int {
        var reply = unsafe ReplyWriter(into: room, code: .accessReject, identifier: view.identifier)
        reason.message.withUTF8Buffer {
            unsafe reply.append(type: AttributeType.replyMessage, UnsafeRawBufferPointer($0))
        }
        login.appendFailure(to: &reply, reason: reason)
        reply.copyProxyState(from: view)
        return unsafe reply.finish(requestAuthenticator: unsafe view.authenticator, secret: nas.secret.context)
    }
}
