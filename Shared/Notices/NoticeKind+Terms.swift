import Domain

extension NoticeKind {
    package var terms: NoticeTerms {
        switch self {
        case .verifyEmail, .resetPassword, .invitation, .loginCode: linkTerms
        case .welcome, .paymentReceived, .paymentFailed, .billDue, .billOverdue, .walletLow: moneyTerms
        case .quota80, .quota95, .quotaReached, .boostApproved, .boostRejected, .serviceSuspended, .serviceRestored:
            serviceTerms
        case .accountLocked, .passwordChanged, .apiKeyCreated, .exportReady, .exportFailed: accountTerms
        case .boostRequested, .deviceOffline, .deviceOnline, .loginFailuresSpiked, .poolExhausted, .licenceExceeded,
            .licenceEnded,
            .webhookDisabled:
            staffTerms
        case .digest, .announcement, .test: ownTerms
        }
    }

    private var linkTerms: NoticeTerms {
        var terms = NoticeTerms(.user, .security, priority: 0, [.email], for: .seconds(86_400))
        terms.passesQuietHours = true
        let expiry = NoticeVariable.required("expires_at", .instant(Sample.later))
        switch self {
        case .verifyEmail:
            terms.variables = [.secret("url", .url("https://my.bluewave.example/verify?t=9f2b")), expiry]
        case .resetPassword:
            terms.variables = [.secret("url", .url("https://my.bluewave.example/reset?t=9f2b")), expiry]
            terms.validity = .seconds(3_600)
        case .invitation:
            let inviter = NoticeVariable.optional("inviter", .text("Grace Hopper"))
            terms.variables = [.secret("url", .url("https://my.bluewave.example/join?t=9f2b")), expiry, inviter]
            terms.validity = .seconds(7 * 86_400)
        default:
            terms.channels = [.sms, .email]
            terms.variables = [.secret("code", .text("482913")), .required("valid_for", .duration(seconds: 600))]
            terms.validity = .seconds(600)
        }
        return terms
    }

    private var moneyTerms: NoticeTerms {
        var terms = NoticeTerms(.customer, .money, priority: 1, [.email, .inApp], .every, for: Sample.days(3))
        let page = NoticeVariable.optional("url", .url("https://my.bluewave.example/billing"))
        let amount = NoticeVariable.required("amount", .money(249_900, currency: "EUR"))
        let bill = [amount, .required("bill", .text("B-2026-00417")), .required("due_on", .day(Sample.day))]
        switch self {
        case .welcome:
            terms.category = .access
            terms.channels = [.email, .sms]
            terms.reach = .first
            terms.variables = [
                .required("username", .text("ada.lovelace")),
                .secret("password", .text("k7w-mip-3xd"), isOptional: true),
                .optional("plan", .text("Fibre 100")), page,
            ]
        case .paymentReceived:
            terms.variables = [
                amount, .required("paid_at", .instant(Sample.now)), .optional("reference", .text("PAY-90817")),
                .optional("balance", .money(512_000, currency: "EUR")), page,
            ]
        case .paymentFailed:
            terms.channels = [.email, .push, .inApp]
            terms.variables = [amount, .optional("reason", .text("The card was declined.")), page]
        case .billDue: terms.variables = bill + [.required("days", .count(3)), page]
        case .billOverdue:
            terms.channels = [.email, .sms, .inApp]
            terms.variables = bill + [.required("days", .count(2)), .optional("suspended_on", .day(Sample.day)), page]
        default:
            terms.channels = [.email, .push, .inApp]
            terms.variables = [
                .required("balance", .money(31_500, currency: "EUR")),
                .optional("threshold", .money(50_000, currency: "EUR")), page,
            ]
        }
        return terms
    }

    private var serviceTerms: NoticeTerms {
        var terms = NoticeTerms(.customer, .usage, priority: 2, [.email, .push, .inApp], .every, for: Sample.days(1))
        let service = NoticeVariable.required("service", .text("ada.lovelace"))
        let page = NoticeVariable.optional("url", .url("https://my.bluewave.example/services"))
        let quota: [NoticeVariable] = [
            service, .required("used", .octets(96_000_000_000)), .required("allowance", .octets(100_000_000_000)),
            .required("resets_at", .instant(Sample.later)), page,
        ]
        switch self {
        case .quota80, .quota95:
            terms.variables = quota + [.required("remaining", .octets(4_000_000_000))]
            if self == .quota95 { terms.channels = [.email, .sms, .push, .inApp] }
        case .quotaReached:
            terms.channels = [.email, .sms, .push, .inApp]
            terms.variables =
                quota + [
                    .optional("slowed_to", .text("2 Mbit/s")), .optional("blocked", .count(1)),
                    .optional("price", .money(10_000, currency: "EUR")),
                ]
        case .boostApproved:
            terms.category = .service
            terms.variables = [
                service, .required("plan", .text("Fibre 500")), .optional("until", .instant(Sample.later)),
                .optional("price", .money(49_000, currency: "EUR")), page,
            ]
        case .boostRejected:
            terms.category = .service
            terms.variables = [
                service, .required("plan", .text("Fibre 500")), .optional("reason", .text("The line is too long.")),
                page,
            ]
        default:
            terms.category = .access
            terms.priority = 1
            terms.channels = [.email, .sms, .inApp]
            terms.variables = [service]
            if self == .serviceSuspended {
                terms.variables += [.optional("owed", .money(249_900, currency: "EUR")), page]
            }
        }
        return terms
    }

