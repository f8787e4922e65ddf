package import Domain

/// What an installation decides about accounts.
package struct AccountPolicy: Sendable {
    package var limits: LoginLimits
    package var passwords: PasswordPolicy
    /// How long what Postgres said of an account, session or key is taken for true: 0 s to a minute.
    package var standingAge: Duration
    /// How long a signing key signs.
    package var signingKeyPeriod: Duration
    /// How many keys that work somebody may have.
    package var keysPerUser: Int
    /// Links for one purpose to one account: one within `linkInterval`, so many within an hour.
    package var linkInterval: Duration
    package var linksPerHour: Int
    /// Codes that stand in for an authenticator, to one account and to one address.
    package var codes: CodeLimits
    /// A wish for a new password is answered no sooner, whether or not there is such an account.
    package var resetAnswerAfter: Duration
    /// What authenticator applications show beside the code.
    package var totpIssuer: String

    package init(
        limits: LoginLimits = LoginLimits(),
        passwords: PasswordPolicy = PasswordPolicy(),
        standingAge: Duration = .seconds(5),
        signingKeyPeriod: Duration = .seconds(90 * 86_400),
        keysPerUser: Int = 50,
        linkInterval: Duration = .seconds(60),
        linksPerHour: Int = 5,
        codes: CodeLimits = CodeLimits(),
        resetAnswerAfter: Duration = .milliseconds(300),
        totpIssuer: String = "Nexora"
    ) {
        self.limits = limits
        self.passwords = passwords
        self.standingAge = standingAge
        self.signingKeyPeriod = signingKeyPeriod
        self.keysPerUser = keysPerUser
        self.linkInterval = linkInterval
        self.linksPerHour = linksPerHour
        self.codes = codes
        self.resetAnswerAfter = resetAnswerAfter
        self.totpIssuer = totpIssuer
    }
}

/// Where a call comes from: what events and sessions say of it.
package struct Origin: Hashable, Sendable {
    package var address: IPAddress
    package var userAgent: String
    package var correlationID: String?
    package var traceparent: String?

    package init(
        address: IPAddress,
        userAgent: String = "",
        correlationID: String? = nil,
        traceparent: String? = nil
    ) {
        self.address = address
        self.userAgent = userAgent
        self.correlationID = correlationID
        self.traceparent = traceparent
    }
}
