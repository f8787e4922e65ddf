import Domain
import Events
import Profiles
import RADIUS

/// Says of each attribute of an answer where its value comes from: the first level that knows it. A new source of
/// attributes is one more level, in the place that it has when the answer is written: what overrides comes first.
enum AttributeOrigins {
    struct AttributeID: Hashable {
        /// 0 for what RFCs define.
        var vendor: UInt32 = 0
        var type: UInt8

        init(vendor: UInt32 = 0, type: UInt8) {
            self.vendor = vendor
            self.type = type
        }

        /// The first of some encoded attributes; nil without one.
        init?(first octets: [UInt8]) {
            guard let type = octets.first else { return nil }
            self.init(type: type)
            guard type == AttributeType.vendorSpecific, octets.count > 6 else { return }
            vendor = octets[2..<6].reduce(0) { $0 << 8 | UInt32($1) }
            self.type = octets[6]
        }
    }

    typealias Level = @Sendable (_ attribute: AttributeID, _ outcome: TrialOutcome) -> ValueSource?

    static let levels: [Level] = [ofRequest, ofExtras, ofService, ofNAS, ofPools, ofPlan, ofServer, ofTemplate]

    static func source(of attribute: AttributeID, _ outcome: TrialOutcome) -> ValueSource {
        for level in levels {
            if let source = level(attribute, outcome) { return source }
        }
        return ValueSource("server")
    }

    // MARK: - Levels

    @Sendable private static func ofRequest(_ attribute: AttributeID, _ outcome: TrialOutcome) -> ValueSource? {
        let method = ValueSource("request", name: "method \(outcome.method.name)")
        guard attribute.vendor == Vendor.microsoft else { return nil }
        switch attribute.type {
        case MicrosoftType.chap2Success, MicrosoftType.chapMPPEKeys, MicrosoftType.mppeSendKey,
            MicrosoftType.mppeReceiveKey, MicrosoftType.mppeEncryptionPolicy, MicrosoftType.mppeEncryptionTypes:
            return method
        default: return nil
        }
    }

    /// What a service, a NAS or a plan adds, the last writer first.
    @Sendable private static func ofExtras(_ attribute: AttributeID, _ outcome: TrialOutcome) -> ValueSource? {
        func isPut(by operations: [ReplyOperation]) -> Bool {
            operations.contains {
                $0.action != .remove && $0.concerns(outcome.nas.vendor) && AttributeID(first: $0.octets) == attribute
            }
        }
        if !outcome.isConfined, isPut(by: outcome.origins.extras) { return outcome.service("extra attribute") }
        if isPut(by: outcome.nas.extras) { return outcome.nasSource("extra attribute") }
        return isPut(by: outcome.templateRow?.extras ?? []) ? outcome.templateSource("extra attribute") : nil
    }

    @Sendable private static func ofService(_ attribute: AttributeID, _ outcome: TrialOutcome) -> ValueSource? {
        guard attribute.vendor == 0 else { return nil }
        let prefixes = outcome.origins.prefixes
        let hasOwn =
            switch attribute.type {
            case AttributeType.framedIPAddress: outcome.origins.service?.staticIPv4 ?? 0 != 0
            case AttributeType.framedIPv6Prefix: prefixes?.framed != nil
            case AttributeType.delegatedIPv6Prefix: prefixes?.delegated != nil
            default: false
            }
        return hasOwn ? outcome.service("static address") : nil
    }

    @Sendable private static func ofNAS(_ attribute: AttributeID, _ outcome: TrialOutcome) -> ValueSource? {
        guard let use = poolNameUse(attribute), outcome.nas.poolNames[use] != nil else { return nil }
        return outcome.nasSource("\(use.name) pool")
    }

    @Sendable private static func ofPools(_ attribute: AttributeID, _ outcome: TrialOutcome) -> ValueSource? {
        let use: AddressPool.Use
        switch (attribute.vendor, attribute.type) {
        case (0, AttributeType.framedIPAddress): use = .ipv4
        case (0, AttributeType.framedIPv6Prefix), (0, AttributeType.framedIPv6Address): use = .ipv6
        case (0, AttributeType.delegatedIPv6Prefix): use = .delegated
        case (0, AttributeType.dnsServerIPv6Address): return outcome.poolOfServers
        case (Vendor.microsoft, MicrosoftType.primaryDNS), (Vendor.microsoft, MicrosoftType.secondaryDNS):
            return outcome.templateRow?.dnsServers.isEmpty == false ? nil : outcome.poolOfServers
        default: return nil
        }
        return outcome.poolSource(use)
    }

    @Sendable private static func ofPlan(_ attribute: AttributeID, _ outcome: TrialOutcome) -> ValueSource? {
        if let use = poolNameUse(attribute) { return outcome.planSource("\(use.name) pool", isAdvanced: true) }
        if isOfQuota(attribute, outcome) { return outcome.planSource("quotas, by what is left") }
        switch (attribute.vendor, attribute.type) {
        case (0, AttributeType.acctInterimInterval): return outcome.templateSource("interim_interval")
        case (0, AttributeType.idleTimeout): return outcome.templateSource("idle_timeout")
        case (0, AttributeType.sessionTimeout): return outcome.sessionTimeSource
        case (Vendor.microsoft, MicrosoftType.primaryDNS), (Vendor.microsoft, MicrosoftType.secondaryDNS):
            return outcome.templateSource("dns_servers", isAdvanced: true)
        case (Vendor.mikrotik, MikroTikAttribute.addressList):
            return outcome.templateSource("address_list", isAdvanced: true)
        case (0, _), (Vendor.microsoft, _): return nil
        // All that vendors' templates hold beside is the speed in their words.
        default:
            let throttle = outcome.throttle
            let usual = outcome.origins.boostPlan == nil ? "speed" : "boosted speed"
            let speed = throttle == 0 ? usual : "throttled speed of quota \(throttle)"
            return outcome.templateSource("\(speed), for \(outcome.nas.vendor.rawValue)")
        }
    }

