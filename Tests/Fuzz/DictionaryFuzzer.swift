/// The entry that libFuzzer calls with octets of its own making, as a dictionary's files.
@c(LLVMFuzzerTestOneInput)
public func fuzzOneDictionary(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = unsafe [UInt8](UnsafeBufferPointer(start: data, count: size))
    if let problem = exercise?.violation(inDictionary: input) { preconditionFailure(problem) }
    return 0
}

private let exercise = DictionaryExercise()
