internal import Admission
internal import Concurrency
internal import Domain
internal import Glibc
internal import Redis

/// Asks Redis for addresses as radius-server's packet thread does, by its own calls: what the allocation alone can do.
package enum AdmissionLoad {
    /// REDIS_URL names an empty database, the first argument how many services ask. Prints one JSON object; ends with 1 when
    /// an address came twice or not at all.
    package static func run() async -> Int32 {
        guard let url = unsafe getenv("REDIS_URL").map({ unsafe String(cString: $0) }),
            CommandLine.arguments.count == 2, let count = Int(CommandLine.arguments[1]), count > 0
        else { return end(64, "usage: REDIS_URL=... admission-load COUNT") }
        do {
            let place = try RedisPlace(url)
            let locator = RedisLocator(place)
            _ = try await locator.locate()
            // No leases are to be loaded: nobody has an address.
            try await AdmissionKeeper(place).setReady(UUID128(high: 1, low: 1))
            let run = try AdmissionRun(AdmissionLink(locator: locator, settings: .init()), count: count)
            print(try run.finish())
            return run.twice == 0 && run.isDone ? 0 : 1
        } catch {
            return end(1, "admission-load: \(error)")
        }
    }

    private static func end(_ code: Int32, _ text: String) -> Int32 {
        let line = Array((text + "\n").utf8)
        _ = unsafe write(STDERR_FILENO, line, line.count)
        return code
    }
}
