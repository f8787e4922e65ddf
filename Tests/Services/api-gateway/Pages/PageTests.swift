import Domain
import FoundationEssentials
import HTTPServer
import SharedTesting
import Testing

@testable import APIGateway

@Suite(.proves("SEC-05")) struct PageTests {
    private static let folder = GatewayWorld.checkout + "/Services/web"

    @Test func `the pages are served as files that may do nothing but what files of this server say`() async throws {
        let world = try await GatewayWorld.shared()
        let page = try await world.send("GET", "/")
        #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
        for file in try WebFolder(Self.folder).files where file.path.hasPrefix("assets/") {
            let answer = try await world.send("GET", "/" + file.path)
            #expect(answer.status == 200 && answer.body == file.octets, "\(file.path)")
            #expect(answer.headers["content-type"] == file.contentType)
        }
        let policy = try #require(page.headers["content-security-policy"])
        #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("http"))
        #expect(page.headers["x-content-type-options"] == "nosniff")
        let tag = try #require(page.headers["etag"])
        #expect(try await world.send("GET", "/", headers: ["If-None-Match": tag]).status == 304)
        for path in ["/assets/none.js", "/assets/", "/assets/../Package.swift", "/assets/scripts", "/README.md"] {
            #expect([400, 404].contains(try await world.send("GET", path).status), "\(path)")
        }
    }

    @Test func `no page holds anything inline, or from another host`() throws {
        for file in try WebFolder(Self.folder).files {
            let text = String(decoding: file.octets, as: UTF8.self)
            // The names of XML's vocabularies are no addresses that anybody asks.
            let plain = text.replacing("http://www.w3.org/2000/svg", with: "")
            #expect(
                !plain.contains("http://") && !plain.contains("https://") && !plain.contains("url(//"),
                "\(file.path)"
            )
            #expect(
                !text.contains("innerHTML") && !text.contains("insertAdjacentHTML") && !text.contains("eval("),
                "\(file.path)"
            )
            guard file.path.hasSuffix(".html") else { continue }
            #expect(!text.contains("style=") && !text.contains("<style") && !text.contains(" on"), "\(file.path)")
            #expect(text.matches(of: /<script[^>]*>/).allSatisfy { $0.output.contains("src=\"/assets/") })
        }
    }

    @Test func `every module that is imported is there`() throws {
        let files = Set(try WebFolder(Self.folder).files.map(\.path))
        for file in try WebFolder(Self.folder).files where file.path.hasSuffix(".js") {
            let home = file.path.split(separator: "/").dropLast()
            for match in String(decoding: file.octets, as: UTF8.self).matches(of: /from "(\.[^"]+)"/) {
                var place = Array(home)
                for part in match.output.1.split(separator: "/") where part != "." {
                    if part == ".." { place.removeLast() } else { place.append(part) }
                }
                #expect(files.contains(place.joined(separator: "/")), "\(file.path): \(match.output.1)")
            }
        }
    }

    @Test func `a folder without pages, or with a file of no type, is refused`() throws {
        let directory = try TemporaryDirectory()
        #expect(throws: WebFolder.Fault.self) { try WebFolder(directory.path) }
        #expect(throws: WebFolder.Fault.self) { try WebFolder(directory.path + "/none") }
        try Data("<p>".utf8).write(to: URL(filePath: directory.path + "/index.html"))
        #expect(try WebFolder(directory.path).files.map(\.path) == ["index.html"])
        try Data("x".utf8).write(to: URL(filePath: directory.path + "/notes.md"))
        #expect(try WebFolder(directory.path).files.count == 1)
        try Data("x".utf8).write(to: URL(filePath: directory.path + "/program.exe"))
        #expect(throws: WebFolder.Fault.self) { try WebFolder(directory.path) }
    }
}

