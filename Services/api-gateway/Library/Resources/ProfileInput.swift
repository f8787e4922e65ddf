import Domain
import HTTPServer
import Persistence

/// A speed as a body says it: flat, as the columns are.
struct SpeedInput: Sendable {
    var download: Int64 = 0
    var upload: Int64 = 0
    var burstDownload, burstUpload, thresholdDownload, thresholdUpload: Int64?
    var burstSeconds: Int?
    var priority = 8
    var guaranteedDownload, guaranteedUpload: Int64?

    init() {}

    init(_ speed: SpeedProfile) {
        (download, upload) = (speed.rate.download, speed.rate.upload)
        (burstDownload, burstUpload) = (speed.burst?.rate.download, speed.burst?.rate.upload)
        (thresholdDownload, thresholdUpload) = (speed.burst?.threshold.download, speed.burst?.threshold.upload)
        burstSeconds = speed.burst?.seconds
        priority = speed.priority
        guaranteedDownload = speed.guaranteed.download == 0 ? nil : speed.guaranteed.download
        guaranteedUpload = speed.guaranteed.upload == 0 ? nil : speed.guaranteed.upload
    }

    /// Who takes both speeds of a burst away takes it away with its threshold and its time.
    mutating func prepare(for body: JSONValue) {
        guard case .object(let members) = body, members["burst_download_bps"]?.isNull == true,
            members["burst_upload_bps"]?.isNull == true
        else { return }
        (thresholdDownload, thresholdUpload, burstSeconds) = (nil, nil, nil)
    }

    /// Throws where a burst is half said. A threshold that is not said is the speed; a time, a second.
    func complete(at pointer: String) throws(Problem) -> SpeedProfile {
        var speed = SpeedProfile(
            rate: SpeedPair(download: download, upload: upload),
            priority: priority,
            guaranteed: SpeedPair(download: guaranteedDownload ?? 0, upload: guaranteedUpload ?? 0)
        )
        if let burstDownload, let burstUpload {
            speed.burst = SpeedProfile.Burst(
                rate: SpeedPair(download: burstDownload, upload: burstUpload),
                threshold: SpeedPair(download: thresholdDownload ?? download, upload: thresholdUpload ?? upload),
                seconds: burstSeconds ?? 1
            )
            return speed
        }
        let parts: [(name: String, isSaid: Bool)] = [
            ("burst_download_bps", burstDownload != nil), ("burst_upload_bps", burstUpload != nil),
            ("threshold_download_bps", thresholdDownload != nil), ("threshold_upload_bps", thresholdUpload != nil),
            ("burst_seconds", burstSeconds != nil),
        ]
        if let said = parts.first(where: \.isSaid) {
            throw .invalid(
                "\(pointer)/\(said.name)",
                "needs both burst_download_bps and burst_upload_bps",
                code: "conflicts"
            )
        }
        return speed
    }

    /// The members of a speed in a body of which it is a part.
    static func fields<Target: HasSpeed>() -> [InputField<Target>] {
        [
            InputField("download_bps", .speed, \Target.speed.download, isRequired: true),
            InputField("upload_bps", .speed, \Target.speed.upload, isRequired: true),
            InputField("burst_download_bps", .speed, clearable: \Target.speed.burstDownload),
            InputField("burst_upload_bps", .speed, clearable: \Target.speed.burstUpload),
            InputField("threshold_download_bps", .speed, clearable: \Target.speed.thresholdDownload),
            InputField("threshold_upload_bps", .speed, clearable: \Target.speed.thresholdUpload),
            InputField("burst_seconds", .whole(1...Int(Int32.max)), clearable: \Target.speed.burstSeconds),
            InputField("priority", .whole(1...8), \Target.speed.priority),
            InputField("guaranteed_download_bps", .speed, clearable: \Target.speed.guaranteedDownload),
            InputField("guaranteed_upload_bps", .speed, clearable: \Target.speed.guaranteedUpload),
        ]
    }
}

