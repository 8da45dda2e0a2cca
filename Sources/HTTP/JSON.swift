package struct JSONParseError: Error {
    package let offset: Int
    package let reason: String
}
package indirect enum JSON: Sendable {
    case null, bool(Bool), number(String), string(String), array([JSON]), object([(key: String, value: JSON)])
    package init(parsing bytes: [UInt8]) throws { self = .null }
}