@Suite(.proves("IAM-02", "IAM-05", "SEC-06")) struct BrowserSessionTests {
    private func signIn(_ world: GatewayWorld) async throws -> (answer: Answer, cookie: String) {
        let user = try await world.user(.support, "browser-\(world.parts.ids.uuid())")
        let body = "{\"tenant\":\"one\",\"email\":\"\(user.email)\",\"password\":\"\(GatewayWorld.password)\"}"
        let answer = try await world.send("POST", "/api/v1/auth/browser/login", body)
        try #require(answer.status == 200, "\(answer.text)")
        let line = try #require(answer.headers["set-cookie"])
        for word in ["HttpOnly", "SameSite=Strict", "Path=/api/v1/auth/browser"] {
            #expect(line.contains(word), "\(line)")
        }
        return (answer, String(line.prefix { $0 != ";" }))
    }

    private func post(_ world: GatewayWorld, _ act: String, _ headers: [String: String]) async throws -> Answer {
        try await world.send("POST", "/api/v1/auth/browser/\(act)", "{}", headers: headers)
    }

    @Test func `a page gets its access token, and its refresh token in a cookie alone`() async throws {
        let world = try await GatewayWorld.shared()
        let (answer, cookie) = try await signIn(world)
        #expect(answer["data.access_token"]?.text != nil && answer["data.user.role"]?.text == "support")
        #expect(answer["data.refresh_token"] == nil)
        #expect(!answer.text.contains(cookie.drop { $0 != "=" }.dropFirst()))
    }

    @Test func `the cookie renews once, and what came twice ends the session without a word`() async throws {
        let world = try await GatewayWorld.shared()
        let (_, first) = try await signIn(world)
        let renewed = try await post(world, "refresh", ["Cookie": first])
        #expect(renewed.status == 200 && renewed["data.refresh_token"] == nil)
        let second = String(try #require(renewed.headers["set-cookie"]).prefix { $0 != ";" })
        #expect(second != first)
        let token = try #require(renewed["data.access_token"]?.text)
        #expect(
            try await world.send("GET", "/api/v1/auth/me", headers: ["Authorization": "Bearer \(token)"]).status == 200
        )
        let again = try await post(world, "refresh", ["Cookie": first])
        #expect(again.status == 204 && again.headers["set-cookie"]?.contains("Max-Age=0") == true)
        #expect(try await post(world, "refresh", ["Cookie": second]).status == 204)
    }

    @Test func `without a cookie there is no session, and nothing went wrong`() async throws {
        let world = try await GatewayWorld.shared()
        #expect(try await post(world, "refresh", [:]).status == 204)
        #expect(try await post(world, "refresh", ["Cookie": "nexora_refresh=nonsense"]).status == 204)
        #expect(try await post(world, "logout", [:]).status == 204)
    }

    @Test func `signing out ends the session and forgets the cookie`() async throws {
        let world = try await GatewayWorld.shared()
        let (answer, cookie) = try await signIn(world)
        let out = try await post(world, "logout", ["Cookie": cookie])
        #expect(out.status == 204 && out.headers["set-cookie"]?.contains("Max-Age=0") == true)
        #expect(try await post(world, "refresh", ["Cookie": cookie]).status == 204)
        let token = try #require(answer["data.access_token"]?.text)
        #expect(
            try await world.send("GET", "/api/v1/auth/me", headers: ["Authorization": "Bearer \(token)"]).status == 401
        )
    }

    @Test(arguments: [
        ["Sec-Fetch-Site": "cross-site"], ["Sec-Fetch-Site": "same-site"], ["Origin": "https://evil.example"],
        ["Origin": "null"],
    ])
    func `no page of another site gets a token by the cookie`(headers: [String: String]) async throws {
        let world = try await GatewayWorld.shared()
        let (_, cookie) = try await signIn(world)
        for act in ["refresh", "logout", "login"] {
            #expect(try await post(world, act, headers.merging(["Cookie": cookie]) { $1 }).status == 403, "\(act)")
        }
        // A form of another site cannot say that it sends JSON.
        let form = ["Cookie": cookie, "Content-Type": "text/plain"]
        #expect(try await post(world, "refresh", form).status == 415)
        #expect(try await post(world, "refresh", ["Cookie": cookie]).status == 200)
    }
}
