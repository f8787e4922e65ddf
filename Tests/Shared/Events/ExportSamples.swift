import Domain
import Events

/// What becomes of files that somebody asked for.
enum ExportSamples {
    static let events: [Samples.Sample] = [
        Samples.sample(
            "ExportCompleted",
            ExportCompleted(
                exportID: ExportID(Samples.id(21)),
                userID: UserID(Samples.id(22)),
                entity: "customers",
                format: "csv",
                rows: 4_294_967_296,
                octets: 9_007_199_254_740_993,
                expiresAt: Samples.time
            ),
            bare: false
        ),
        Samples.sample(
            "ExportCompleted.minimal",
            ExportCompleted(
                exportID: ExportID(Samples.id(21)),
                userID: UserID(Samples.id(22)),
                entity: "customers",
                format: "ndjson",
                rows: 0,
                octets: 0,
                expiresAt: .epoch
            )
        ),
        Samples.sample(
            "ExportFailed",
            ExportFailed(
                exportID: ExportID(Samples.id(21)),
                userID: UserID(Samples.id(22)),
                entity: "customers",
                format: "csv",
                reason: "forbidden"
            ),
            bare: false
        ),
    ]
}
