import Domain
import Observability
import RADIUS

/// What is counted of a NAS, and what is turned away before any work.
extension AccessHandler {
    func goesBefore(_ bytes: UnsafeRawBufferPointer) -> Bool { unsafe GoingOn.isGoingOn(bytes) }

    /// Whether the datagram has waited so long that its NAS has given it up, or asks again behind it: an answer would be
    /// work for nobody. What asks whether the server lives is never too old.
    func isTooOld(_ datagram: Datagram) -> Bool {
        settings.staleAfter > 0 && datagram.waited > settings.staleAfter
            && (unsafe datagram.bytes.first) == PacketCode.accessRequest.rawValue
    }

    /// Leaves a packet unanswered that got no further than the gate.
    func turnAway(_ reason: RefusalReason, _ datagram: Datagram, _ nas: NASEntry, _ directory: Directory) {
        nas.live.counts.add(.accessRequests)
        refuse(reason, datagram, nas, directory)
    }

    func noteDuplicate(_ nas: NASEntry) {
        metrics.duplicates.add(1)
        nas.live.counts.add(.dupAccessRequests)
    }

    /// Notes what a new Access-Request carries: the NAS's posture.
    func observe(_ view: PacketView, _ datagram: Datagram, _ nas: NASEntry) {
        let counts = nas.live.counts
        nas.live.sight(datagram.source, wallTime: datagram.wallTime)
        counts.add(.logins)
        let isSigned = view.messageAuthenticatorOffset != nil
        if isSigned { counts.add(.signed) }
        if view.proxyStateCount > 0 {
            counts.add(.proxied)
            if !isSigned { counts.add(.proxiedUnsigned) }
        }
        if view.hasEAP {
            counts.add(.eap)
        } else if view.contains(AttributeType.userPassword) {
            counts.add(.pap)
        } else if view.contains(AttributeType.chapPassword) {
            counts.add(.chap)
        } else if view.contains(AttributeType.vendorSpecific), Self.hasMSCHAP(view) {
            counts.add(.mschap)
        }
    }

    private static func hasMSCHAP(_ view: PacketView) -> Bool {
        unsafe view.firstVendor(Vendor.microsoft, MicrosoftType.chap2Response) != nil
            || view.firstVendor(Vendor.microsoft, MicrosoftType.chapResponse) != nil
    }
}

extension NASCounts {
    /// Counts an Access-Request that is left unanswered, as RFC 4669 tells the reasons apart.
    func refuse(_ reason: RefusalReason) {
        switch reason {
        case .malformed: add(.malformedAccessRequests)
        case .unexpectedCode: add(.authUnknownTypes)
        case .badAuthenticator: add(.authBadAuthenticators)
        case .messageAuthenticatorMissing:
            add(.authPacketsDropped)
            add(.refusedUnsigned)
        case .proxyStateRefused:
            add(.authPacketsDropped)
            add(.refusedProxied)
        case .unknownNAS, .rateExceeded, .journalUnavailable, .eapOfOtherServer, .eapSessionsFull, .admissionUnanswered,
            .tooOld:
            add(.authPacketsDropped)
        }
    }

    /// Counts an Accounting-Request that is left unanswered, as RFC 4671 tells the reasons apart.
    func refuseAccounting(_ reason: RefusalReason) {
        switch reason {
        case .malformed: add(.malformedAccountingRequests)
        case .unexpectedCode: add(.accountingUnknownTypes)
        case .badAuthenticator: add(.accountingBadAuthenticators)
        default: add(.accountingPacketsDropped)
        }
    }

    /// Counts an answer by its code.
    func answer(_ octets: UnsafeRawBufferPointer) {
        switch unsafe octets.first.flatMap(PacketCode.init(rawValue:)) {
        case .accessAccept: add(.accessAccepts)
        case .accessReject: add(.accessRejects)
        case .accessChallenge: add(.accessChallenges)
        case .accountingResponse: add(.accountingResponses)
        default: break
        }
    }
}
