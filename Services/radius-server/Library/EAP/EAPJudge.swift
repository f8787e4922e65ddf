import Domain
import RADIUS

/// Judges what an EAP peer claims by the same rules as any other login. Confined to one thread.
struct EAPJudge {
    typealias Question = EAPAnswerer.Question

    let checker: CredentialChecker
    /// A password of nobody, so that an unknown name takes as long as a known one.
    private static let nobody = Array("no account has this".utf8)

    init(checker: CredentialChecker) { self.checker = checker }

    /// Whom a name means in the NAS's tenant.
    func find(_ account: [UInt8], _ question: Question) -> CredentialChecker.Subject {
        unsafe account.withUnsafeBytes {
            unsafe checker.find($0, tenant: question.nas.tenant, directory: question.directory)
        }
    }

    /// What the rules look at; the credential counts as missing until somebody checked it.
    func facts(of subject: CredentialChecker.Subject, _ question: Question) -> AccessFacts {
        checker.facts(of: subject, tenant: question.nas.tenant, directory: question.directory)
    }

    /// The verdict on a claim, and the reason of a refusal: a method that can tell the peer does.
    func judge(
        _ claim: EAPClaim,
        _ identity: [UInt8],
        _ question: Question
    ) -> (EAPVerdict, RejectReason?) {
        let account = claim.name ?? identity
        let subject = find(account, question)
        var facts = facts(of: subject, question)
        let (credential, proof) = check(claim, account, subject, question)
        facts.credential = credential
        switch (decideAccess(facts, now: question.wallTime), proof) {
        case (.accept, .some(let proof)): return (.admitted(proof), nil)
        // Nothing matches without a proof; what has none is refused whatever else may say.
        case (.accept, nil): return (.refused(.authenticationFailure, message: ""), .wrongPassword)
        case (.reject(let reason), _):
            return (.refused(Self.code(of: reason), message: "\(reason.message)"), reason)
        }
    }

    private func check(
        _ claim: EAPClaim,
        _ account: [UInt8],
        _ subject: CredentialChecker.Subject,
        _ question: Question
    ) -> (CredentialCheck, EAPProof?) {
        guard let index = subject.index else {
            _ = claim.proof(password: Self.nobody)
            return (.missing, nil)
        }
        let password: [UInt8]
        if subject.isMAC {
            // A device proves itself by its address as password, in the spelling of its name.
            let isDevice = unsafe account.withUnsafeBytes {
                unsafe CredentialChecker.isDevice($0, of: question.view)
            }
            guard isDevice else { return (.otherDevice, nil) }
            password = account
        } else {
            password =
                unsafe question.directory.subscribers.withPassword(index) { unsafe $0.map { unsafe Array($0) } } ?? []
        }
        // An empty password is none.
        guard !password.isEmpty else { return (.missing, nil) }
        guard let proof = claim.proof(password: password) else { return (.differs, nil) }
        return (.matches, proof)
    }

    /// What a peer reads as E= (RFC 2759 §6). An expired service is no expired password, for which a peer would ask its
    /// user for a new one.
    private static func code(of reason: RejectReason) -> MSCHAP.Failure {
        switch reason {
        case .serviceSuspended, .customerSuspended, .serviceTerminated, .customerTerminated, .servicePending,
            .serviceExpired, .quotaExhausted, .tenantInactive:
            .accountDisabled
        default: .authenticationFailure
        }
    }
}
