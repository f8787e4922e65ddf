/// What the emulated menus hold and how the router writes it.
enum Menus {
    struct Menu {
        /// What must be said when something is added.
        let required: [String]
        /// No two things have all of these the same.
        let unique: [String]
        /// What the router answers then.
        let duplicate: String
        /// What may be said.
        let known: Set<String>
        let defaults: [String: String]
        let canBeAdded: Bool
    }

    static let words = ["yes": "true", "no": "false"]

    static let all: [String: Menu] = [
        "/ppp/secret": Menu(
            required: ["name"],
            unique: ["name"],
            duplicate: "failure: secret with the same name already exists",
            known: [
                "name", "password", "profile", "service", "local-address", "remote-address", "caller-id", "comment",
                "disabled",
                "routes", "limit-bytes-in", "limit-bytes-out", "remote-ipv6-prefix", "ipv6-routes",
            ],
            defaults: [
                "password": "", "profile": "default", "service": "any", "caller-id": "", "disabled": "false",
                "limit-bytes-in": "0",
                "limit-bytes-out": "0", "last-logged-out": "jan/01/1970 00:00:00",
            ],
            canBeAdded: true
        ),
        "/ppp/profile": Menu(
            required: ["name"],
            unique: ["name"],
            duplicate: "failure: profile with the same name already exists",
            known: [
                "name", "rate-limit", "local-address", "remote-address", "dns-server", "address-list", "parent-queue",
                "queue-type",
                "only-one", "comment", "session-timeout", "use-encryption", "change-tcp-mss",
            ],
            defaults: [
                "only-one": "default", "change-tcp-mss": "default", "use-encryption": "default", "default": "false",
            ],
            canBeAdded: true
        ),
        "/queue/simple": Menu(
            required: ["target"],
            unique: ["name"],
            duplicate: "failure: already have such name",
            known: [
                "name", "target", "max-limit", "limit-at", "burst-limit", "burst-threshold", "burst-time", "priority",
                "parent",
                "queue", "comment", "disabled", "packet-marks", "bucket-size",
            ],
            defaults: [
                "max-limit": "0/0", "limit-at": "0/0", "burst-limit": "0/0", "burst-threshold": "0/0",
                "burst-time": "0s/0s",
                "priority": "8/8", "parent": "none", "queue": "default-small/default-small", "disabled": "false",
                "invalid": "false", "dynamic": "false", "packet-marks": "",
            ],
            canBeAdded: true
        ),
        "/ip/firewall/address-list": Menu(
            required: ["list", "address"],
            unique: ["list", "address"],
            duplicate: "failure: already have such entry",
            known: ["list", "address", "comment", "disabled", "timeout"],
            defaults: ["dynamic": "false", "disabled": "false", "creation-time": "jan/02/2024 03:04:05"],
            canBeAdded: true
        ),
        "/ppp/active": Menu(required: [], unique: [], duplicate: "", known: [], defaults: [:], canBeAdded: false),
    ]

    /// A value as `print` shows it, for a menu's attribute; nil for one that the router does not take.
    static func shown(_ value: String, _ name: String) -> String? {
        switch name {
        case "disabled": return ["yes", "no", "true", "false"].contains(value) ? words[value, default: value] : nil
        case "max-limit", "limit-at", "burst-limit", "burst-threshold": return pair(value, rate)
        case "priority": return pair(value) { Int64($0).flatMap { 1...8 ~= $0 ? String($0) : nil } }
        case "target": return value.contains("/") || !isAddress(value) ? value : value + "/32"
        case "address": return value.hasSuffix("/32") ? String(value.dropLast(3)) : value
        default: return value
        }
    }

    /// The two directions; one alone counts for both.
    private static func pair(_ value: String, _ one: (Substring) -> String?) -> String? {
        let parts = value.split(separator: "/", omittingEmptySubsequences: false)
        guard 1...2 ~= parts.count, let first = one(parts[0]), let second = one(parts[parts.count - 1]) else {
            return nil
        }
        return "\(first)/\(second)"
    }

    private static func rate(_ text: Substring) -> String? {
        let factor: Int64 =
            text.hasSuffix("k") ? 1_000 : text.hasSuffix("M") ? 1_000_000 : text.hasSuffix("G") ? 1_000_000_000 : 1
        guard let number = Int64(factor == 1 ? text : text.dropLast()), number >= 0 else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : String(product)
    }

    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }
}
