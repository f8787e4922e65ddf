package import HTTPServer

/// Failures that more than one place tells. Codes are API-02's; `error.code` shows them in upper case.
extension Problem {
    package static var unauthorized: Problem {
        var problem = Problem(.unauthorized, code: "unauthorized", detail: "Sign in, or show an API key.")
        problem.headers["www-authenticate"] = "Bearer realm=\"nexora\""
        return problem
    }

    package static let forbidden = Problem(.forbidden, code: "forbidden", detail: "You may not do that.")

    package static let notFound = Problem(.notFound, code: "not_found", detail: "There is no such thing for you.")

    /// Values of the request that cannot be.
    package static func invalid(_ details: [Detail]) -> Problem {
        Problem(
            .badRequest,
            code: "validation_error",
            detail: details.map { "\($0.field) \($0.message)" }.joined(separator: "; "),
            details: details
        )
    }

    /// One value of the request that cannot be.
    package static func invalid(_ field: String, _ message: String, code: String = "invalid") -> Problem {
        invalid([Detail(field: field, code: code, message: message)])
    }

    /// Nothing is wrong with the request; the same may work later.
    package static func unavailable(_ detail: String = "Try again.") -> Problem {
        var problem = Problem(.serviceUnavailable, code: "unavailable", detail: detail)
        problem.headers["retry-after"] = "1"
        return problem
    }

    package static func conflict(_ code: String, _ detail: String, field: String? = nil) -> Problem {
        Problem(
            .conflict,
            code: code,
            detail: detail,
            details: field.map { [Detail(field: $0, code: code, message: detail)] } ?? []
        )
    }

    /// Too many of them; `seconds` until one more may come.
    package static func tooMany(_ detail: String, retryAfter seconds: Int) -> Problem {
        var problem = Problem(.tooManyRequests, code: "rate_limit", detail: detail)
        problem.headers["retry-after"] = HeaderValue(max(1, seconds))
        return problem
    }
}

extension Problem {
    /// Somebody else changed the thing since the caller read it. `current` is its version now, where that is known.
    package static func versionChanged(_ current: Int64?) -> Problem {
        var problem = Problem(
            .preconditionFailed,
            code: "version_changed",
            detail: "Somebody changed it since you read it: read it again."
        )
        if let current { problem.headers["etag"] = EntityTag(version: current).value }
        return problem
    }
}
