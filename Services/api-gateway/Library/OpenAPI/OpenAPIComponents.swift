import WireFormat

/// What operations share.
enum OpenAPIComponents {
    static let problem = Schema.object(
        [
            .init("type", .text()), .init("title", .text()), .init("status", .integer(400...599)),
            .init("detail", .text(), isRequired: false), .init("instance", .text(), isRequired: false),
            .init("trace_id", .text(), isRequired: false),
            .init(
                "error",
                .object([
                    .init("code", .text()), .init("message", .text()),
                    .init(
                        "details",
                        .list(.object([.init("field", .text()), .init("code", .text()), .init("message", .text())]))
                    ),
                ])
            ),
            // Of challenge_required alone.
            .init(
                "challenge",
                .object([
                    .init("algorithm", .choice(["SHA-256"])), .init("challenge", .text()),
                    .init("maxnumber", .integer(0...1_000_000_000)), .init("salt", .text()),
                    .init("signature", .text()),
                ]),
                isRequired: false
            ),
        ]
    )

    static let pageMeta = Schema.object([
        .init("perPage", .integer(1...100)), .init("next", .nullable(.text())),
        .init("total", .integer(0...Int64.max), isRequired: false),
    ])

    static func write(to json: inout JSONWriter) {
        json.key("components")
        json.beginObject()
        json.key("schemas")
        json.beginObject()
        json.key("Problem")
        problem.write(to: &json)
        json.key("PageMeta")
        pageMeta.write(to: &json)
        json.endObject()
        json.key("responses")
        json.beginObject()
        json.key("TooLong")
        json.beginObject()
        json.pair("description", "The target or the header fields are longer than is read.")
        json.endObject()
        json.key("Problem")
        json.beginObject()
        json.pair("description", "What went wrong (RFC 9457).")
        json.key("content")
        json.beginObject()
        json.key("application/problem+json")
        json.beginObject()
        json.key("schema")
        Schema.component("Problem").write(to: &json)
        json.endObject()
        json.endObject()
        json.endObject()
        json.endObject()
        writeSchemes(to: &json)
        json.endObject()
    }

    private static func writeSchemes(to json: inout JSONWriter) {
        json.key("securitySchemes")
        json.beginObject()
        json.key("bearer")
        json.beginObject()
        json.pair("type", "http")
        json.pair("scheme", "bearer")
        json.pair("bearerFormat", "JWT")
        json.endObject()
        json.key("apiKey")
        json.beginObject()
        json.pair("type", "apiKey")
        json.pair("in", "header")
        json.pair("name", "X-API-Key")
        json.endObject()
        json.endObject()
    }
}
