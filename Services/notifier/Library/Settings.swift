package import Configuration
import Lifecycle

/// The settings of notifier; its README documents every key.
package struct Settings: Sendable {
    var databaseURL: Secret<String>
    var databaseRole: String
    var natsURL: Secret<String>
    /// Where the keyring is that opens what providers and receivers are spoken to with.
    var keyringPath: String
    /// Copies of each stream: 1 alone, 3 in a cluster.
    var replicas: Int
    var notices: NoticeSettings
    var webhooks: WebhookSettings

    /// Reads every key. The caller finishes the reader.
    package init(_ config: ConfigReader) {
        databaseURL = config.databaseURL("The database.")
        databaseRole = config.string(
            "database.role",
            default: "nexora_notifier",
            doc: "The role to step down to after connecting."
        )
        natsURL = config.natsURL()
        keyringPath = config.string(
            "keyring.path",
            default: "./.run/keyring",
            doc: "The keyring that opens what providers and receivers are spoken to with: a file of mode 0600."
        )
        replicas = config.streamReplicas()
        notices = NoticeSettings.read(config)
        webhooks = WebhookSettings.read(config)
    }
}
