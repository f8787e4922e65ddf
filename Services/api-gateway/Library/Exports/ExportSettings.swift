package import Configuration
import ObjectStorage

/// Where files lie.
package struct StorageSettings: Sendable {
    var url: String
    var publicURL: String
    var bucket: String
    var region: String
    var accessKey: String
    var secretKey: Secret<String>
    var encrypts: Bool
    var authorities: String

    /// Reads its keys.
    package init(_ config: ConfigReader) {
        url = config.string(
            "storage.url",
            default: "",
            doc:
                "The object store, S3 or one that speaks its language, such as https://minio:9000; empty: there is none."
        )
        publicURL = config.string(
            "storage.public_url",
            default: "",
            doc: "The same as those who follow links reach it; empty: as storage.url."
        )
        bucket = config.string("storage.bucket", default: "nexora", doc: "The bucket; it must exist.")
        region = config.string("storage.region", default: "us-east-1", doc: "The bucket's region.")
        accessKey = config.string("storage.access_key", default: "", doc: "Whose secret key signs requests.")
        secretKey = config.secret("storage.secret_key", default: "", doc: "The secret key.")
        encrypts = config.bool(
            "storage.encrypt",
            default: true,
            doc: "Whether the store encrypts every object (SSE-S3); false for one that cannot."
        )
        authorities = config.string(
            "storage.authorities",
            default: "",
            doc: "A file with the PEM certificates that the store's is believed by; empty: the system's."
        )
    }

    /// For the store; nil where none is configured. Throws `ObjectStorageError` for what cannot be used.
    func configuration() throws -> ObjectStorageConfiguration? {
        guard !url.isEmpty else { return nil }
        var configuration = try ObjectStorageConfiguration(
            url: url,
            publicURL: publicURL.isEmpty ? nil : publicURL,
            bucket: bucket,
            region: region,
            accessKey: accessKey,
            secretKey: secretKey.revealed
        )
        configuration.encrypts = encrypts
        // Four attempts with their waits take less than a lease.
        configuration.limit = .seconds(20)
        return configuration
    }
}

/// How exports are carried out (EXP-03).
package struct ExportPolicy: Sendable {
    /// Under way at once in one gateway, and of one tenant in all of them.
    package var jobs = 2
    package var jobsPerTenant = 2
    /// Waiting and under way, of one user.
    package var openPerUser = 10
    /// How long a file is kept.
    package var keep: Duration = .seconds(7 * 86_400)
    /// How long whoever is at one has it: written anew every few seconds, taken over when it is over.
    package var lease: Duration = .seconds(120)
    /// Rows, or time, between two looks at whether whoever asked still may.
    package var rowsBetweenChecks = 5_000
    package var checkPeriod: Duration = .seconds(10)
    /// How often one is begun, and how long it rests behind a failure.
    package var attempts = 8
    package var rest: Duration = .seconds(60)
    /// How long a link opens a file.
    package var link: Duration = .seconds(300)
    /// Rows of a PDF, and of a spreadsheet that somebody waits for.
    package var pdfRows = 10_000
    package var spreadsheetRows = 50_000
    /// How often it is looked for work.
    package var poll: Duration = .seconds(2)
    /// How long rows are kept of which no file is left.
    package var remember: Duration = .seconds(90 * 86_400)

    package init() {}

    /// Reads its keys.
    package init(_ config: ConfigReader) {
        jobs = config.int("exports.jobs", default: 2, in: 1...32, doc: "Exports that one gateway carries out at once.")
        jobsPerTenant = config.int(
            "exports.jobs_per_tenant",
            default: 2,
            in: 1...32,
            doc: "Exports of one tenant that are under way at once, in all gateways."
        )
        keep = config.duration(
            "exports.keep",
            default: .seconds(7 * 86_400),
            in: .seconds(3_600)...Duration.seconds(366 * 86_400),
            doc: "How long a file that was exported is kept."
        )
        pdfRows = config.int(
            "exports.pdf_rows",
            default: 10_000,
            in: 1...100_000,
            doc: "Rows that a PDF has at most; a list with more is refused."
        )
        spreadsheetRows = config.int(
            "exports.xlsx_rows",
            default: 50_000,
            in: 1...1_048_575,
            doc: "Rows that a spreadsheet has at most that is not made in the background."
        )
    }
}
