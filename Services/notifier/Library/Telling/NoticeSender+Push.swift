import Concurrency
import Domain
import Notices
import Observability
import Persistence

/// A device that is pushed to, with its token in clear.
struct OpenedDevice: Sendable {
    let id: PushTokenID
    let token: String
}

extension NoticeSender {
    /// The most devices that one notice is pushed to.
    static let devices = 5

    /// The recipient's devices. One that the keyring does not open is passed over.
    func openDevices(of notice: ClaimedNotice) async throws(StorageFault) -> [OpenedDevice] {
        var opened: [OpenedDevice] = []
        for target in try await reading.devices(of: notice, limit: Self.devices) {
            if let token = try? openDevice(target, notice.tenantID) {
                opened.append(OpenedDevice(id: target.id, token: token))
            } else {
                logger.error("the keyring does not open a device's token", ["device": .string("\(target.id)")])
            }
        }
        return opened
    }

    /// Hands it over: to each of its devices within the same time where it has some. It was sent where one of them has it; devices that are
    /// none any more are forgotten.
    func send(
        _ prepared: PreparedNotice,
        of notice: ClaimedNotice,
        by provider: any NoticeProvider
    ) async -> SendOutcome {
        guard !prepared.devices.isEmpty else { return await provider.send(prepared.message, within: limit) }
        let deadline = Deadline.after(limit)
        var (gone, answers): ([PushTokenID], [SendOutcome]) = ([], [])
        for device in prepared.devices where !deadline.hasPassed {
            var message = prepared.message
            message.address = device.token
            let outcome = await provider.send(message, within: deadline.remaining)
            answers.append(outcome)
            if case .refused(let reason, _) = outcome, Self.endsDevice(reason) { gone.append(device.id) }
            // The others would hear the same.
            if case .outage = outcome { break }
        }
        if !gone.isEmpty { await forget(gone, notice) }
        return Self.whole(answers)
    }

    /// The application was removed there, or it is another's.
    static func endsDevice(_ reason: String) -> Bool {
        ["token_gone", "token_invalid", "token_foreign"].contains(reason)
    }

    /// What the answers of all devices say of the notice: it is with somebody where one took it, and may be where nobody knows.
    static func whole(_ answers: [SendOutcome]) -> SendOutcome {
        func rank(_ outcome: SendOutcome) -> Int {
            switch outcome {
            case .accepted: 0
            case .unknown: 1
            case .outage: 2
            case .failed: 3
            case .refused: 4
            }
        }
        return answers.min { rank($0) < rank($1) } ?? .outage(reason: "timeout", detail: nil, after: nil)
    }

    private func forget(_ gone: [PushTokenID], _ notice: ClaimedNotice) async {
        do throws(StorageFault) {
            try await reading.forget(gone, in: notice.tenantID)
        } catch {
            // The provider says it again the next time.
            logger.warn("devices that are gone are not forgotten yet", ["error": .string(error.reason)])
        }
    }
}
