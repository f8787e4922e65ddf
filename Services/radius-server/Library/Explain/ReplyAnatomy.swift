import Admission
import Domain
import Events
import RADIUS

/// Takes an answer apart: every attribute by name, with where it comes from. Secrets are left out.
struct ReplyAnatomy: Sendable {
    private let codec: AttributeCodec

    init(_ dictionary: AttributeDictionary) { codec = AttributeCodec(dictionary) }

    /// The attributes of the answer that the login would get.
    func attributes(
        _ outcome: TrialOutcome,
        _ verdict: FinalVerdict,
        _ preview: AdmissionView.Preview?
    ) -> [ExplainedAttribute] {
        switch verdict {
        case .reject(let reason):
            let isEAP = outcome.method == .eapMD5 || outcome.method == .eapMSCHAPv2
            guard !isEAP else { return [] }
            let source = AttributeOrigins.source(of: .init(type: AttributeType.replyMessage), outcome)
            return [ExplainedAttribute("Reply-Message", "\(reason.message)", source)]
        case .accept: return accepted(outcome, preview)
        }
    }

    /// The answer's attributes as text, without what admission gives: for comparing two answers.
    func lines(_ outcome: TrialOutcome) -> [String] {
        decoded(outcome.begun, outcome).map { "\($0.name) = \($0.value)" }
    }

    /// What the service has for good.
    func ownAddress(_ use: AddressPool.Use, _ outcome: TrialOutcome) -> String? {
        let (type, value): (UInt8, [UInt8]?) =
            switch use {
            case .ipv4:
                (
                    AttributeType.framedIPAddress,
                    outcome.origins.service.flatMap { $0.staticIPv4 == 0 ? nil : IPAddress(ipv4: $0.staticIPv4).octets }
                )
            case .ipv6: (AttributeType.framedIPv6Prefix, outcome.origins.prefixes?.framed)
            case .delegated: (AttributeType.delegatedIPv6Prefix, outcome.origins.prefixes?.delegated)
            }
        return value.flatMap { codec.decode([Attribute(type, $0)]).first?.text }
    }

    // MARK: - Private

    private func accepted(_ outcome: TrialOutcome, _ preview: AdmissionView.Preview?) -> [ExplainedAttribute] {
        var units: [(use: AddressPool.Use, unit: IPPrefix)] = []
        var open: [ExplainedAttribute] = []
        if case .admitted(let admission) = preview {
            for use in AddressPool.Use.allCases {
                guard let pool = outcome.pools[Int(use.rawValue)] else { continue }
                switch admission.units[Int(use.rawValue)] {
                case .same(let offset), .longestIdle(let offset): units.append((use, pool.unit(offset)))
                case .anyFree: open.append(anyFree(use, pool, outcome))
                case nil: continue
                }
            }
        }
        let whole = outcome.packet.isEmpty ? [] : finish(outcome, units)
        return decoded(whole, outcome) + open
    }

    private func anyFree(_ use: AddressPool.Use, _ pool: AddressPool, _ outcome: TrialOutcome) -> ExplainedAttribute {
        let name =
            switch use {
            case .ipv4: "Framed-IP-Address"
            case .ipv6: pool.unitLength == 128 ? "Framed-IPv6-Address" : "Framed-IPv6-Prefix"
            case .delegated: "Delegated-IPv6-Prefix"
            }
        let source = outcome.poolSource(use) ?? ValueSource("pool")
        return ExplainedAttribute(name, "any that is free in \(pool.range)", source)
    }

    /// The whole answer, written by the code that writes it for NASes.
    private func finish(_ outcome: TrialOutcome, _ units: [(use: AddressPool.Use, unit: IPPrefix)]) -> [UInt8] {
        var reply = outcome.begun + [UInt8](repeating: 0, count: max(0, PacketView.maximumLength - outcome.begun.count))
        let names = outcome.plan?.row?.dnsServers.isEmpty != false
        let servers = names ? outcome.poolRows.compactMap { $0?.pool.dnsServers }.flatMap { $0 } : []
        let length = unsafe outcome.packet.withUnsafeBytes { octets -> Int in
            guard let view = try? unsafe PacketView(validating: octets) else { return 0 }
            return unsafe reply.withUnsafeMutableBytes { room in
                unsafe AcceptReply.finish(
                    room,
                    length: outcome.begun.count,
                    view: view,
                    nas: outcome.nas,
                    units: units,
                    dnsServers: servers
                )
            }
        }
        return Array(reply[..<length])
    }

    private func decoded(_ octets: [UInt8], _ outcome: TrialOutcome) -> [ExplainedAttribute] {
        guard octets.count > 20 else { return [] }
        // What is begun has no length of its own yet.
        var whole = octets
        (whole[2], whole[3]) = (UInt8(octets.count >> 8), UInt8(octets.count & 255))
        guard let packet = try? Packet(parsing: whole) else { return [] }
        return packet.attributes.filter { $0.type != AttributeType.messageAuthenticator }.flatMap { attribute in
            let id = AttributeOrigins.AttributeID(attribute)
            let source = AttributeOrigins.source(of: id, outcome)
            if let name = nameOfSecret(id) { return [ExplainedAttribute(name, "(not shown)", source)] }
            return codec.decode([attribute]).map { ExplainedAttribute($0.name, text($0, attribute), source) }
        }
    }

    /// The name of an attribute whose value proves or protects something.
    private func nameOfSecret(_ id: AttributeOrigins.AttributeID) -> String? {
        let path =
            id.vendor == 0 ? [UInt32(id.type)] : [UInt32(AttributeType.vendorSpecific), id.vendor, UInt32(id.type)]
        let known = codec.dictionary.attribute(at: path)
        let isHidden = known.map { $0.hiding != .none || $0.flags.contains(.secret) } ?? false
        guard isHidden || Self.secrets.contains(id) else { return nil }
        return known?.name ?? AttributeDictionary.text(of: path)
    }

    private func text(_ pair: AttributePair, _ attribute: Attribute) -> String {
        guard attribute.type == AttributeType.class,
            let ours = unsafe attribute.value.withUnsafeBytes({ unsafe AdmissionClass($0) })
        else { return pair.text }
        return "decision version \(ours.decisionVersion), service \(ours.serviceID)"
    }

    /// Secret whatever a dictionary says of them.
    private static let secrets: Set<AttributeOrigins.AttributeID> = [
        .init(type: AttributeType.eapMessage), .init(vendor: Vendor.microsoft, type: MicrosoftType.chap2Success),
        .init(vendor: Vendor.microsoft, type: MicrosoftType.chapMPPEKeys),
        .init(vendor: Vendor.microsoft, type: MicrosoftType.mppeSendKey),
        .init(vendor: Vendor.microsoft, type: MicrosoftType.mppeReceiveKey),
    ]
}

extension AttributeOrigins.AttributeID {
    init(_ attribute: Attribute) {
        guard attribute.type == AttributeType.vendorSpecific, attribute.value.count > 4 else {
            self.init(type: attribute.type)
            return
        }
        let vendor = attribute.value[..<4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        self.init(vendor: vendor, type: attribute.value[4])
    }
}