/// A body with a speed in it.
protocol HasSpeed {
    var speed: SpeedInput { get set }
}

/// A window as a body says it.
struct WindowInput: HasSpeed, Sendable {
    var days = Weekdays.all
    var start = 0
    var end = 0
    var speed = SpeedInput()

    static let shape = InputShape<WindowInput>(
        [
            InputField("days", .weekdays, \.days, isRequired: true),
            InputField("start", .clock, \.start, isRequired: true), InputField("end", .clock, \.end, isRequired: true),
        ] + SpeedInput.fields()
    )

    /// The windows of a list, each wrong member told by its place in it.
    static func windows(_ bodies: [JSONValue]) throws(Problem) -> [SpeedWindow] {
        var windows: [SpeedWindow] = []
        for (place, body) in bodies.enumerated() {
            var input = WindowInput()
            do throws(Problem) {
                try shape.apply(body, to: &input, isWhole: true)
            } catch {
                throw .invalid(
                    error.details.map {
                        Problem.Detail(field: "/windows/\(place)\($0.field)", code: $0.code, message: $0.message)
                    }
                )
            }
            windows.append(
                SpeedWindow(
                    days: input.days,
                    start: input.start,
                    end: input.end,
                    profile: try input.speed.complete(at: "/windows/\(place)")
                )
            )
        }
        return windows
    }
}

/// What a body says about a bandwidth profile.
struct ProfileInput: HasSpeed, Sendable {
    var tenant: TenantID?
    var profile: BandwidthProfile
    var speed: SpeedInput
    /// Nil where nothing is said: they stay.
    var windows: [JSONValue]?

    init(_ profile: BandwidthProfile) {
        self.profile = profile
        speed = SpeedInput(profile.speed)
    }

    mutating func apply(_ body: JSONValue, isWhole: Bool) throws(Problem) {
        speed.prepare(for: body)
        try (isWhole ? Self.creation : Self.change).apply(body, to: &self, isWhole: isWhole)
        profile.speed = try speed.complete(at: "")
        if let windows { profile.windows = try WindowInput.windows(windows) }
    }

    private static let common: [InputField<ProfileInput>] =
        [
            InputField("name", .text(100, minimum: 1), \.profile.name, isRequired: true),
            InputField("description", .text(10_000), \.profile.description),
        ] + SpeedInput.fields() + [
            InputField("queue_type", .text(200, minimum: 1), \.profile.queueType),
            InputField("parent_queue", .text(200, minimum: 1), clearable: \.profile.parentQueue),
            InputField("windows", .windows, said: \.windows),
        ]

    static let creation = InputShape(
        [InputField("tenant_id", .id(), clearable: \ProfileInput.tenant)] + common
    )
    static let change = InputShape(common)
}

extension InputField {
    /// A member that is nil until it is said, and cannot be taken away.
    init<Value>(
        _ name: String,
        _ kind: InputKind<Value>,
        said path: any WritableKeyPath<Target, Value?> & Sendable
    ) {
        self.init(
            name,
            InputKind<Value?>(kind.schema, kind.expectation) { value in kind.read(value).map { .some($0) } },
            path
        )
    }
}

extension InputKind where Value == [JSONValue] {
    /// Windows, each read by itself, so that what is wrong is told by its place.
    fileprivate static var windows: InputKind {
        let one = InputKind<JSONValue>(WindowInput.shape.schema(isWhole: true), "an object") { $0 }
        return one.list(SpeedWindow.most)
    }
}

extension InputKind where Value == Weekdays {
    static var weekdays: InputKind {
        InputKind(.text(minimum: 3, maximum: 60), "days such as mon-fri, sat,sun or all") {
            $0.text.flatMap { Weekdays($0) }
        }
    }
}

extension InputKind where Value == Int {
    /// Minutes after midnight.
    static var clock: InputKind {
        InputKind(
            .text(pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"),
            "a time of the day from 00:00 to 24:00"
        ) { $0.text.flatMap { SpeedWindow.minute(ofClock: $0) } }
    }
}
