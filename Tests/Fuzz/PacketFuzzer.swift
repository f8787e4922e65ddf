/// The entry that libFuzzer calls with octets of its own making. A violation ends the process, which libFuzzer records
/// with the octets that caused it.
@c(LLVMFuzzerTestOneInput)
public func fuzzOnePacket(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = unsafe [UInt8](UnsafeBufferPointer(start: data, count: size))
    if let problem = exercise.violation(in: input) { preconditionFailure(problem) }
    return 0
}

private let exercise = CodecExercise()
