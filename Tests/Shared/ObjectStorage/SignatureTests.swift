import AWSSigning
import Crypto
import ObjectStorage
import SharedTesting
import Testing
import WireFormat

/// The examples that AWS publishes: "Signature Calculations for the Authorization Header" and "Authenticating Requests: Using Query
/// Parameters" of the S3 API Reference, and get-vanilla of the Signature Version 4 test suite.
@Suite(.proves("PLT-27")) struct SignatureTests {
    static let signer = SignatureV4(
        accessKey: "AKIAIOSFODNN7EXAMPLE",
        secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        region: "us-east-1"
    )
    /// 2013-05-24T00:00:00Z.
    static let time = SigningTime(secondsSince1970: 1_369_353_600)
    static let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    struct Example: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let request: SignableRequest
        let signature: String

        init(
            _ name: String,
            _ method: String,
            _ path: String,
            query: [URLItem] = [],
            headers: [URLItem] = [],
            payload: String = SignatureTests.empty,
            _ signature: String
        ) {
            testDescription = name
            request = SignableRequest(
                method,
                path,
                query: query,
                headers: headers + [
                    URLItem("Host", "examplebucket.s3.amazonaws.com"), URLItem("x-amz-content-sha256", payload),
                    URLItem("x-amz-date", "20130524T000000Z"),
                ],
                payload: payload
            )
            self.signature = signature
        }
    }

    static let examples = [
        Example(
            "GET object",
            "GET",
            "/test.txt",
            headers: [URLItem("Range", "bytes=0-9")],
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        ),
        Example(
            "PUT object",
            "PUT",
            "/test%24file.text",
            headers: [
                URLItem("Date", "Fri, 24 May 2013 00:00:00 GMT"),
                URLItem("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
            payload: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        ),
        Example(
            "GET bucket lifecycle",
            "GET",
            "/",
            query: [URLItem("lifecycle", "")],
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        ),
        Example(
            "list objects",
            "GET",
            "/",
            query: [URLItem("prefix", "J"), URLItem("max-keys", "2")],
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        ),
    ]

    @Test(arguments: examples) func `published examples have their published signatures`(example: Example) {
        #expect(Self.signer.signature(example.request, at: Self.time) == example.signature)
        let authorization = Self.signer.authorization(example.request, at: Self.time)
        #expect(authorization.hasSuffix("Signature=\(example.signature)"))
        #expect(
            authorization.hasPrefix(
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders="
            )
        )
    }

    @Test func `the body of the published PUT has its published digest`() {
        let digest = Hex.encode(Digest.sha256(Array("Welcome to Amazon S3.".utf8)))
        #expect(digest == "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072")
    }

    @Test func `get-vanilla of the test suite`() {
        let signer = SignatureV4(
            accessKey: "AKIDEXAMPLE",
            secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "service"
        )
        let request = SignableRequest(
            "GET",
            "/",
            headers: [URLItem("Host", "example.amazonaws.com"), URLItem("X-Amz-Date", "20150830T123600Z")],
            payload: Self.empty
        )
        let time = SigningTime(secondsSince1970: 1_440_938_160)
        #expect(time.text == "20150830T123600Z")
        #expect(
            signer.signature(request, at: time) == "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        )
    }

    @Test func `the published link has its published signature`() {
        let query = Self.signer.presigned(
            "GET",
            host: "examplebucket.s3.amazonaws.com",
            path: "/test.txt",
            items: [],
            seconds: 86_400,
            at: Self.time
        )
        #expect(
            query
                == "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        )
    }

    @Test(arguments: [
        (0, "19700101T000000Z"), (951_782_400, "20000229T000000Z"), (1_709_251_199, "20240229T235959Z"),
        (4_102_444_800, "21000101T000000Z"), (-1, "19691231T235959Z"),
    ]) func `seconds are written as signatures want them`(seconds: Int64, text: String) {
        #expect(SigningTime(secondsSince1970: seconds).text == text)
    }

    @Test(arguments: ["", "/a", "a/", "a//b", "../a", "a/./b", "a b", "ä", "a?b", String(repeating: "a", count: 1_025)])
    func `what is no key is none`(text: String) {
        #expect(ObjectKey(text) == nil)
    }
}
