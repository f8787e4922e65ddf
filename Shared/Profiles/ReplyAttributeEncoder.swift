package import Domain
package import RADIUS

/// Why a reply attribute cannot be used.
package enum ReplyAttributeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The dictionary does not know it, or its value does not fit.
    case encoding(String)
    /// The server sets it itself; says what with.
    case owned(name: String, remedy: String)
    /// A value that takes several attributes cannot be told from others of its name.
    case severalAttributes(name: String)

    package var description: String {
        switch self {
        case .encoding(let text): text
        case .owned(let name, let remedy): "\(name): the server sets it itself\(remedy)"
        case .severalAttributes(let name): "\(name): a value of several attributes can only be removed by name"
        }
    }
}

/// Encodes reply attributes with a dictionary, once, when they are loaded or entered.
package struct ReplyAttributeEncoder: Sendable {
    private let codec: AttributeCodec

    /// An encoder of that dictionary. It has no secret: hidden attributes are refused, since every packet hides them anew.
    package init(_ dictionary: AttributeDictionary) {
        codec = AttributeCodec(dictionary)
    }

    /// The attribute as an operation.
    package func operation(_ attribute: ReplyAttribute) throws(ReplyAttributeError) -> ReplyOperation {
        if let remedy = OwnAttributes.remedy(
            try told { () throws(AttributeEncodingError) in try codec.path(attribute.name) }
        ) {
            throw .owned(name: attribute.name, remedy: remedy)
        }
        let encoded = try told { () throws(AttributeEncodingError) in
            attribute.value.isEmpty ? [] : try codec.encode(attribute.name, attribute.value)
        }
        if attribute.action == .remove, encoded.count > 1 { throw .severalAttributes(name: attribute.name) }
        let octets = encoded.flatMap { $0.encoded ?? [] }
        return ReplyOperation(
            action: attribute.action,
            vendor: attribute.vendor,
            pattern: try told { () throws(AttributeEncodingError) in try pattern(attribute, octets) },
            octets: octets
        )
    }

    private func told<Value>(
        _ body: () throws(AttributeEncodingError) -> Value
    ) throws(ReplyAttributeError) -> Value {
        do throws(AttributeEncodingError) { return try body() } catch { throw .encoding(error.description) }
    }

    /// What is only added takes nothing out, and may stand within a TLV.
    private func pattern(_ attribute: ReplyAttribute, _ octets: [UInt8]) throws(AttributeEncodingError)
        -> AttributePattern
    {
        if attribute.action == .add, let type = octets.first,
            let pattern = AttributePattern(placesAndOctets: [0, type])
        {
            return pattern
        }
        return try codec.pattern(attribute.name)
    }
}

/// Attributes that the server alone may put into a reply: they prove the packet, carry keys, or tell what the server decided
/// for this login.
enum OwnAttributes {
    /// Nil where an operator may set the attribute of these numbers; else what to do instead, or nothing.
    static func remedy(_ path: [UInt32]) -> String? {
        guard let type = path.first.flatMap(UInt8.init(exactly:)) else { return nil }
        if type == AttributeType.vendorSpecific {
            // Without vendor and number it could be any of them.
            guard path.count > 2 else { return "" }
            return path[1] == Vendor.microsoft && microsoft.contains(path[2]) ? "" : nil
        }
        switch type {
        case AttributeType.sessionTimeout: return ": plan set --session-timeout"
        case AttributeType.framedIPAddress: return ": service set --static-ipv4, or an address pool"
        case AttributeType.framedIPv6Prefix, AttributeType.framedIPv6Address:
            return ": service set --framed-ipv6-prefix, or a pool of prefixes"
        case AttributeType.delegatedIPv6Prefix: return ": service set --delegated-ipv6-prefix, or a pool of prefixes"
        case AttributeType.userPassword, AttributeType.chapPassword, AttributeType.state, AttributeType.class,
            AttributeType.proxyState, AttributeType.chapChallenge, AttributeType.eapMessage,
            AttributeType.messageAuthenticator:
            return ""
        default: return nil
        }
    }

    /// MS-CHAP's answers and keys (RFC 2548).
    private static let microsoft: Set<UInt32> = [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 16, 17, 25, 26, 27]
}
