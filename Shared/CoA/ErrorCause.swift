/// Why a NAS refused, or what it did besides (RFC 5176 §3.5, RFC 5580 §4.5, IANA "Values for RADIUS Attribute 101").
package enum ErrorCause: UInt32, Hashable, Sendable, CaseIterable {
    // It was done.
    case residualSessionContextRemoved = 201
    case invalidEAPPacket = 202

    // The request is at fault.
    case unsupportedAttribute = 401
    case missingAttribute = 402
    case nasIdentificationMismatch = 403
    case invalidRequest = 404
    case unsupportedService = 405
    case unsupportedExtension = 406
    case invalidAttributeValue = 407

    // The NAS, or what lies before it, cannot or may not.
    case administrativelyProhibited = 501
    case requestNotRoutable = 502
    case sessionContextNotFound = 503
    case sessionContextNotRemovable = 504
    case otherProxyProcessingError = 505
    case resourcesUnavailable = 506
    case requestInitiated = 507
    case multipleSessionSelectionUnsupported = 508
    case locationInfoRequired = 509

    /// The name as the RFC has it, for people.
    package var name: String {
        switch self {
        case .residualSessionContextRemoved: "Residual Session Context Removed"
        case .invalidEAPPacket: "Invalid EAP Packet (Ignored)"
        case .unsupportedAttribute: "Unsupported Attribute"
        case .missingAttribute: "Missing Attribute"
        case .nasIdentificationMismatch: "NAS Identification Mismatch"
        case .invalidRequest: "Invalid Request"
        case .unsupportedService: "Unsupported Service"
        case .unsupportedExtension: "Unsupported Extension"
        case .invalidAttributeValue: "Invalid Attribute Value"
        case .administrativelyProhibited: "Administratively Prohibited"
        case .requestNotRoutable: "Request Not Routable (Proxy)"
        case .sessionContextNotFound: "Session Context Not Found"
        case .sessionContextNotRemovable: "Session Context Not Removable"
        case .otherProxyProcessingError: "Other Proxy Processing Error"
        case .resourcesUnavailable: "Resources Unavailable"
        case .requestInitiated: "Request Initiated"
        case .multipleSessionSelectionUnsupported: "Multiple Session Selection Unsupported"
        case .locationInfoRequired: "Location-Info-Required"
        }
    }
}

/// A NAK: the NAS is there and says no.
package struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The number as it came; nil where the NAS gave none, as it may (RFC 5176 §3.5).
    package let number: UInt32?

    package init(number: UInt32?) { self.number = number }

    package init(_ cause: ErrorCause) { number = cause.rawValue }

    /// The cause, where it is one that we know.
    package var cause: ErrorCause? { number.flatMap(ErrorCause.init(rawValue:)) }

    /// For a metric's label: the number of a cause that we know, `none` or `other`.
    package var label: String { cause.map { String($0.rawValue) } ?? (number == nil ? "none" : "other") }

    package var description: String {
        guard let number else { return "refused without Error-Cause" }
        return "refused with Error-Cause \(number)" + (cause.map { ", \($0.name)" } ?? "")
    }
}
