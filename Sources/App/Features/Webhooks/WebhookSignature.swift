import Crypto
import FoundationEssentials
import Values

/// The secret of one endpoint and what it signs, by the Standard Webhooks specification: HMAC-SHA-256 over `id.timestamp.body`.
package struct WebhookSecret: Sendable {
    static let prefix = "whsec_"
    private static let length = 32

    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// Reads `whsec_` and base64.
    package init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), let data = Data(base64Encoded: String(text.dropFirst(Self.prefix.count))),
            !data.isEmpty
        else { return nil }
        bytes = Array(data)
    }

    static func fresh(_ dependencies: Dependencies) -> WebhookSecret { WebhookSecret(bytes: dependencies.randomBytes(length)) }

    /// As it is shown once.
    package var text: String { Self.prefix + Data(bytes).base64EncodedString() }

    /// `v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=`
    package func signature(id: String, seconds: Int64, body: [UInt8]) -> String {
        let code = HMACSHA256.code(for: Array("\(id).\(seconds).".utf8) + body, key: bytes)
        return "v1,\(Data(code).base64EncodedString())"
    }

    // MARK: At rest

    func sealed(for endpoint: WebhookEndpointID, _ configuration: Configuration) throws -> [UInt8] {
        Sealing.seal(bytes, key: try SealingKey.of(configuration), context: Self.binding(endpoint))
    }

    init?(sealed: [UInt8], for endpoint: WebhookEndpointID, key: [UInt8]) {
        guard let bytes = Sealing.open(sealed, key: key, context: Self.binding(endpoint)) else { return nil }
        self.bytes = bytes
    }

    private static func binding(_ endpoint: WebhookEndpointID) -> [UInt8] { Array("webhook \(endpoint)".utf8) }
}
