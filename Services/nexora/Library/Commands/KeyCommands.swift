import Crypto

/// `key init`.
enum KeyCommands {
    static let all: [CommandSpec] = [
        CommandSpec(
            "key init",
            "Makes the keyring that seals secrets, readable by its owner only.",
            details: """
                The file is NEXORA_KEYRING_PATH, else .run/keyring. An existing one is never overwritten. Keep a copy in a safe
                place: without it nothing that was sealed can be opened again, in no backup either.
                """,
            examples: ["nexora key init", "NEXORA_KEYRING_PATH=/etc/nexora/keyring nexora key init"]
        ) { _, context in
            let path = try context.settings.keyringPath()
            do throws(KeyringError) {
                try Keyring.create(at: path)
            } catch {
                if case .exists = error { throw CommandFailure(.conflict, error.description) }
                throw CommandFailure(.failed, error.description)
            }
            var record = OutputRecord()
            record.add("keyring", .text(path))
            context.report.one(record)
        }
    ]
}
