/// Something that is made once, however many tests ask at the same time. Where making it failed, the next who asks tries again.
actor Once<Value: Sendable> {
    private var made: Value?
    private var isMaking = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func value(_ make: @Sendable () async throws -> Value) async throws -> Value {
        while isMaking { await withCheckedContinuation { waiting.append($0) } }
        if let made { return made }
        isMaking = true
        defer {
            isMaking = false
            for continuation in waiting { continuation.resume() }
            waiting = []
        }
        let value = try await make()
        made = value
        return value
    }
}
