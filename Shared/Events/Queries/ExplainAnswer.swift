package import Domain

/// What a radius-server says to an ``ExplainQuery``.
package struct ExplainAnswer: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case explanation(LoginExplanation)
        case verdicts(ReplayVerdicts)
        case refusal(QueryRefusal)
    }

    /// Which server says so.
    package var server: String
    package var content: Content

    package init(server: String, _ content: Content) {
        self.server = server
        self.content = content
    }
}

/// Why a question has no answer.
package struct QueryRefusal: Hashable, Sendable {
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The tenant, user, NAS or plan is not there.
        case notFound = "not_found"
        /// The question means nothing.
        case invalid
        /// As many are being answered as may be at once.
        case busy
        /// The server knows too little as yet.
        case notReady = "not_ready"
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// Where a value comes from.
package struct ValueSource: Hashable, Sendable {
    /// `tenant`, `plan`, `plan_advanced`, `service`, `customer`, `nas`, `pool`, `server`, `redis`, `request`, `template`.
    package var kind: String
    /// The row; nil where it is none.
    package var id: UUID128?
    /// The row's version; 0 where it has none.
    package var version: Int64
    /// What people call it, or which setting it is.
    package var name: String

    package init(_ kind: String, id: UUID128? = nil, version: Int64 = 0, name: String = "") {
        self.kind = kind
        self.id = id
        self.version = version
        self.name = name
    }
}

/// One rule of a decision.
package struct ExplainedRule: Hashable, Sendable {
    package enum Outcome: String, Hashable, Sendable, CaseIterable {
        case passed
        /// It decided the reject.
        case refused
        /// It refuses nobody by itself.
        case noted
    }

    package var name: String
    package var value: String
    package var outcome: Outcome
    package var sources: [ValueSource]

    package init(_ name: String, _ value: String, _ outcome: Outcome, _ sources: [ValueSource]) {
        self.name = name
        self.value = value
        self.outcome = outcome
        self.sources = sources
    }
}

/// An attribute of the answer, decoded.
package struct ExplainedAttribute: Hashable, Sendable {
    package var name: String
    package var value: String
    package var source: ValueSource

    package init(_ name: String, _ value: String, _ source: ValueSource) {
        self.name = name
        self.value = value
        self.source = source
    }
}

/// Why a login would get its answer.
package struct LoginExplanation: Hashable, Sendable {
    /// `accept`, `reject` or `silence`.
    package var outcome: String
    /// The reason of a reject or a silence, and of what an accept is confined for.
    package var reason: String
    /// In the order in which they are looked at, up to the one that decided.
    package var rules: [ExplainedRule]
    /// In the order of the packet.
    package var attributes: [ExplainedAttribute]
    /// What was assumed, and what cannot be known.
    package var notes: [String]
    package var decisionVersion: UInt32
    /// The moment it is decided for.
    package var at: Timestamp

    package init(outcome: String, reason: String = "", decisionVersion: UInt32, at: Timestamp) {
        self.outcome = outcome
        self.reason = reason
        self.decisionVersion = decisionVersion
        self.at = at
        (rules, attributes, notes) = ([], [], [])
    }
}

/// What many logins would get: in words such as `accept`, `accept confined service_suspended`, `reject session_limit`.
package struct ReplayVerdicts: Hashable, Sendable {
    package struct Verdict: Hashable, Sendable {
        package var now: String
        /// With the change.
        package var changed: String

        package init(now: String, changed: String) {
            self.now = now
            self.changed = changed
        }
    }

    /// What the change makes of the answers to logins that are accepted with it and without it.
    package struct Difference: Hashable, Sendable {
        package var vendor: String
        /// `- Name = value` and `+ Name = value`.
        package var lines: [String]
        package var logins: UInt32

        package init(vendor: String, lines: [String], logins: UInt32) {
            self.vendor = vendor
            self.lines = lines
            self.logins = logins
        }
    }

    /// One for each login, in their order.
    package var verdicts: [Verdict]
    package var differences: [Difference]
    package var notes: [String]

    package init(verdicts: [Verdict] = [], differences: [Difference] = [], notes: [String] = []) {
        self.verdicts = verdicts
        self.differences = differences
        self.notes = notes
    }
}