    private var accountTerms: NoticeTerms {
        var terms = NoticeTerms(.user, .security, priority: 1, [.email, .inApp], .every, for: Sample.days(3))
        let source = NoticeVariable.optional("source", .text("203.0.113.7"))
        let time = NoticeVariable.required("at", .instant(Sample.now))
        let name = NoticeVariable.required("name", .text("customers-2026-11.xlsx"))
        switch self {
        case .accountLocked:
            terms.passesQuietHours = true
            terms.variables = [
                .required("failures", .count(5)), .optional("until", .instant(Sample.later)), source,
            ]
        case .passwordChanged:
            terms.passesQuietHours = true
            terms.variables = [time, source]
        case .apiKeyCreated: terms.variables = [.required("name", .text("Reporting")), time, source]
        default:
            terms.category = .service
            terms.priority = 2
            terms.variables = [name, .optional("url", .url("https://my.bluewave.example/exports"))]
            terms.variables.append(
                self == .exportReady
                    ? .optional("expires_at", .instant(Sample.later)) : .optional("reason", .text("The disk was full."))
            )
        }
        return terms
    }

    private var staffTerms: NoticeTerms {
        var terms = NoticeTerms(.staff, .alarm, priority: 2, [.email, .slack, .inApp], .every, for: Sample.days(1))
        let page = NoticeVariable.optional("url", .url("https://my.bluewave.example/operations"))
        let device = NoticeVariable.required("device", .text("olt-harbour-2"))
        terms.gathers = true
        terms.roles = Self.names([.tenantAdmin, .nocEngineer])
        switch self {
        case .boostRequested:
            terms.category = .service
            terms.gathers = false
            terms.channels = [.email, .inApp]
            terms.roles = Self.names([.tenantAdmin, .provider, .operator])
            terms.variables = [
                .required("service", .text("ada.lovelace")), .required("plan", .text("Fibre 500")), page,
            ]
        case .deviceOffline:
            terms.variables = [
                device, .required("since", .instant(Sample.now)), .optional("reason", .text("timeout")), page,
            ]
        case .deviceOnline:
            terms.variables = [
                device, .required("at", .instant(Sample.now)), .optional("away_for", .duration(seconds: 5_400)), page,
            ]
        case .loginFailuresSpiked:
            terms.category = .security
            terms.passesQuietHours = true
            terms.variables = [
                .required("failures", .count(420)), .required("window", .duration(seconds: 300)),
                .optional("place", .text("nas-harbour")), page,
            ]
        case .poolExhausted:
            terms.variables = [.required("pool", .text("residential-4")), .required("refused", .count(17)), page]
        case .licenceExceeded:
            terms.roles = Self.names([.tenantAdmin])
            terms.variables = [
                .required("what", .text("sessions")), .required("used", .count(1_012)),
                .required("allowed", .count(1_000)), page,
            ]
        case .licenceEnded:
            terms.roles = Self.names([.tenantAdmin])
            terms.gathers = false
            terms.variables = [
                .required("plan", .text("Small")), .required("suspends_at", .instant(Sample.now)), page,
            ]
        default:
            terms.roles = Self.names([.tenantAdmin])
            terms.gathers = false
            terms.variables = [
                .required("endpoint", .text("https://erp.bluewave.example/hooks")),
                .optional("since", .instant(Sample.now)), .optional("reason", .text("no answer")), page,
            ]
        }
        return terms
    }

    private var ownTerms: NoticeTerms {
        switch self {
        case .digest:
            var terms = NoticeTerms(.staff, .alarm, priority: 2, [.email, .slack, .inApp], .every, for: Sample.days(1))
            terms.roles = Self.names([.tenantAdmin, .nocEngineer])
            terms.variables = [
                .required("count", .count(37)), .required("since", .instant(Sample.now)),
                .required("items", .text("olt-harbour-2\nswitch-mill-1\nap-square-7")),
                .optional("more", .count(34)), .optional("until", .instant(Sample.later)),
                .optional("url", .url("https://my.bluewave.example/operations")),
            ]
            return terms
        case .announcement:
            var terms = NoticeTerms(.customer, .news, priority: 3, [.email, .inApp], for: Sample.days(7))
            terms.variables = [
                .required("title", .text("Works in your street")),
                .required("body", .text("On Tuesday we replace the cabinet.\nYou may be offline for an hour.")),
                .optional("url", .url("https://bluewave.example/news")),
            ]
            return terms
        default:
            var terms = NoticeTerms(
                .user,
                .service,
                priority: 0,
                [.email, .sms, .push, .slack, .inApp],
                for: .seconds(3_600)
            )
            terms.passesQuietHours = true
            terms.variables = [.required("at", .instant(Sample.now))]
            return terms
        }
    }

    private static func names(_ roles: [Role]) -> [String] { roles.map(\.rawValue) }
}

/// What previews show where no event says it.
private enum Sample {
    /// 2026-11-20 09:30 UTC, and a day later.
    static let now = Timestamp(secondsSince1970: 1_795_167_000)
    static let later = now + .seconds(86_400)
    static let day = now.day

    static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
}

extension NoticeTerms {
    fileprivate init(
        _ audience: NoticeKind.Audience,
        _ category: NoticeKind.Category,
        priority: Int,
        _ channels: [NoticeChannel],
        _ reach: Reach = .first,
        for validity: Duration
    ) {
        self.init(
            audience: audience,
            category: category,
            priority: priority,
            variables: [],
            channels: channels,
            reach: reach,
            roles: [],
            validity: validity,
            gathers: false,
            passesQuietHours: false
        )
    }
}
