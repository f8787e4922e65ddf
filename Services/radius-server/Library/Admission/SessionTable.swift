import Admission
import Domain
import Synchronization

/// This server's own view of who is online: what it admitted, and what NASes reported to it. Redis decides as long as it
/// answers; without it this view does (a second server's sessions are missing from it). Safe from any thread.
final class SessionTable: Sendable {
    /// One session.
    struct Entry: Sendable, Equatable {
        var device: DeviceKey
        var admission: UUID128
        var nas: UUID128
        /// Monotonic seconds.
        var since: UInt32
        var heardAt: UInt32
        /// When Redis was last told that it lives.
        var toldAt: UInt32
        /// It counts no more when it was not heard of for so many seconds.
        var lease: UInt32
        /// It was told to leave: it counts no more.
        var isLeaving = false

        /// Signed: another thread may have heard of it after this one looked at the clock.
        fileprivate func silence(at now: UInt32) -> Int { Int(Int32(bitPattern: now &- heardAt)) }
        fileprivate func counts(at now: UInt32) -> Bool { !isLeaving && silence(at: now) <= Int(lease) }
        fileprivate func isForgotten(at now: UInt32) -> Bool { silence(at: now) > 2 * Int(lease) }
    }

    /// What this view says to a newcomer.
    enum Verdict: Equatable {
        case free
        case full
        /// These must leave for it.
        case replaces([AdmissionResult.Replaced])
    }

    private struct Shard: Sendable {
        var services: [UUID128: [Entry]] = [:]
        var sessions = 0
    }

    private let shards: [Mutexed<Shard>]

    init(shards: Int = 64) {
        self.shards = (0..<shards).map { _ in Mutexed(Shard()) }
    }

    /// Sessions it holds.
    var count: Int { shards.reduce(0) { $0 + $1.state.withLock { $0.sessions } } }

    /// What the view says to `device`; nothing changes.
    func verdict(service: UUID128, device: DeviceKey, limit: Int, replaces: Bool, now: UInt32) -> Verdict {
        shard(service).state.withLock { shard in
            guard let entries = shard.services[service] else { return .free }
            var others: [Entry] = []
            for entry in entries where entry.counts(at: now) {
                if entry.device == device { return .free }
                others.append(entry)
            }
            guard others.count >= limit else { return .free }
            guard replaces else { return .full }
            others.sort { $0.since < $1.since }
            return .replaces(
                others.prefix(others.count - limit + 1).map { .init(admission: $0.admission, nas: $0.nas) }
            )
        }
    }

    /// A login was granted: its device's older session is gone, and what it replaces is leaving.
    func admit(service: UUID128, _ entry: Entry, replacing: [AdmissionResult.Replaced]) {
        shard(service).state.withLock { shard in
            var entries = shard.services[service] ?? []
            let before = entries.count
            entries.removeAll { $0.device == entry.device || $0.isForgotten(at: entry.heardAt) }
            for index in entries.indices where replacing.contains(where: { $0.admission == entries[index].admission }) {
                entries[index].isLeaving = true
            }
            entries.append(entry)
            shard.sessions += entries.count - before
            shard.services[service] = entries
        }
    }

    /// A NAS reported the session alive. True when Redis should be told: the session is new here, or it was told long ago.
    func hear(service: UUID128, _ heard: Entry, began: Bool) -> Bool {
        shard(service).state.withLock { shard in
            guard let index = Self.find(shard.services[service], heard.device, heard.admission),
                var entry = shard.services[service]?[index]
            else {
                shard.services[service, default: []].append(heard)
                shard.sessions += 1
                return true
            }
            entry.heardAt = heard.heardAt
            entry.lease = heard.lease
            let isNews = began || Int(Int32(bitPattern: heard.heardAt &- entry.toldAt)) > Int(entry.lease / 4)
            if isNews { entry.toldAt = heard.heardAt }
            shard.services[service]?[index] = entry
            return isNews
        }
    }

    /// A NAS reported the session's end.
    func end(service: UUID128, device: DeviceKey, admission: UUID128) {
        shard(service).state.withLock { shard in
            guard let index = Self.find(shard.services[service], device, admission) else { return }
            shard.services[service]?.remove(at: index)
            shard.sessions -= 1
            if shard.services[service]?.isEmpty == true { shard.services[service] = nil }
        }
    }

    /// What became of a grant: nil when its session ended. One that was told to leave has its addresses until it does.
    func state(service: UUID128, admission: UUID128) -> AdmissionClaim.State? {
        shard(service).state.withLock { shard in
            shard.services[service]?.first { $0.admission == admission }.map { $0.isLeaving ? .leaving : .pending }
        }
    }

    /// Forgets what was not heard of for twice its lease; looks at one of 64 parts, so call it now and then.
    func sweep(part: Int, now: UInt32) {
        shards[part % shards.count].state.withLock { shard in
            for (service, entries) in shard.services {
                let kept = entries.filter { !$0.isForgotten(at: now) }
                guard kept.count < entries.count else { continue }
                shard.sessions -= entries.count - kept.count
                shard.services[service] = kept.isEmpty ? nil : kept
            }
        }
    }

    /// By its grant; without one by its device.
    private static func find(_ entries: [Entry]?, _ device: DeviceKey, _ admission: UUID128) -> Int? {
        guard let entries else { return nil }
        return admission == .zero
            ? entries.firstIndex { $0.device == device } : entries.firstIndex { $0.admission == admission }
    }

    private func shard(_ service: UUID128) -> Mutexed<Shard> { shards[Int(service.low % UInt64(shards.count))] }
}

/// A lock with what it guards, as an array's element.
final class Mutexed<Value: Sendable>: Sendable {
    let state: Mutex<Value>
    init(_ value: Value) { state = Mutex(value) }
}
