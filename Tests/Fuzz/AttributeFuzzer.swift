/// The entry that libFuzzer calls with octets of its own making, as a packet's attributes.
@c(LLVMFuzzerTestOneInput)
public func fuzzAttributes(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = unsafe [UInt8](UnsafeBufferPointer(start: data, count: size))
    guard let exercise else { preconditionFailure("the dictionary of the exercise cannot be read") }
    if let problem = exercise.violation(inAttributes: input) { preconditionFailure(problem) }
    return 0
}

private let exercise = DictionaryExercise()
