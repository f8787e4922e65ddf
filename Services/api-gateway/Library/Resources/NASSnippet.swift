import Domain

/// What to paste into a NAS so that it asks us, in the language it speaks (G-21).
struct NASSnippet: Sendable {
    enum Dialect: String, Sendable, CaseIterable {
        /// RouterOS.
        case mikrotik
        /// IOS and IOS XE.
        case cisco
        /// clients.conf and a home server, for a proxy in between.
        case freeradius

        init(of vendor: NASVendor) {
            switch vendor {
            case .mikrotik: self = .mikrotik
            case .cisco: self = .cisco
            case .generic, .ubiquiti, .huawei, .juniper, .nokia, .coovachilli: self = .freeradius
            }
        }
    }

    let nas: NAS
    let secret: String
    let server: String
    let authPort: Int
    let accountingPort: Int

    /// Nothing in what it returns but the lines below: what people chose stands in its place and is nothing else. Throws where the
    /// secret cannot be written in the dialect.
    func text(_ dialect: Dialect) throws(Unwritable) -> String {
        guard Self.isPrintable(secret) else { throw Unwritable() }
        switch dialect {
        case .mikrotik: return mikrotik
        case .cisco:
            // Its console knows no quotes: ? asks for help, and blanks at the ends are lost.
            guard !secret.contains("?"), !secret.hasPrefix(" "), !secret.hasSuffix(" ") else { throw Unwritable() }
            return cisco
        case .freeradius:
            // Expanded within quotes, too.
            guard !secret.contains("${"), !secret.contains("$ENV{") else { throw Unwritable() }
            return freeradius
        }
    }

    /// The secret holds what the dialect has no way to write.
    struct Unwritable: Error {}

    private var mikrotik: String {
        """
        # \(Self.comment(nas.name))
        /radius
        add address=\(server) secret="\(Self.quotedForRouterOS(secret))" service=ppp,hotspot,login authentication-port=\(authPort) \\
            accounting-port=\(accountingPort) timeout=2s require-message-auth=yes comment="nexora"
        /radius incoming
        set accept=yes port=\(nas.coaPort)
        /ppp aaa
        set use-radius=yes accounting=yes interim-update=5m
        \(nas.identifier.map { "/system identity\nset name=\"\(Self.quotedForRouterOS($0))\"\n" } ?? "")
        """
    }

    private var cisco: String {
        """
        ! \(Self.comment(nas.name))
        aaa new-model
        radius server NEXORA
         address ipv4 \(server) auth-port \(authPort) acct-port \(accountingPort)
         timeout 2
         retransmit 3
         key 0 \(secret)
        aaa group server radius NEXORA-GROUP
         server name NEXORA
        aaa authentication ppp default group NEXORA-GROUP
        aaa authorization network default group NEXORA-GROUP
        aaa accounting update newinfo periodic 5
        aaa accounting network default start-stop group NEXORA-GROUP
        aaa server radius dynamic-author
         client \(server) server-key 0 \(secret)
         port \(nas.coaPort)
        radius-server attribute 44 include-in-access-req default-vrf
        \(nas.identifier.map { ciscoIdentifier($0) } ?? "")
        """
    }

    private var freeradius: String {
        """
        # \(Self.comment(nas.name)): proxy.conf of a FreeRADIUS between the NAS and us.
        home_server nexora_auth {
            type = auth
            ipaddr = \(server)
            port = \(authPort)
            secret = "\(Self.quoted(secret))"
            require_message_authenticator = yes
            status_check = status-server
        }
        home_server nexora_acct {
            type = acct
            ipaddr = \(server)
            port = \(accountingPort)
            secret = "\(Self.quoted(secret))"
        }
        home_server_pool nexora_auth_pool {
            home_server = nexora_auth
        }
        home_server_pool nexora_acct_pool {
            home_server = nexora_acct
        }
        realm nexora {
            auth_pool = nexora_auth_pool
            acct_pool = nexora_acct_pool
        }

        """
    }

    /// Another's characters would be directives (%), help (?) or the next word.
    private func ciscoIdentifier(_ identifier: String) -> String {
        let isPlain = identifier.utf8.allSatisfy { octet in
            (0x30...0x39).contains(octet) || (0x41...0x5a).contains(octet) || (0x61...0x7a).contains(octet)
                || "-_.:@/".utf8.contains(octet)
        }
        return isPlain
            ? "radius-server attribute 32 include-in-access-req format \(identifier)\n"
            : "! The NAS-Identifier holds characters that this console has no quotes for: choose another.\n"
    }

    private static func isPrintable(_ text: String) -> Bool { text.utf8.allSatisfy { (0x20...0x7e).contains($0) } }

    /// A name must not end its comment, go on behind it, or ask for help.
    private static func comment(_ text: String) -> String {
        plain(text).replacing("\\", with: "/").replacing("?", with: ".")
    }

    /// Without what ends a line or moves a cursor, whatever is stored.
    private static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator: false
                    default: true
                    }
                }
            )
        )
    }

    private static func quoted(_ text: String) -> String {
        plain(text).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("$", with: "\\$")
    }

    /// RouterOS before 7 asks for help at a question mark within quotes, too.
    private static func quotedForRouterOS(_ text: String) -> String { quoted(text).replacing("?", with: "\\3F") }
}
