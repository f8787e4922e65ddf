import Billing
import Concurrency
import Domain
import HTTPServer
import Identity
import Observability
import Persistence
import WireFormat

/// The one place where an error becomes what a client reads. What is nobody's fault outside is logged here, and nowhere else.
struct ErrorMapper: Sendable {
    let logger: Logger
    let time: TimeSource
    /// Nil where nothing is counted: a part of a request that failed by itself.
    var metrics: GatewayMetrics?

    func problem(_ error: any Error, _ request: Request) -> Problem {
        if let problem = known(error) { return problem }
        switch StorageFault(ofDatabase: error) {
        case .conflict(let reason):
            log(.info, "request met a rival", reason, request)
            return .unavailable("Somebody else changed the same things. Try again.")
        case .refused(let reason):
            log(.warn, "request refused by the database", reason, request)
            return Problem.invalid("body", "holds a value that cannot be stored")
        case .outage(let reason):
            log(.warn, "request failed by an outage", reason, request)
            return .unavailable()
        case .broken, .tooLarge, nil: break
        }
        log(.error, "request failed", String(describing: error), request)
        return Problem(.internalServerError, code: "internal_error", detail: "Something broke. It has been noted.")
    }

    private func known(_ error: any Error) -> Problem? {
        switch error {
        case let error as IdentityRefusal: problem(error)
        case is TenantBusy, is CombinerFull: busy()
        case let error as ListTooWide: tooWide(error)
        case let error as ListError: .invalid(error.parameter, error.reason)
        case let error as ValidationError: .invalid(error.fields.map(Self.detail))
        case let error as VersionConflict: .versionChanged(error.current)
        case let error as CredentialError: Self.problem(error)
        case let error as ErasureRefusal: Self.problem(error)
        case let error as DeviceDependents: .conflict("still_referenced", "\(error).")
        case let error as WebhookRefusal: .conflict(error.code, "\(error).")
        case let error as CommissionRefusal: Self.problem(error)
        case let error as PayoutRefusal: Self.problem(error)
        case let error as PersistenceError: Self.problem(error)
        case let error as TenancyError: Self.problem(error)
        case let error as MoneyLeft: Self.problem(error)
        case let error as PaymentRefusal: MoneyProblems.problem(error)
        case let error as AdjustmentRefusal: MoneyProblems.problem(error)
        case let error as CashShift.Refusal: MoneyProblems.problem(error)
        case let error as SubscriptionRefusal: SubscriptionProblems.problem(error)
        case let error as Boost.Refusal: BoostProblems.problem(error)
        case is JSONError:
            Problem(.badRequest, code: "malformed_json", detail: "The body is no JSON of this operation.")
        case is CancellationError: .unavailable("The request took too long.")
        default: nil
        }
    }

    private func log(_ level: LogLevel, _ message: StaticString, _ reason: String, _ request: Request) {
        logger.log(
            level,
            message,
            [
                "error": .string(reason), "http.method": .string(request.method.name),
                "http.route": .string(request.route), "request_id": .string(request.id),
            ]
        )
    }

    // MARK: - By kind

    private static func detail(_ field: InvalidField) -> Problem.Detail {
        let code =
            switch field.problem {
            case .missing: "missing"
            case .tooLong: "too_long"
            case .outOfRange: "out_of_range"
            case .malformed: "malformed"
            case .conflicts: "conflicts"
            }
        let text = field.description
        let message = text.hasPrefix(field.field + " ") ? String(text.dropFirst(field.field.count + 1)) : text
        return Problem.Detail(field: "/" + field.field, code: code, message: message)
    }

    private func busy() -> Problem {
        metrics?.limited("connections")
        return .tooMany("Too many requests of your tenant are under way at once.", retryAfter: 1)
    }

    private func tooWide(_ error: ListTooWide) -> Problem {
        metrics?.limited("reading")
        var problem = Problem.unavailable(
            "Reading that took longer than \(error.limit.components.seconds) s. Ask without count, or for less of it: a filter by "
                + error.narrowing.joined(separator: ", ") + "."
        )
        problem.code = "list_too_wide"
        problem.headers["retry-after"] = "10"
        return problem
    }

    private static func problem(_ error: CredentialError) -> Problem {
        switch error {
        case .exists: .conflict("credential_exists", "The service has a password already: rotate it.")
        case .absent: .conflict("credential_absent", "The service has no password.")
        case .alreadyRevealed: .conflict("already_revealed", "The password was told once already: rotate it.")
        }
    }

    private static func problem(_ error: ErasureRefusal) -> Problem {
        switch error {
        case .erased:
            .conflict("customer_erased", "The customer was erased: nothing of him can be changed or shown again.")
        case .hasServices: .conflict("customer_in_use", "A service of his is not terminated: terminate it first.")
        case .hasSessions: .conflict("customer_in_use", "A session of his is open: end it first.")
        case .reasonNamesHim:
            .invalid("/reason", "is kept, and holds something by which the customer is known", code: "names_person")
        case .trailBroken(let number):
            .conflict("audit_broken", "Entry \(number) of the audit trail was changed: run nexora audit verify first.")
        }
    }

    private static func problem(_ error: CommissionRefusal) -> Problem {
        switch error {
        case .aboveLimit(let limit):
            .invalid(
                "/rate_percent",
                "is more than you, or somebody between, have: \(limit) at most",
                code: "above_limit"
            )
        case .inThePast: .invalid("/valid_from", "must not lie in the past", code: "in_the_past")
        }
    }

