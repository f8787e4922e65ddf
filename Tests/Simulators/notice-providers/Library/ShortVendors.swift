import Crypto
import HTTPServer
import WireFormat

extension NoticeProviders {
    /// Twilio, API 2010-04-01, "Create a Message", with the test numbers that Twilio publishes.
    func twilio(_ asked: Asked) throws(Refusal) -> Result {
        func refusal(_ status: Int, _ code: Int, _ message: String) -> Refusal {
            let link = "https://www.twilio.com/docs/errors/\(code)"
            return Refusal(
                status,
                json: #"{"code":\#(code),"message":"\#(message)","more_info":"\#(link)","status":\#(status)}"#
            )
        }
        guard let user = asked.basic, user.name == VendorAccounts.account, user.password == VendorAccounts.key else {
            throw refusal(401, 20003, "Authenticate")
        }
        guard asked.request.method == .post,
            asked.path == ["2010-04-01", "Accounts", VendorAccounts.account, "Messages.json"]
        else { throw refusal(404, 20404, "The requested resource was not found") }
        guard let form = asked.form else { throw refusal(415, 20007, "Unsupported media type") }
        guard let to = form["To"], !to.isEmpty else { throw refusal(400, 21604, "A 'To' phone number is required.") }
        guard form["From"] != nil || form["MessagingServiceSid"] != nil else {
            throw refusal(400, 21603, "A 'From' phone number is required.")
        }
        guard let text = form["Body"], !text.isEmpty else { throw refusal(400, 21602, "Message body is required.") }
        guard text.count <= 1_600 else {
            throw refusal(400, 21617, "The concatenated message body exceeds the 1600 character limit")
        }
        if let validity = form["ValidityPeriod"], !(1...36_000).contains(Int(validity) ?? 0) {
            throw refusal(400, 21716, "ValidityPeriod is out of range")
        }
        switch to {
        case "+15005550001": throw refusal(400, 21211, "The 'To' number \(to) is not a valid phone number.")
        case "+15005550002": throw refusal(400, 21612, "The 'To' number \(to) is not reachable.")
        case "+15005550003": throw refusal(400, 21408, "Permission to send an SMS has not been enabled for the region.")
        case "+15005550004": throw refusal(400, 21610, "Attempt to send to unsubscribed recipient")
        case "+15005550009": throw refusal(400, 21614, "'To' number is not a valid mobile number")
        default: break
        }
        let id = newID("SM")
        let answer = #"{"sid":"\#(id)","status":"queued","num_segments":"1","error_code":null}"#
        return (Taken(vendor: "twilio", id: id, fields: form), .json(Array(answer.utf8), status: 201))
    }

    /// Vonage, SMS API 1.2, `/sms/json`.
    func vonage(_ asked: Asked) throws(Refusal) -> Result {
        func refusal(_ status: Int, _ text: String) -> Refusal {
            Refusal(
                200,
                json: #"{"message-count":"1","messages":[{"status":"\#(status)","error-text":"\#(text)"}]}"#
            )
        }
        guard asked.request.method == .post, asked.path == ["sms", "json"], let form = asked.form else {
            throw Refusal(404, text: "not found")
        }
        for name in ["api_key", "from", "to", "text"] where form[name]?.isEmpty != false {
            throw refusal(2, "Missing \(name)")
        }
        guard form["api_key"] == "abcd1234", form["api_secret"] == VendorAccounts.key else {
            throw refusal(4, "Bad Credentials")
        }
        let known: Set = [
            "api_key", "api_secret", "from", "to", "text", "type", "ttl", "client-ref", "callback", "status-report-req",
        ]
        guard known.isSuperset(of: form.keys), let to = form["to"], to.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let ttl = form["ttl"].flatMap({ Int($0) }), (20_000...604_800_000).contains(ttl)
        else { throw refusal(3, "Invalid value for param: to") }
        guard !to.hasSuffix("0007") else { throw refusal(7, "Number barred") }
        let isUnicode = form["text"]?.utf8.allSatisfy { $0 < 0x80 } == false
        guard !isUnicode || form["type"] == "unicode" else { throw refusal(6, "Invalid message") }
        let id = newID("0A0000")
        let answer = #"{"message-count":"1","messages":[{"to":"\#(to)","message-id":"\#(id)","status":"0"}]}"#
        return (Taken(vendor: "vonage", id: id, fields: form), .json(Array(answer.utf8)))
    }

