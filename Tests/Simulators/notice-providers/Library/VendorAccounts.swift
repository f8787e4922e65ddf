import Crypto
import WireFormat

/// The account that each emulated vendor knows.
struct VendorAccounts: Sendable {
    static let key = "key-0123456789abcdef"
    static let accessKey = "AKIDEXAMPLE"
    static let secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    static let account = "AC00000000000000000000000000000001"
    static let email = "notifier@nexora-test.iam.gserviceaccount.com"
    static let keyID = "0123456789abcdef"

    let serviceKey: RSAPrivateKey

    init() throws { serviceKey = try RSAPrivateKey.generate() }

    func settings(_ vendor: String, base: String) -> (settings: [String: String], secrets: [String: String]) {
        let from = ["from": "billing@isp.example", "from_name": "Isp", "base_url": "\(base)/\(vendor)"]
        let receipts = "https://isp.example/receipts"
        return switch vendor {
        case "sendgrid": (from, ["api_key": Self.key])
        case "mailgun": (from.merging(["domain": "mg.isp.example"]) { $1 }, ["api_key": Self.key])
        case "postal":
            (["from": "billing@isp.example", "from_name": "Isp", "host": "\(base)/postal"], ["api_key": Self.key])
        case "ses":
            (
                from.merging(["region": "eu-west-1"]) { $1 },
                ["access_key": Self.accessKey, "secret_key": Self.secretKey]
            )
        case "twilio":
            (
                [
                    "account_sid": Self.account, "from": "+15005550006", "base_url": "\(base)/twilio",
                    "receipts_url": receipts,
                ],
                ["auth_token": Self.key]
            )
        case "vonage":
            (
                ["from": "ISP", "base_url": "\(base)/vonage", "receipts_url": receipts],
                ["api_key": "abcd1234", "api_secret": Self.key]
            )
        case "kannel":
            (
                [
                    "url": "\(base)/kannel/cgi-bin/sendsms", "username": "isp", "from": "ISP", "receipts_url": receipts,
                ],
                ["password": Self.key, "receipts_token": "a-token"]
            )
        case "fcm":
            (
                ["project_id": "nexora-test", "base_url": "\(base)/fcm", "token_url": "\(base)/google/token"],
                ["service_account": serviceAccount]
            )
        default: ([:], ["url": "\(base)/webhook/services/T000/B000/XXXX"])
        }
    }

    private var serviceAccount: String {
        var writer = JSONWriter()
        writer.beginObject()
        for (name, value) in [
            ("type", "service_account"), ("project_id", "nexora-test"), ("private_key_id", Self.keyID),
            ("private_key", (try? serviceKey.pem()) ?? ""), ("client_email", Self.email),
            ("token_uri", "https://oauth2.googleapis.com/token"),
        ] {
            writer.key(string: name)
            writer.value(value)
        }
        writer.endObject()
        return String(decoding: writer.finish(), as: UTF8.self)
    }
}