    private static func problem(_ error: PayoutRefusal) -> Problem {
        switch error {
        case .status(let status): .conflict("payout_state", "It is \(status.rawValue).")
        case .ownRequest:
            Problem(.forbidden, code: "own_request", detail: "Somebody else decides about what you asked for.")
        case .notOwn: Problem(.forbidden, code: "not_own_request", detail: "Only who asked for it takes it back.")
        }
    }

    private static func problem(_ error: TenancyError) -> Problem {
        switch error {
        case .versionConflict(let current): .versionChanged(current)
        case .notBelow: .forbidden
        case .deletionPending, .hasTenantsBelow, .deletionNotDue: .conflict("tenant_state", error.description)
        case .waitingTooShort: .invalid("/waiting_days", error.description)
        }
    }

    private static func problem(_ error: MoneyLeft) -> Problem {
        switch error {
        case .inWallet: .conflict("wallet_not_empty", error.description)
        case .unpaidBills: .conflict("unpaid_bills", error.description)
        }
    }

    private static func problem(_ error: PersistenceError) -> Problem? {
        switch error {
        case .notFound: .notFound
        case .versionChanged: .versionChanged(nil)
        case .alreadyExists(let constraint):
            .conflict("duplicate_entry", "There is one like it already.", field: constraint)
        case .stillReferenced(let constraint):
            .conflict(
                "still_referenced",
                "Other things refer to it, or it refers to what is not there.",
                field: constraint
            )
        case .refused("customers_erased"): problem(ErasureRefusal.erased)
        case .refused(let constraint) where LicenceLimit(constraint: constraint) != nil:
            .conflict("licence_exceeded", "The licence allows no more of them.", field: constraint)
        case .refused(let constraint): .invalid("/", "breaks the rule \(constraint)", code: "refused")
        case .notBootstrapped: .unavailable("There is no operator yet.")
        case .wrongKeyring: nil
        }
    }

    private func problem(_ refusal: IdentityRefusal) -> Problem {
        switch refusal {
        case .badCredentials: Self.denied("bad_credentials", "No account has this e-mail address and password.")
        case .secondFactorRequired: Self.denied("second_factor_required", "A code of your authenticator is needed.")
        case .secondFactorChoice(let choice): Self.choice(choice)
        case .wrongCode: Self.denied("wrong_code", "The code is wrong, or was used before.")
        case .disabled: Problem(.forbidden, code: "disabled", detail: "The account is shut.")
        case .tenantInactive: Problem(.forbidden, code: "tenant_inactive", detail: "The tenant is not active.")
        case .locked(let until): wait(until, "Too many failures on this account.")
        case .challengeRequired(let challenge): Self.challenge(challenge)
        case .throttled(let until): wait(until, "Too many attempts from this address.")
        case .busy: .unavailable("Too many people sign in at once. Try again.")
        case .invalidToken: .unauthorized
        case .tokenReused: Self.denied("token_reused", "The token was used before: the session has ended.")
        case .sessionRequired: Problem(.forbidden, code: "session_required", detail: "An API key cannot do that.")
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .versionChanged: .versionChanged(nil)
        case .conflict(let field): .conflict("duplicate_entry", "There is one like it already.", field: "/" + field)
        case .invalid(let error): .invalid(error.fields.map(Self.detail))
        case .weakPassword(let problems):
            .invalid(
                problems.map { Problem.Detail(field: "/password", code: "weak_password", message: $0.description) }
            )
        case .tooMany(let what): .conflict("too_many", "There are as many of them as there may be: \(what).")
        case .unavailable: .unavailable()
        }
    }

    private static func denied(_ code: String, _ detail: String) -> Problem {
        var problem = Problem.unauthorized
        problem.code = code
        problem.detail = detail
        return problem
    }

    /// The challenge stands in a member of its own, as ALTCHA's clients read it.
    private static func challenge(_ challenge: LoginChallenge) -> Problem {
        var json = JSONWriter()
        json.beginObject()
        json.pair("algorithm", LoginChallenge.algorithm)
        json.pair("challenge", challenge.challenge)
        json.pair("maxnumber", challenge.maximum)
        json.pair("salt", challenge.salt)
        json.pair("signature", challenge.signature)
        json.endObject()
        var problem = Problem(
            .forbidden,
            code: "challenge_required",
            detail: "After so many failures an attempt must bring the solution of a challenge."
        )
        problem.extensions["challenge"] = json.finish()
        return problem
    }

    /// The ways stand in a member of their own, the one that is offered first at its head; `pending` is brought back.
    private static func choice(_ choice: SecondFactorChoice) -> Problem {
        var json = JSONWriter()
        json.beginObject()
        json.key("factors")
        json.beginArray()
        if choice.hasTOTP { write("totp", nil, &json) }
        for way in choice.ways { write(way.rawValue, choice.hints[way], &json) }
        json.endArray()
        json.pair("pending", choice.pending)
        json.endObject()
        var problem = denied("second_factor_required", "A second factor is needed: a code that is sent to you is one.")
        problem.extensions["second_factor"] = json.finish()
        return problem
    }

    private static func write(_ kind: String, _ hint: String?, _ json: inout JSONWriter) {
        json.beginObject()
        json.pair("kind", kind)
        if let hint { json.pair("hint", hint) }
        json.endObject()
    }

    private func wait(_ until: Timestamp, _ detail: String) -> Problem {
        .tooMany(detail, retryAfter: Int((until.microseconds - time.now().microseconds + 999_999) / 1_000_000))
    }
}
