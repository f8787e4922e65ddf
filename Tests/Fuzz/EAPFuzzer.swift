/// The entry that libFuzzer calls with octets of its own making: a script of EAP packets. A violation ends the process,
/// which libFuzzer records with the octets that caused it.
@c(LLVMFuzzerTestOneInput)
public func fuzzOneConversation(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let script = unsafe [UInt8](UnsafeBufferPointer(start: data, count: size))
    if let problem = exercise.violation(inScript: script) { preconditionFailure(problem) }
    return 0
}

private let exercise = EAPExercise()
