package import Domain
import Persistence

/// What a caller can be told no for. What each means over HTTP stands in this module's README.
package enum IdentityRefusal: Error, Hashable, Sendable {
    /// No such account, or another password; nobody learns which.
    case badCredentials
    /// The password is right, and a code is wanted.
    case secondFactorRequired
    /// The same of who can have a code sent.
    case secondFactorChoice(SecondFactorChoice)
    /// The password is right, and the code is not, or was used before.
    case wrongCode
    /// The account is shut; told to who has shown the password.
    case disabled
    /// Nobody of the tenant, or of one above it, signs in.
    case tenantInactive
    /// Too many failures on the account. Told for accounts that do not exist alike.
    case locked(until: Timestamp)
    /// After failures, an attempt must bring the solution of this challenge; nothing else of it was looked at.
    case challengeRequired(LoginChallenge)
    /// Too many attempts from the address.
    case throttled(until: Timestamp)
    /// The password threads have no room: nothing was checked.
    case busy
    /// A token, key or link that is malformed, forged, used or over.
    case invalidToken
    /// A refresh token came a second time: its session is over.
    case tokenReused
    /// Only who has signed in may do that: no key.
    case sessionRequired
    /// A permission or a rank is missing. Never `outOfReach`: what somebody cannot reach is `notFound`.
    case forbidden(ManagementRefusal)
    case notFound
    /// Somebody else changed it meanwhile.
    case versionChanged
    /// Taken already, or still or not referred to: the field.
    case conflict(String)
    case invalid(ValidationError)
    /// What a person would mend; never empty.
    case weakPassword([PasswordPolicy.Problem])
    /// More than one may have of them: which.
    case tooMany(String)
    /// Nobody who knows can be asked, or no key may sign.
    case unavailable

    /// The refusal that a repository's stands for; nil for what is not the caller's fault.
    init?(_ error: PersistenceError) {
        switch error {
        case .notFound: self = .notFound
        case .versionChanged: self = .versionChanged
        case .alreadyExists(let constraint), .stillReferenced(let constraint), .refused(let constraint):
            self = .conflict(Self.fields[constraint] ?? constraint)
        case .notBootstrapped, .wrongKeyring: return nil
        }
    }

    /// What a constraint is called outside.
    private static let fields = [
        "users_email": "email", "users_tenant_id_customer_id_fkey": "customer_id", "users_totp": "totp",
    ]

    /// The refusal that a rule about accounts stands for.
    init(_ refusal: ManagementRefusal) {
        self = refusal == .outOfReach ? .notFound : .forbidden(refusal)
    }
}
