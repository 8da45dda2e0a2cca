/// The binds of a statement as the four arrays that libpq reads. Valid only during the call that handed them out.
struct Parameters {
    let types: UnsafePointer<UInt32>?
    let values: UnsafePointer<UnsafePointer<CChar>?>?
    let lengths: UnsafePointer<Int32>?
    let formats: UnsafePointer<Int32>?
}

extension SQL {
    /// The server counts binds in 16 bits.
    static let bindMaximum = 65_535

    func withParameters<R>(_ body: (Parameters) -> R) -> R {
        guard bindCount > 0 else { return body(Parameters(types: nil, values: nil, lengths: nil, formats: nil)) }
        let count = bindCount
        return payload.withUnsafeBytes { payload in
            // A bind of no bytes in a statement without payload still needs an address: NULL would mean NULL.
            withUnsafePointer(to: CChar(0)) { empty in
                withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
                    withUnsafeTemporaryAllocation(of: Int32.self, capacity: count * 3) { numbers in
                        for (index, bind) in binds.enumerated() {
                            let start = payload.baseAddress?.advanced(by: Int(bind.start)).assumingMemoryBound(to: CChar.self)
                            (values.baseAddress! + index).initialize(to: bind.length < 0 ? nil : start ?? empty)
                            (numbers.baseAddress! + index).initialize(to: max(0, bind.length))
                            (numbers.baseAddress! + count + index).initialize(to: 1)
                            (numbers.baseAddress! + 2 * count + index).initialize(to: Int32(bitPattern: bind.type.rawValue))
                        }
                        let numbers = numbers.baseAddress!
                        return (numbers + 2 * count).withMemoryRebound(to: UInt32.self, capacity: count) { types in
                            body(
                                Parameters(
                                    types: UnsafePointer(types), values: UnsafePointer(values.baseAddress!),
                                    lengths: UnsafePointer(numbers), formats: UnsafePointer(numbers + count)))
                        }
                    }
                }
            }
        }
    }
}
