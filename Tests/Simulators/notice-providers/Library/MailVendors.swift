import Crypto
import HTTPServer
import WireFormat

extension NoticeProviders {
    typealias Result = (Taken?, Response)

    /// Twilio SendGrid, Web API v3, "Mail Send" (as published in 2025).
    func sendGrid(_ asked: Asked) throws(Refusal) -> Result {
        func refusal(_ status: Int, _ message: String, _ field: String? = nil) -> Refusal {
            let field = field.map { "\"\($0)\"" } ?? "null"
            return Refusal(status, json: #"{"errors":[{"message":"\#(message)","field":\#(field),"help":null}]}"#)
        }
        guard asked.request.method == .post, asked.path == ["v3", "mail", "send"] else {
            throw refusal(404, "not found")
        }
        guard asked.bearer == VendorAccounts.key else {
            throw refusal(401, "The provided authorization grant is invalid, expired, or revoked")
        }
        guard asked.type == "application/json" else { throw refusal(415, "content-type") }
        guard let json = asked.json else { throw refusal(400, "Bad Request") }
        let known: Set = [
            "personalizations", "from", "reply_to", "subject", "content", "attachments", "headers", "tracking_settings",
            "categories", "custom_args", "send_at", "batch_id", "asm", "ip_pool_name", "mail_settings", "template_id",
        ]
        if let name = FlatJSON.names(json).subtracting(known).first { throw refusal(400, "unknown", name) }
        guard let to = json["personalizations.0.to.0.email"], to.contains("@"), to != "bad@isp.example" else {
            throw refusal(400, "Does not contain a valid address.", "personalizations.0.to.0.email")
        }
        guard json["from.email"]?.hasSuffix("@isp.example") == true else {
            throw refusal(403, "The from address does not match a verified Sender Identity.", "from")
        }
        guard let subject = json["subject"], !subject.isEmpty else { throw refusal(400, "subject", "subject") }
        guard json["content.0.type"] == "text/plain", json["content.0.value"]?.isEmpty == false else {
            throw refusal(400, "If present, text/plain must be first.", "content")
        }
        let reserved: Set = [
            "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to",
            "from", "subject", "reply-to", "cc", "bcc",
        ]
        let names = FlatJSON.names(json, under: "headers.").map { $0.lowercased() }
        guard reserved.isDisjoint(with: names) else { throw refusal(400, "reserved", "headers") }
        if let content = json["attachments.0.content"] {
            guard Base64.decode(content) != nil, json["attachments.0.filename"]?.isEmpty == false else {
                throw refusal(400, "The attachment content must be base64 encoded.", "attachments.0.content")
            }
        }
        let id = newID("sg-")
        var response = Response(202)
        response.headers["x-message-id"] = HeaderValue(withoutControls: id)
        return (Taken(vendor: "sendgrid", id: id, fields: json), response)
    }

    /// Mailgun, API v3, "Messages" (as published in 2025).
    func mailgun(_ asked: Asked) throws(Refusal) -> Result {
        func refusal(_ status: Int, _ message: String) -> Refusal {
            Refusal(status, json: #"{"message":"\#(message)"}"#)
        }
        guard let user = asked.basic, user.name == "api", user.password == VendorAccounts.key else {
            throw Refusal(401, text: "Forbidden")
        }
        guard asked.request.method == .post, asked.path == ["v3", "mg.isp.example", "messages"] else {
            throw refusal(404, "Domain not found: other")
        }
        guard asked.type == "multipart/form-data", let type = asked.header("content-type"),
            let form = MultipartBody.read(asked.body, type: type)
        else { throw refusal(400, "multipart expected") }
        let known: Set = [
            "from", "to", "cc", "bcc", "subject", "text", "html", "attachment", "attachment.filename", "inline",
            "template",
        ]
        for name in form.keys
        where !known.contains(name) && !["h:", "o:", "v:"].contains(where: { name.hasPrefix($0) }) {
            throw refusal(400, "unknown parameter")
        }
        guard form["from"]?.isEmpty == false else { throw refusal(400, "from parameter is missing") }
        guard let to = form["to"], to.contains("@"), !to.contains("bad@") else {
            throw refusal(400, "'to' parameter is not a valid address. please check documentation")
        }
        guard form["text"] != nil || form["html"] != nil else {
            throw refusal(400, "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified")
        }
        let id = form["h:Message-Id"] ?? "<\(newID("mg-"))@mg.isp.example>"
        return (
            Taken(vendor: "mailgun", id: id.filter { $0 != "<" && $0 != ">" }, fields: form),
            .json(Array(#"{"id":"\#(id)","message":"Queued. Thank you."}"#.utf8))
        )
    }

    /// Postal, its HTTP API's `send/message` (Postal 3).
    func postal(_ asked: Asked) throws(Refusal) -> Result {
        func error(_ code: String) -> Refusal {
            Refusal(200, json: #"{"status":"error","time":0.01,"flags":{},"data":{"code":"\#(code)","message":"no"}}"#)
        }
        guard asked.request.method == .post, asked.path == ["api", "v1", "send", "message"] else {
            throw Refusal(404, text: "not found")
        }
        guard let key = asked.header("x-server-api-key") else { throw error("AccessDenied") }
        guard key == VendorAccounts.key else { throw error("InvalidServerAPIKey") }
        guard let json = asked.json else {
            throw Refusal(
                200,
                json: #"{"status":"parameter-error","time":0.0,"flags":{},"data":{"message":"no JSON"}}"#
            )
        }
        let known: Set = [
            "to", "cc", "bcc", "from", "sender", "subject", "tag", "reply_to", "plain_body", "html_body", "attachments",
            "headers", "bounce",
        ]
        guard FlatJSON.names(json).isSubset(of: known) else { throw error("ValidationError") }
        guard let to = json["to.0"] else { throw error("NoRecipients") }
        guard !to.contains("bad@") else { throw error("ValidationError") }
        guard json["from"]?.contains("@isp.example") == true else { throw error("UnauthenticatedFromAddress") }
        guard json["plain_body"] != nil || json["html_body"] != nil else { throw error("NoContent") }
        if json["attachments.0.name"] != nil, json["attachments.0.data"].flatMap({ Base64.decode($0) }) == nil {
            throw error("AttachmentMissingData")
        }
        let id = newID("postal-") + "@rp.isp.example"
        let answer = """
            {"status":"success","time":0.02,"flags":{},"data":{"message_id":"\(id)","messages":{"x":{"id":1,"token":"t"}}}}
            """
        return (Taken(vendor: "postal", id: id, fields: json), .json(Array(answer.utf8)))
    }

    /// Amazon SES, API v2 (2019-09-27), SendEmail.
    func ses(_ asked: Asked) throws(Refusal) -> Result {
        func refusal(_ status: Int, _ kind: String, _ message: String) -> Refusal {
            Refusal(status, json: #"{"message":"\#(message)"}"#, [("x-amzn-errortype", kind)])
        }
        guard asked.request.method == .post, asked.path == ["v2", "email", "outbound-emails"] else {
            throw refusal(404, "UnknownOperationException", "")
        }
        if let problem = SignatureProof(now: now()).problem(asked) {
            throw refusal(
                403,
                problem,
                "The request signature we calculated does not match the signature you provided."
            )
        }
        guard let json = asked.json else { throw refusal(400, "BadRequestException", "no JSON") }
        let known: Set = [
            "FromEmailAddress", "Destination", "ReplyToAddresses", "Content", "EmailTags", "ConfigurationSetName",
            "FeedbackForwardingEmailAddress", "ListManagementOptions",
        ]
        let simple: Set = ["Subject", "Body", "Headers", "Attachments"]
        guard FlatJSON.names(json).isSubset(of: known), FlatJSON.names(json, under: "Content.") == ["Simple"],
            FlatJSON.names(json, under: "Content.Simple.").isSubset(of: simple),
            json["Content.Simple.Subject.Data"] != nil, json["Content.Simple.Body.Text.Data"] != nil,
            let to = json["Destination.ToAddresses.0"], to.contains("@")
        else { throw refusal(400, "BadRequestException", "a member is missing or unknown") }
        guard json["FromEmailAddress"]?.contains("@isp.example") == true else {
            throw refusal(400, "MessageRejected", "Email address is not verified.")
        }
        guard !to.contains("bad@") else { throw refusal(400, "BadRequestException", "Illegal address") }
        let id = newID("0102-ses-")
        return (Taken(vendor: "ses", id: id, fields: json), .json(Array(#"{"MessageId":"\#(id)"}"#.utf8)))
    }
}

/// `multipart/form-data` (RFC 7578): names with values; of a file its octets in base 64, and its name as `…filename`.
enum MultipartBody {
    static func read(_ body: [UInt8], type: String) -> [String: String]? {
        guard let mark = type.ranges(of: "boundary=").first else { return nil }
        let boundary = Array("--\(type[mark.upperBound...])".utf8)
        var found: [String: String] = [:]
        var rest = body[...]
        guard rest.starts(with: boundary) else { return nil }
        rest = rest.dropFirst(boundary.count)
        while rest.starts(with: [0x0d, 0x0a]) {
            rest = rest.dropFirst(2)
            guard let head = rest.firstRange(of: Array("\r\n\r\n".utf8)),
                let end = rest[head.upperBound...].firstRange(of: [0x0d, 0x0a] + boundary)
            else { return nil }
            let fields = String(decoding: rest[..<head.lowerBound], as: UTF8.self)
            let value = Array(rest[head.upperBound..<end.lowerBound])
            guard let name = parameter("name", of: fields) else { return nil }
            if let file = parameter("filename", of: fields) {
                found["\(name).filename"] = file
                found[name] = Base64.encode(value)
            } else {
                found[name] = String(decoding: value, as: UTF8.self)
            }
            rest = rest[end.upperBound...]
        }
        return rest.starts(with: Array("--".utf8)) ? found : nil
    }

    private static func parameter(_ name: String, of fields: String) -> String? {
        guard let start = fields.ranges(of: " \(name)=\"").first else { return nil }
        return String(fields[start.upperBound...].prefix { $0 != "\"" })
    }
}

extension Collection where Element == UInt8 {
    /// Where `pattern` first stands.
    fileprivate func firstRange(of pattern: [UInt8]) -> Range<Index>? {
        var start = startIndex
        while let first = self[start...].firstIndex(of: pattern[0]) {
            let tail = self[first...]
            if tail.starts(with: pattern) { return first..<index(first, offsetBy: pattern.count) }
            start = index(after: first)
        }
        return nil
    }
}
