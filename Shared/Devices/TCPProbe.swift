import Concurrency
package import Domain
import Glibc

/// Opens a TCP connection to each device's management port and closes it again: who takes it is there. Nothing is said on it, so that no
/// device notes a failed login.
///
/// All targets of one call are tried side by side on one thread of its own, and end together at the limit, however many are deaf. Names
/// are looked up before that on a few threads of their own, for as long as the resolver lets them: devices told by address do not wait
/// for the name service.
package final class TCPProbe: DeviceProbe {
    private let limit: Duration
    private let reachesLocal: Bool
    private let connector = WorkerPool(name: "device-connects", threads: 2)
    private let resolver = WorkerPool(name: "device-names", threads: 8)

    /// `reachesLocal` allows addresses of this machine and its links: for simulators only. A tenant says where his devices are, and
    /// whether something answers there is told to him.
    package init(limit: Duration, reachesLocal: Bool = false) {
        self.limit = limit
        self.reachesLocal = reachesLocal
    }

    deinit {
        connector.shutdown()
        resolver.shutdown()
    }

    package func check(_ targets: [DeviceTarget]) async -> [DeviceCheckResult] {
        var results = [DeviceCheckResult](repeating: .unchecked(.noResources), count: targets.count)
        let named = targets.indices.filter { targets[$0].isNamed }
        let plain = targets.indices.filter { !targets[$0].isNamed }
        await withTaskGroup(of: [(Int, DeviceCheckResult)].self) { group in
            for indices in [plain, named] where !indices.isEmpty {
                group.addTask { await self.check(indices, targets) }
            }
            for await found in group {
                for (index, result) in found { results[index] = result }
            }
        }
        return results
    }

    private func check(_ indices: [Int], _ targets: [DeviceTarget]) async -> [(Int, DeviceCheckResult)] {
        var found: [(Int, DeviceCheckResult)] = []
        var attempts: [ConnectAttempt] = []
        for (index, outcome) in await addresses(indices, targets) {
            switch outcome {
            case .failure(let end): found.append((index, end.result))
            case .success(let addresses):
                let allowed = addresses.filter { reachesLocal || !$0.isLocal }
                if allowed.isEmpty {
                    found.append((index, .unchecked(.localAddress)))
                } else {
                    attempts.append(ConnectAttempt(index: index, addresses: allowed, port: targets[index].port))
                }
            }
        }
        guard !attempts.isEmpty else { return found }
        let (tried, limit) = (attempts, limit)
        do {
            found += try await connector.run {
                var round = ConnectRound(tried, limit: limit)
                return round.run()
            }
        } catch {
            found += tried.map { ($0.index, DeviceCheckResult.unchecked(.noResources)) }
        }
        return found
    }

    private func addresses(
        _ indices: [Int],
        _ targets: [DeviceTarget]
    ) async -> [(Int, Result<[IPAddress], CheckEnded>)] {
        await withTaskGroup(of: (Int, Result<[IPAddress], CheckEnded>).self) { group in
            var found: [(Int, Result<[IPAddress], CheckEnded>)] = []
            for index in indices {
                switch targets[index].host {
                case .address(let address): found.append((index, .success([address])))
                case .name(let name):
                    group.addTask { [resolver] in
                        let outcome = try? await resolver.run { NameLookup.addresses(of: name) }
                        return (index, outcome ?? .failure(CheckEnded(.unchecked(.noResources))))
                    }
                }
            }
            for await outcome in group { found.append(outcome) }
            return found
        }
    }
}

extension DeviceTarget {
    fileprivate var isNamed: Bool { if case .name = host { true } else { false } }
}
