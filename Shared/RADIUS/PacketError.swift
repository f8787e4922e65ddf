/// Why octets are no RADIUS packet. Whoever sent them gets no answer (RFC 2865 §3: silently discarded).
package enum PacketError: String, Error, Sendable, CaseIterable {
    /// Fewer octets than a header has.
    case tooShort = "too_short"
    /// The Length field is below 20, or above the 4096 that RFC 2865 §3 allows.
    case lengthOutOfRange = "length_out_of_range"
    /// The Length field promises more octets than arrived.
    case truncated = "truncated"
    /// An attribute whose own length is below 2 or reaches beyond the packet.
    case malformedAttribute = "malformed_attribute"
    /// A Message-Authenticator that is not 16 octets long.
    case malformedMessageAuthenticator = "malformed_message_authenticator"
    /// More than one Message-Authenticator (RFC 3579 §3.2).
    case repeatedMessageAuthenticator = "repeated_message_authenticator"
    /// EAP-Message attributes with others between them (RFC 3579 §3.1).
    case scatteredEAPMessage = "scattered_eap_message"
}