    /// Whether what is left of a quota made the attribute what it is.
    private static func isOfQuota(_ attribute: AttributeID, _ outcome: TrialOutcome) -> Bool {
        guard let bounds = outcome.bounds else { return false }
        switch (attribute.vendor, attribute.type) {
        case (0, AttributeType.acctInterimInterval):
            return bounds.interim.map { $0 < outcome.plan?.row?.interimInterval ?? 0 } ?? false
        case (0, AttributeType.sessionTimeout):
            guard let seconds = bounds.seconds, case .accept(let own, _) = outcome.decision else { return false }
            return seconds < own ?? .max
        default: return VendorVolume.isVolume(vendor: attribute.vendor, type: attribute.type)
        }
    }

    @Sendable private static func ofServer(_ attribute: AttributeID, _ outcome: TrialOutcome) -> ValueSource? {
        guard attribute.vendor == 0 else { return nil }
        switch attribute.type {
        case AttributeType.class: return ValueSource("server", name: "admission, drawn anew at each login")
        case AttributeType.replyMessage: return ValueSource("server", name: "the reason's text")
        default: return nil
        }
    }

    /// What the plan's attributes for the NAS's vendor hold beside its values.
    @Sendable private static func ofTemplate(_ attribute: AttributeID, _ outcome: TrialOutcome) -> ValueSource? {
        ValueSource("template", id: outcome.templateRow?.id, name: outcome.nas.vendor.rawValue)
    }

    private static func poolNameUse(_ attribute: AttributeID) -> AddressPool.Use? {
        switch (attribute.vendor, attribute.type) {
        case (0, AttributeType.framedPool): .ipv4
        case (0, AttributeType.framedIPv6Pool): .ipv6
        case (0, AttributeType.delegatedIPv6PrefixPool): .delegated
        default: nil
        }
    }
}

/// The rows behind an outcome as sources.
extension TrialOutcome {
    func tenantSource(_ setting: String) -> ValueSource {
        ValueSource("tenant", id: origins.tenant.id, version: origins.tenant.version, name: setting)
    }

    func nasSource(_ setting: String) -> ValueSource {
        ValueSource("nas", id: nas.id, version: nas.version, name: "\(nas.name): \(setting)")
    }

    func service(_ setting: String) -> ValueSource {
        ValueSource("service", id: origins.service?.serviceID, version: origins.service?.version ?? 0, name: setting)
    }

    func customer(_ setting: String) -> ValueSource {
        // The row's version is among those of the service's: they are loaded together.
        ValueSource("customer", id: origins.service?.customerID, name: setting)
    }

    /// Of the plan under which it comes in.
    func planSource(_ setting: String, isAdvanced: Bool = false) -> ValueSource {
        ValueSource(
            isAdvanced ? "plan_advanced" : "plan",
            id: plan?.row?.id ?? origins.planID,
            version: plan?.row?.version ?? 0,
            name: setting
        )
    }

    /// The plan whose attributes the reply has: that under which it comes in, unless a boost lends another's.
    var templateRow: PlanRow? { origins.boostPlan ?? plan?.row }

    func templateSource(_ setting: String, isAdvanced: Bool = false) -> ValueSource {
        guard let boost = origins.boostPlan else { return planSource(setting, isAdvanced: isAdvanced) }
        return ValueSource(isAdvanced ? "plan_advanced" : "plan", id: boost.id, version: boost.version, name: setting)
    }

    /// The position of the quota whose speeds it gets; 0 for the plan's own.
    var throttle: UInt8 { isConfined ? 0 : origins.service?.restriction.throttle(at: at.microseconds) ?? 0 }

    func poolSource(_ use: AddressPool.Use) -> ValueSource? {
        guard let row = poolRows[Int(use.rawValue)] else { return nil }
        return ValueSource("pool", id: row.pool.id.value, version: row.version, name: row.pool.name)
    }

    /// Who names the pool of this use.
    func poolNamer(_ use: AddressPool.Use) -> ValueSource {
        nas.poolNames[use] != nil ? nasSource("\(use.name) pool") : planSource("\(use.name) pool", isAdvanced: true)
    }

    fileprivate var poolOfServers: ValueSource? {
        let use = AddressPool.Use.allCases.first { poolRows[Int($0.rawValue)]?.pool.dnsServers.isEmpty == false }
        return use.flatMap { use in
            poolSource(use).map { ValueSource("pool", id: $0.id, version: $0.version, name: "\($0.name): dns_servers") }
        }
    }

    /// What ends the session: the sooner of plan and service, and the garden's own.
    var sessionTimeSource: ValueSource {
        guard case .accept(let seconds, let confined) = decision else { return ValueSource("server") }
        if confined != nil { return ValueSource("server", name: "the walled garden's sessions") }
        return seconds == facts.planSessionTimeout ? planSource("session_timeout") : service("expires_at")
    }
}
