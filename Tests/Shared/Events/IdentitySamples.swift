import Domain
import Events

/// What accounts, logins and keys tell.
enum IdentitySamples {
    private static let user = UserID(Samples.id(31))
    private static let actor = UserID(Samples.id(32))
    private static let session = LoginSessionID(Samples.id(33))
    private static let link = OneTimeLinkID(Samples.id(34))
    private static let key = APIKeyID(Samples.id(35))

    static let events: [Samples.Sample] =
        [
            Samples.sample("UserCreated", UserCreated(userID: user, role: "noc_engineer", actorID: actor), bare: false),
            Samples.sample("UserCreated.minimal", UserCreated(userID: user, role: "viewer")),
            Samples.sample(
                "UserChanged",
                UserChanged(userID: user, version: .max, changed: ["role", "is_active"], actorID: actor),
                bare: false
            ),
            Samples.sample("UserChanged.minimal", UserChanged(userID: user, version: 0, changed: [])),
            Samples.sample("UserDeleted", UserDeleted(userID: user, actorID: actor), bare: false),
            Samples.sample("UserDeleted.minimal", UserDeleted(userID: user)),
            Samples.sample(
                "LoginSucceeded",
                LoginSucceeded(userID: user, sessionID: session, method: "totp", sourceAddress: "192.0.2.7"),
                bare: false
            ),
            Samples.sample(
                "LoginSucceeded.minimal",
                LoginSucceeded(userID: user, sessionID: session, method: "password")
            ),
            Samples.sample(
                "LoginFailed",
                LoginFailed(userID: user, reason: "wrong_password", sourceAddress: "2001:db8::7"),
                bare: false
            ),
            Samples.sample("LoginFailed.minimal", LoginFailed(reason: "unknown")),
            Samples.sample(
                "LoggedOut",
                LoggedOut(
                    userID: user,
                    sessionIDs: [session, LoginSessionID(Samples.id(36))],
                    reason: "everywhere",
                    actorID: actor
                ),
                bare: false
            ),
            Samples.sample("LoggedOut.minimal", LoggedOut(userID: user, sessionIDs: [], reason: "logout")),
            Samples.sample(
                "AccountLocked",
                AccountLocked(userID: user, until: Samples.time, failures: 10, sourceAddress: "192.0.2.7"),
                bare: false
            ),
            Samples.sample("AccountLocked.minimal", AccountLocked(userID: user, until: .epoch, failures: 0)),
            Samples.sample(
                "PasswordChanged",
                PasswordChanged(userID: user, sourceAddress: "192.0.2.7", actorID: actor),
                bare: false
            ),
            Samples.sample("PasswordChanged.minimal", PasswordChanged(userID: user)),
            Samples.sample(
                "PasswordResetRequested",
                PasswordResetRequested(userID: user, linkID: link, expiresAt: Samples.time),
                bare: false
            ),
            Samples.sample(
                "LoginCodeRequested",
                LoginCodeRequested(
                    userID: user,
                    codeID: LoginCodeID(Samples.id(38)),
                    channel: "sms",
                    expiresAt: Samples.time
                ),
                bare: false
            ),
            Samples.sample(
                "UserInvited",
                UserInvited(userID: user, linkID: link, expiresAt: Samples.time, actorID: actor),
                bare: false
            ),
            Samples.sample("UserInvited.minimal", UserInvited(userID: user, linkID: link, expiresAt: Samples.time)),
            Samples.sample(
                "EmailVerificationRequested",
                EmailVerificationRequested(userID: user, linkID: link, expiresAt: Samples.time),
                bare: false
            ),
            Samples.sample(
                "APIKeyCreated",
                APIKeyCreated(
                    keyID: key,
                    userID: user,
                    prefix: "abcdefgh",
                    scopes: ["customers.read", "usage.read"],
                    expiresAt: Samples.time,
                    actorID: actor,
                    replacesID: APIKeyID(Samples.id(37))
                ),
                bare: false
            ),
            Samples.sample(
                "APIKeyCreated.minimal",
                APIKeyCreated(keyID: key, userID: user, prefix: "abcdefgh", scopes: [])
            ),
            Samples.sample("APIKeyRevoked", APIKeyRevoked(keyID: key, userID: user, actorID: actor), bare: false),
            Samples.sample("APIKeyRevoked.minimal", APIKeyRevoked(keyID: key, userID: user)),
        ]
}
