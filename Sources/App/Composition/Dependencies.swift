import Crypto
import FoundationEssentials
import Loop
import Postgres
import Values

/// Everything that the app takes from outside, as plain values passed on from one composition root: time, randomness, database, logs.
package struct Dependencies: Sendable {
    /// Real time. Business time is the tenant's: `Write.now`.
    package var realNow: @Sendable () -> Instant
    package var randomBytes: @Sendable (Int) -> [UInt8]
    package var database: Database
    package var workers: LoopWorkers
    package var log: Log
    package var configuration: Configuration
    /// The number of the newest migration that this program knows.
    package var schemaNumber: Int
    /// Milliseconds of a clock that only goes forward, for what is counted per minute of real time.
    package var monotonicMilliseconds: @Sendable () -> Int64 = Instance.monotonicMilliseconds
    package var gateways = PaymentGateways.standard
    package var guesses = SignInGuesses()
    package let names = RandomNames()
    let webhookAttempts = WebhookAttempts()

    package func randomWords() -> (UInt64, UInt64) {
        let bytes = randomBytes(16)
        func word(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
        return (word(0..<8), word(8..<16))
    }

    /// A new UUIDv7. It carries real time, so that keys of a test clock's rows stay in the order in which they were made.
    package func newID<Tag: IDTag>(_ type: ID<Tag>.Type = ID<Tag>.self) -> ID<Tag> { ID(at: realNow(), random: randomWords()) }
}
