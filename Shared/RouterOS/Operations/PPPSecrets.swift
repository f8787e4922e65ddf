/// A subscriber who may dial in, as the router itself knows him. Its mirror does not show the password.
package struct PPPSecret: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// The user's name; one of a router.
    package var name: String
    package var password: String
    package var profile: String
    /// `pppoe`, or another service, or `any`.
    package var service: String
    /// The addresses of the two ends; nil leaves them to the profile.
    package var localAddress: String?
    package var remoteAddress: String?
    /// The one MAC address that he may come from.
    package var callerID: String?
    package var comment: String?
    package var isDisabled: Bool

    package init(
        name: String,
        password: String,
        profile: String = "default",
        service: String = "pppoe",
        localAddress: String? = nil,
        remoteAddress: String? = nil,
        callerID: String? = nil,
        comment: String? = nil,
        isDisabled: Bool = false
    ) {
        self.name = name
        self.password = password
        self.profile = profile
        self.service = service
        self.localAddress = localAddress
        self.remoteAddress = remoteAddress
        self.callerID = callerID
        self.comment = comment
        self.isDisabled = isDisabled
    }

    package var description: String { "a PPP secret" }
    package var customMirror: Mirror { Mirror(self, children: ["profile": profile, "service": service]) }
}

/// `/ppp/secret`. Everything here may be done twice.
package struct PPPSecrets: Sendable {
    private let menu: Menu

    package init(_ runner: any CommandRunner) { menu = Menu("/ppp/secret", runner) }

    /// Makes the secret, or makes it so. A session that is up goes on as it was: see `ActiveSessions.disconnect`.
    @discardableResult
    package func put(_ secret: PPPSecret) async throws(RouterOSError) -> RouterChange {
        var arguments = Arguments()
        arguments.add("password", secret.password, secret: true)
        arguments.add("profile", secret.profile)
        arguments.add("service", secret.service)
        arguments.add("local-address", secret.localAddress)
        arguments.add("remote-address", secret.remoteAddress)
        arguments.add("caller-id", secret.callerID)
        arguments.add("comment", secret.comment)
        arguments.add("disabled", secret.isDisabled)
        return try await menu.put([("name", secret.name)], arguments.list)
    }

    /// The secret of that name; nil where there is none. Its password is empty where the router does not tell it to us.
    package func find(_ name: String) async throws(RouterOSError) -> PPPSecret? {
        try await menu.find([("name", name)]).first.map { row in
            PPPSecret(
                name: row["name"] ?? name,
                password: row["password"] ?? "",
                profile: row["profile"] ?? "default",
                service: row["service"] ?? "any",
                localAddress: row["local-address"],
                remoteAddress: row["remote-address"],
                callerID: row["caller-id"].flatMap { $0.isEmpty ? nil : $0 },
                comment: row["comment"],
                isDisabled: RouterText.flag(row["disabled"])
            )
        }
    }

    /// False where there is none of that name.
    @discardableResult
    package func enable(_ name: String) async throws(RouterOSError) -> Bool { try await menu.enable([("name", name)]) }

    /// False where there is none of that name. A session that is up goes on.
    @discardableResult
    package func disable(_ name: String) async throws(RouterOSError) -> Bool {
        try await menu.disable([("name", name)])
    }

    /// False where there was none of that name.
    @discardableResult
    package func remove(_ name: String) async throws(RouterOSError) -> Bool { try await menu.remove([("name", name)]) }
}
