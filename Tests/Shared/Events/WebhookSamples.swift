import Domain
import Events

/// What is told of endpoints.
enum WebhookSamples {
    private static let endpoint = WebhookEndpointID(Samples.id(41))

    static let events: [Samples.Sample] = [
        Samples.sample(
            "WebhookEndpointDisabled",
            WebhookEndpointDisabled(
                endpointID: endpoint,
                host: "hooks.example.net",
                reason: "failing",
                since: Samples.time + .seconds(-90),
                failures: .max,
                at: Samples.time
            ),
            bare: false
        ),
        Samples.sample(
            "WebhookEndpointDisabled.minimal",
            WebhookEndpointDisabled(endpointID: endpoint, host: "", reason: "", at: Samples.time)
        ),
    ]
}
