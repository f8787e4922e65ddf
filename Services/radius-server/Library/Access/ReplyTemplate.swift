import Domain
import Profiles

/// The attributes of a plan as one vendor understands them, encoded for copying into an Access-Accept (RAD-11, RAD-12).
struct ReplyTemplate {
    /// What the server encodes itself, less what the plan's own attributes took out.
    let own: [UInt8]
    /// What the plan's own attributes put behind it; left out where a reply has no room for it.
    let extras: [UInt8]
    /// What Class says of the speed, outside the walled garden and inside.
    private let openTerms: TermsDigest
    private let confinedTerms: TermsDigest

    init(_ plan: PlanRow, speed: SpeedProfile, for vendor: NASVendor) {
        let attributes = PlanAttributes(
            interimInterval: plan.interimInterval,
            idleTimeout: plan.idleTimeout,
            dnsServers: plan.dnsServers,
            addressList: plan.addressList,
            extras: plan.extras
        )
        (own, extras) = attributes.encoded(speed, for: vendor)
        openTerms = TermsDigest(speed, isConfined: false)
        confinedTerms = TermsDigest(speed, isConfined: true)
    }

    /// The terms that a reply with these attributes admits under.
    func terms(isConfined: Bool) -> TermsDigest { isConfined ? confinedTerms : openTerms }
}
