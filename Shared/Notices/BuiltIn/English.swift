extension WordSet {
    static let english = WordSet(
        greeting: "Hello{{#recipient}} {{recipient}}{{/recipient}},",
        noButton: "If the button does not work, copy this address:",
        words: [
            .verifyEmail: KindWords(
                "Confirm your e-mail address",
                [
                    "Please confirm that this address is yours. The link works until {{expires_at}}.",
                    "If you did not ask for this, ignore this message: nothing changes.",
                ],
                action: "Confirm address",
                short: "Confirm your e-mail address:"
            ),
            .resetPassword: KindWords(
                "Choose a new password",
                [
                    "Somebody asked for a new password for your account. The link works once, until {{expires_at}}.",
                    "If it was not you, ignore this message: your password stays as it is.",
                ],
                action: "Choose a password",
                short: "Choose a new password:"
            ),
            .invitation: KindWords(
                "You are invited to {{tenant}}",
                [
                    "{{#inviter}}{{inviter}} invited you.{{/inviter}}",
                    "Choose a password to open your account. The invitation holds until {{expires_at}}.",
                ],
                action: "Accept the invitation",
                short: "You are invited. Open your account:"
            ),
            .loginCode: KindWords(
                "Your login code",
                [
                    "Your code is {{code}}. It is valid for {{valid_for}}.",
                    "Give it to nobody. We never ask for it. If you are not logging in now, change your password.",
                ],
                short: "{{code}} is your code, valid for {{valid_for}}. Give it to nobody."
            ),
            .welcome: KindWords(
                "Welcome to {{tenant}}",
                [
                    "Your connection is ready.{{#plan}} Your plan is {{plan}}.{{/plan}}",
                    "Your user name is {{username}}.",
                    "{{#password}}Your password is {{password}}. Please change it when you first log in.{{/password}}",
                ],
                action: "Open your account",
                short: "Welcome! User name {{username}}{{#password}}, password {{password}}{{/password}}."
            ),
            .paymentReceived: KindWords(
                "We received {{amount}}",
                [
                    "Thank you. Your payment of {{amount}} arrived on {{paid_at}}.",
                    "{{#reference}}Its reference is {{reference}}.{{/reference}}",
                    "{{#balance}}Your balance is now {{balance}}.{{/balance}}",
                ],
                action: "See your payments",
                short: "We received your payment of {{amount}}. Thank you."
            ),
            .paymentFailed: KindWords(
                "Your payment of {{amount}} did not go through",
                [
                    "We could not take {{amount}}. Nothing was charged.",
                    "{{#reason}}The reason: {{reason}}{{/reason}}",
                    "Please check how you pay and try again.",
                ],
                action: "Pay again",
                short: "Your payment of {{amount}} did not go through. Please try again."
            ),
            .billDue: KindWords(
                "Bill {{bill}}: {{amount}} due on {{due_on}}",
                [
                    "Your bill {{bill}} of {{amount}} is due {{#days}}in {{plural days one=\"# day\" other=\"# days\"}}, on{{/days}}{{^days}}today,{{/days}} {{due_on}}.",
                    "If you have paid already, there is nothing to do.",
                ],
                action: "Pay now",
                short: "Bill {{bill}} of {{amount}} is due on {{due_on}}."
            ),
            .billOverdue: KindWords(
                "Bill {{bill}} is overdue",
                [
                    "Your bill {{bill}} of {{amount}} was due on {{due_on}}{{#days}}, {{plural days one=\"# day\" other=\"# days\"}} ago{{/days}}.",
                    "{{#suspended_on}}If it is not paid, your connection stops on {{suspended_on}}.{{/suspended_on}}",
                    "Please pay it, or call us if something is wrong.",
                ],
                action: "Pay now",
                short: "Bill {{bill}} of {{amount}} is overdue since {{due_on}}. Please pay."
            ),
            .walletLow: KindWords(
                "Your balance is low",
                [
                    "Your balance is {{balance}}{{#threshold}}, below {{threshold}}{{/threshold}}.",
                    "Top up in time so that your connection goes on.",
                ],
                action: "Top up",
                short: "Your balance is {{balance}}. Please top up."
            ),
            .quota80: KindWords(
                "You have used 80% of your allowance",
                [
                    "{{service}} has used {{used}} of {{allowance}}. There are {{remaining}} left.",
                    "It starts anew on {{resets_at}}. Nothing changes for now.",
                ],
                action: "See your usage",
                short: "80% used: {{remaining}} of {{allowance}} left until {{resets_at}}."
            ),
            .quota95: KindWords(
                "Almost nothing is left of your allowance",
                [
                    "{{service}} has used {{used}} of {{allowance}}. Only {{remaining}} are left until {{resets_at}}.",
                    "When it is used up, your connection may become slower, stop or cost more, as your plan says. You can get more now.",
                ],
                action: "Get more",
                short: "95% used: only {{remaining}} of {{allowance}} left until {{resets_at}}."
            ),
            .quotaReached: KindWords(
                "Your allowance is used up",
                [
                    "{{service}} has used all of its {{allowance}}.",
                    "{{#slowed_to}}Until {{resets_at}} your speed is {{slowed_to}}.{{/slowed_to}}",
                    "{{#blocked}}Until {{resets_at}} you cannot go online.{{/blocked}}",
                    "{{#price}}What you use beyond it costs {{price}} per unit.{{/price}}",
                    "It starts anew on {{resets_at}}. You can get more at any time.",
                ],
                action: "Get more",
                short: "Your {{allowance}} are used up until {{resets_at}}."
            ),
            .boostApproved: KindWords(
                "Your boost to {{plan}} is approved",
                [
                    "{{service}} now has the speed of {{plan}}{{#until}} until {{until}}{{/until}}.",
                    "{{#price}}It costs {{price}}.{{/price}}",
                ],
                action: "See your service",
                short: "Your boost to {{plan}} is approved{{#until}}, until {{until}}{{/until}}."
            ),
            .boostRejected: KindWords(
                "Your boost to {{plan}} was not approved",
                [
                    "We could not give {{service}} the speed of {{plan}}. Nothing was charged.",
                    "{{#reason}}The reason: {{reason}}{{/reason}}",
                ],
                action: "See your service",
                short: "Your boost to {{plan}} was not approved. Nothing was charged."
            ),
            .serviceSuspended: KindWords(
                "Your connection is suspended",
                [
                    "{{service}} cannot go online for now.",
                    "{{#owed}}{{owed}} are unpaid. Your connection comes back when they are paid.{{/owed}}",
                    "Please contact us if you think this is wrong.",
                ],
                action: "Open your account",
                short: "{{service}} is suspended.{{#owed}} Unpaid: {{owed}}.{{/owed}}"
            ),
            .serviceRestored: KindWords(
                "Your connection is back",
                ["{{service}} can go online again. If it does not, turn your router off and on."],
                short: "{{service}} can go online again."
            ),
            .accountLocked: KindWords(
                "Your account is locked",
                [
                    "There were {{plural failures one=\"# wrong password\" other=\"# wrong passwords\"}} in a row{{#source}}, the last from {{source}}{{/source}}.",
                    "{{#until}}You can log in again after {{until}}.{{/until}}",
                    "If it was not you, somebody is trying to get in: tell us.",
                ],
                short: "Your account is locked after wrong passwords{{#until}}, until {{until}}{{/until}}."
            ),
            .passwordChanged: KindWords(
                "Your password was changed",
                [
                    "Your password was changed on {{at}}{{#source}} from {{source}}{{/source}}.",
                    "If it was not you, choose a new one now and tell us.",
                ],
                short: "Your password was changed on {{at}}. Not you? Tell us."
            ),
            .apiKeyCreated: KindWords(
                "A new API key: {{name}}",
                [
                    "The key {{name}} was made for your account on {{at}}{{#source}} from {{source}}{{/source}}.",
                    "If it was not you, delete it and change your password.",
                ],
                short: "The API key {{name}} was made on {{at}}."
            ),
            .exportReady: KindWords(
                "{{name}} is ready",
                ["You can download {{name}}{{#expires_at}} until {{expires_at}}{{/expires_at}}."],
                action: "Download",
                short: "{{name}} is ready."
            ),
            .exportFailed: KindWords(
                "{{name}} could not be made",
                ["{{name}} could not be made.", "{{#reason}}The reason: {{reason}}{{/reason}}", "Please try again."],
                action: "Try again",
                short: "{{name}} could not be made. Please try again."
            ),
            .boostRequested: KindWords(
                "A boost waits for you: {{service}}",
                ["{{service}} asks for the speed of {{plan}}. Somebody has to approve or reject it."],
                action: "Decide",
                short: "{{service}} asks for the speed of {{plan}}."
            ),
            .deviceOffline: KindWords(
                "{{device}} is offline",
                [
                    "{{device}} has not answered since {{since}}.",
                    "{{#reason}}The last check said: {{reason}}{{/reason}}",
                ],
                action: "See the device",
                short: "{{device}} is offline since {{since}}{{#reason}} ({{reason}}){{/reason}}."
            ),
            .deviceOnline: KindWords(
                "{{device}} is back",
                ["{{device}} answers again since {{at}}{{#away_for}}, after {{away_for}}{{/away_for}}."],
                action: "See the device",
                short: "{{device}} is back since {{at}}{{#away_for}}, after {{away_for}}{{/away_for}}."
            ),
            .loginFailuresSpiked: KindWords(
                "Many refused logins{{#place}} at {{place}}{{/place}}",
                [
                    "{{failures}} logins were refused within {{window}}{{#place}} at {{place}}{{/place}}.",
                    "Somebody may be guessing passwords, or a device has a wrong one.",
                ],
                action: "See the logins",
                short: "{{failures}} refused logins within {{window}}{{#place}} at {{place}}{{/place}}."
            ),
            .poolExhausted: KindWords(
                "No addresses left in {{pool}}",
                [
                    "The pool {{pool}} is used up; {{plural refused one=\"# login\" other=\"# logins\"}} got no address.",
                    "Add a range, or end sessions that are left over.",
                ],
                action: "See the pool",
                short: "No addresses left in {{pool}}: {{plural refused one=\"# login\" other=\"# logins\"}} refused."
            ),
            .licenceExceeded: KindWords(
                "Your licence is exceeded",
                ["{{what}}: {{used}} of {{allowed}} allowed. Please extend your licence."],
                action: "See the licence",
                short: "Licence exceeded, {{what}}: {{used}} of {{allowed}}."
            ),
            .licenceEnded: KindWords(
                "Your licence has ended",
                [
                    "The licence {{plan}} has ended. Please renew it before {{suspends_at}}: your account is suspended then."
                ],
                action: "See the licence",
                short: "Your licence {{plan}} has ended; your account is suspended at {{suspends_at}}."
            ),
            .webhookDisabled: KindWords(
                "A webhook was turned off",
                [
                    "{{endpoint}} has taken nothing{{#since}} since {{since}}{{/since}} and is turned off.",
                    "{{#reason}}Its last answer: {{reason}}{{/reason}}",
                    "Turn it on when it works again: what was missed can be sent once more.",
                ],
                action: "See the webhook",
                short: "The webhook {{endpoint}} was turned off{{#reason}}: {{reason}}{{/reason}}."
            ),
            .digest: KindWords(
                "{{plural count one=\"# alarm\" other=\"# alarms\"}} since {{since}}",
                ["{{items}}", "{{#more}}And {{more}} more.{{/more}}"],
                action: "See all",
                short:
                    "{{plural count one=\"# alarm\" other=\"# alarms\"}} since {{since}}:\n{{items}}{{#more}}\nand {{more}} more{{/more}}"
            ),
            .announcement: KindWords("{{title}}", ["{{body}}"], action: "Read more", short: "{{body}}"),
            .test: KindWords(
                "A test from {{tenant}}",
                ["This is a test of {{at}}. If you read it, messages reach you this way."],
                short: "A test from {{tenant}} of {{at}}. It works."
            ),
        ]
    )
}