    /// Kannel 1.4, smsbox, `/cgi-bin/sendsms`.
    func kannel(_ asked: Asked) throws(Refusal) -> Result {
        let query = asked.request.query
        guard asked.path == ["cgi-bin", "sendsms"] else { throw Refusal(404, text: "not found") }
        guard query["username"] == "isp", query["password"] == VendorAccounts.key else {
            throw Refusal(403, text: "Authorization failed for sendsms")
        }
        guard query["from"] != nil else { throw Refusal(403, text: "Sender missing and no global set, rejected") }
        guard let to = query["to"], let text = query["text"] else {
            throw Refusal(400, text: "Missing receiver, rejected")
        }
        guard !to.hasSuffix("0007") else { throw Refusal(403, text: "Number has been black-listed.") }
        guard query["charset"] == "UTF-8", ["0", "2"].contains(query["coding"]),
            query["coding"] == "2" || text.utf8.allSatisfy({ $0 < 0x80 }),
            (query["dlr-mask"] == nil) == (query["dlr-url"] == nil)
        else { throw Refusal(400, text: "charset or data-coding, rejected") }
        let fields = Dictionary(query.items.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        return (Taken(vendor: "kannel", id: nil, fields: fields), .text("0: Accepted for delivery", status: 202))
    }

    /// Google's token endpoint, "Using OAuth 2.0 for Server to Server Applications" (RFC 7523).
    func google(_ asked: Asked) throws(Refusal) -> Result {
        let refusal = Refusal(400, json: #"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#)
        guard let form = asked.form, form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer",
            let parts = form["assertion"]?.split(separator: ".").map(String.init), parts.count == 3,
            let header = Base64URL.decode(parts[0]).flatMap({ FlatJSON.read($0) }),
            let claims = Base64URL.decode(parts[1]).flatMap({ FlatJSON.read($0) }),
            let signature = Base64URL.decode(parts[2])
        else { throw refusal }
        guard header == ["alg": "RS256", "typ": "JWT", "kid": VendorAccounts.keyID],
            accounts.serviceKey.publicKey.verifies(signature, of: Array("\(parts[0]).\(parts[1])".utf8)),
            claims["iss"] == VendorAccounts.email, claims["aud"]?.hasSuffix("/google/token") == true,
            claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging",
            let issued = claims["iat"].flatMap({ Int64($0) }), let expires = claims["exp"].flatMap({ Int64($0) }),
            abs(issued - now()) <= 300, (1...3_600).contains(expires - issued)
        else { throw refusal }
        let answer = #"{"access_token":"\#(newToken())","expires_in":3599,"token_type":"Bearer"}"#
        return (nil, .json(Array(answer.utf8)))
    }

    /// Firebase Cloud Messaging, HTTP v1, "projects.messages.send".
    func fcm(_ asked: Asked) throws(Refusal) -> Result {
        func refusal(_ status: Int, _ word: String, _ code: String? = nil, _ message: String = "no") -> Refusal {
            let type = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
            let details = code.map { #"[{"@type":"\#(type)","errorCode":"\#($0)"}]"# } ?? "[]"
            let error = #"{"code":\#(status),"message":"\#(message)","status":"\#(word)","details":\#(details)}"#
            return Refusal(status, json: #"{"error":\#(error)}"#)
        }
        guard let token = asked.bearer, isGood(token: token) else { throw refusal(401, "UNAUTHENTICATED") }
        guard asked.request.method == .post, asked.path == ["v1", "projects", "nexora-test", "messages:send"] else {
            throw refusal(404, "NOT_FOUND")
        }
        let known: Set = [
            "token", "topic", "condition", "notification", "data", "android", "apns", "webpush", "fcm_options",
        ]
        guard let json = asked.json, FlatJSON.names(json).isSubset(of: ["message", "validate_only"]),
            FlatJSON.names(json, under: "message.").isSubset(of: known),
            json["message.android.ttl"]?.hasSuffix("s") == true, let address = json["message.token"]
        else { throw refusal(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "Invalid JSON payload received.") }
        if address.hasPrefix("bad") {
            let words = "The registration token is not a valid FCM registration token"
            throw refusal(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", words)
        }
        if address.hasPrefix("foreign") { throw refusal(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH") }
        if isGone(address) { throw refusal(404, "NOT_FOUND", "UNREGISTERED", "Requested entity was not found.") }
        let id = newID("projects/nexora-test/messages/0:")
        return (Taken(vendor: "fcm", id: id, fields: json), .json(Array(#"{"name":"\#(id)"}"#.utf8)))
    }

    /// Slack, "Sending messages using incoming webhooks", blocks as "Block Kit" describes them.
    func slack(_ asked: Asked) throws(Refusal) -> Result {
        guard asked.request.method == .post, asked.path == ["services", "T000", "B000", "XXXX"] else {
            throw Refusal(404, text: "no_service")
        }
        guard let json = asked.json else { throw Refusal(400, text: "invalid_payload") }
        guard json["text"]?.isEmpty == false || json["blocks.0.type"] != nil else {
            throw Refusal(400, text: "no_text")
        }
        for index in 0..<50 {
            guard let type = json["blocks.\(index).type"] else { break }
            let limit = type == "header" ? 150 : 3_000
            let wanted = type == "header" ? "plain_text" : "mrkdwn"
            guard ["header", "section"].contains(type), json["blocks.\(index).text.type"] == wanted,
                let text = json["blocks.\(index).text.text"], (1...limit).contains(text.count)
            else { throw Refusal(400, text: "invalid_blocks") }
        }
        return (Taken(vendor: "webhook", id: nil, fields: json), .text("ok"))
    }
}
