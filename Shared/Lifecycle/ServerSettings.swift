package import Configuration

/// Where the servers are: keys that daemons share, with the defaults of `make up`.
extension ConfigReader {
    package func databaseURL(_ doc: String) -> Secret<String> {
        url(
            "database.url",
            default: "postgresql:///nexora",
            alias: "DATABASE_URL",
            schemes: ["postgresql", "postgres"],
            doc: doc
        )
    }

    package func natsURL() -> Secret<String> {
        url(
            "nats.url",
            default: "nats://127.0.0.1:4222",
            alias: "NATS_URL",
            schemes: ["nats", "tls"],
            doc: "The NATS servers."
        )
    }

    package func redisURL(_ doc: String) -> Secret<String> {
        url(
            "redis.url",
            default: "redis://127.0.0.1:6379",
            alias: "REDIS_URL",
            schemes: ["redis", "redis+sentinel"],
            doc: doc
        )
    }

    package func streamReplicas() -> Int {
        int("streams.replicas", default: 1, in: 1...5, doc: "Copies of each stream: 1 alone, 3 in a cluster.")
    }
}
