import Domain
import Persistence
import WireFormat

/// What a notice is about: `notices.about`.
struct NoticeAbout: Hashable, Sendable {
    var link: OneTimeLinkID?
    var code: LoginCodeID?
    /// The account that a test goes by.
    var provider: NoticeProviderID?
    /// What is looked at again just before it is told.
    var subject: NoticeSubject?

    init(
        link: OneTimeLinkID? = nil,
        code: LoginCodeID? = nil,
        provider: NoticeProviderID? = nil,
        subject: NoticeSubject? = nil
    ) {
        (self.link, self.code, self.provider, self.subject) = (link, code, provider, subject)
    }

    /// Reads it; what it does not know is passed over.
    init(json: String) throws(JSONError) {
        var members: [String: String] = [:]
        var reader = JSONReader(Array(json.utf8))
        try reader.readMembers { reader, key throws(JSONError) in
            if try reader.peek() == .string {
                members["\(key)"] = try reader.readString()
            } else {
                try reader.skipValue()
            }
        }
        self.init(
            link: members["link"].flatMap { OneTimeLinkID($0) },
            code: members["code"].flatMap { LoginCodeID($0) },
            provider: members["provider"].flatMap { NoticeProviderID($0) },
            subject: NoticeSubject(members: members)
        )
    }

    func json() -> String {
        var members = subject?.members ?? []
        if let link { members.append(("link", "\(link)")) }
        if let code { members.append(("code", "\(code)")) }
        if let provider { members.append(("provider", "\(provider)")) }
        var writer = JSONWriter()
        writer.beginObject()
        for (name, text) in members {
            writer.key(string: name)
            writer.value(text)
        }
        writer.endObject()
        return String(decoding: writer.finish(), as: UTF8.self)
    }
}
