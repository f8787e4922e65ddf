internal import CNATS
internal import Concurrency

extension StreamInfo {
    init(_ info: UnsafePointer<jsStreamInfo>) {
        let state = unsafe info.pointee.State
        let text = unsafe info.pointee.Config.flatMap { unsafe $0.pointee.Name }
        name = unsafe text.map { unsafe String(cString: $0) } ?? ""
        createdMicroseconds = unsafe info.pointee.Created / 1_000
        firstSequence = unsafe state.FirstSeq
        lastSequence = unsafe state.LastSeq
        messages = unsafe state.Msgs
        bytes = unsafe state.Bytes
        lastTimeNanoseconds = unsafe state.LastTime
        lastTimeMicroseconds = lastTimeNanoseconds / 1_000
    }
}

extension ConsumerInfo {
    init(_ info: UnsafePointer<jsConsumerInfo>) {
        stream = unsafe info.pointee.Stream.map { unsafe String(cString: $0) } ?? ""
        name = unsafe info.pointee.Name.map { unsafe String(cString: $0) } ?? ""
        pending = unsafe info.pointee.NumPending
        acknowledgementsPending = unsafe Int(info.pointee.NumAckPending)
        redelivered = unsafe Int(info.pointee.NumRedelivered)
        acknowledgedThrough = unsafe info.pointee.AckFloor.Stream
        deliveredThrough = unsafe info.pointee.Delivered.Stream
    }
}

extension StreamSettings {
    /// As this package wants them.
    init(_ wanted: StreamConfiguration) {
        subjects = wanted.subjects
        retention = wanted.retention
        maximumAge = wanted.maximumAge?.wholeNanoseconds ?? 0
        maximumBytes = wanted.maximumBytes ?? -1
        replicas = Int64(wanted.replicas)
        duplicateWindow = wanted.duplicateWindow.wholeNanoseconds
        isFileStorage = true
        discardsNew = true
    }

    /// As the server has them.
    init(_ configuration: jsStreamConfig) {
        subjects = (0..<Int(unsafe configuration.SubjectsLen)).compactMap { index in
            unsafe configuration.Subjects[index].map { unsafe String(cString: $0) }
        }
        retention =
            switch unsafe configuration.Retention {
            case js_LimitsPolicy: .limits
            case js_WorkQueuePolicy: .workQueue
            default: nil
            }
        maximumAge = unsafe configuration.MaxAge
        maximumBytes = unsafe configuration.MaxBytes
        replicas = unsafe configuration.Replicas
        duplicateWindow = unsafe configuration.Duplicates
        isFileStorage = unsafe configuration.Storage == js_FileStorage
        discardsNew = unsafe configuration.Discard == js_DiscardNew
    }
}
