import Billing
import Testing
import Values

@Suite struct KeyRuleTests {
    private static let free = KeyBounds([])

    @Test(arguments: KeyBounds.Bound.allCases)
    func `a key that is bound by anything manages no key, and replaces itself only`(bound: KeyBounds.Bound) {
        let asker = KeyBounds([bound])
        for deed in KeyDeed.allCases {
            for isItself in [true, false] {
                let expected: KeyRefusal? = isItself && deed == .replace ? nil : .boundKeyManagesNone
                #expect(
                    KeyRule.refusal(deed, by: asker, isItself: isItself, on: KeyStanding()) == expected, "\(deed) \(isItself)")
            }
        }
    }

    @Test func `scopes open what they name, and of itself the end and the replacement`() {
        let narrow: Set<String> = ["orders:read"]
        for endsOrReplacesItself in [true, false] {
            let isOpen = { KeyRule.isOpen(to: $0, needing: $1, endsOrReplacesItself: endsOrReplacesItself) }
            #expect(isOpen(nil, "api-keys:write") && isOpen(narrow, "orders:read") && isOpen(narrow, nil) && isOpen([], nil))
            #expect(isOpen(narrow, "api-keys:write") == endsOrReplacesItself)
            #expect(isOpen([], "orders:read") == endsOrReplacesItself)
        }
    }

    @Test func `a bound is whatever is set, however wide`() {
        #expect(!KeyBounds(scopes: nil, expiresAt: nil, addresses: nil, rateLimit: nil).isBound)
        #expect(KeyBounds(scopes: ["orders:read"], expiresAt: nil, addresses: nil, rateLimit: nil).isBound)
        #expect(KeyBounds(scopes: nil, expiresAt: Instant(microseconds: 0), addresses: nil, rateLimit: nil).isBound)
        #expect(KeyBounds(scopes: nil, expiresAt: nil, addresses: ["10.0.0.0/8"], rateLimit: nil).isBound)
        #expect(KeyBounds(scopes: nil, expiresAt: nil, addresses: nil, rateLimit: 1_000_000).isBound)
    }

    @Test func `no key changes its own bounds; its name it may, and others' bounds too`() {
        #expect(KeyRule.refusal(.changeBounds, by: Self.free, isItself: true, on: KeyStanding()) == .keyCannotChangeItself)
        #expect(KeyRule.refusal(.rename, by: Self.free, isItself: true, on: KeyStanding()) == nil)
        #expect(KeyRule.refusal(.replace, by: Self.free, isItself: true, on: KeyStanding()) == nil)
        for deed in KeyDeed.allCases {
            #expect(KeyRule.refusal(deed, by: Self.free, isItself: false, on: KeyStanding()) == nil)
            #expect(KeyRule.refusal(deed, by: nil, isItself: false, on: KeyStanding()) == nil)
        }
        #expect(KeyRule.refusal(.make, by: nil, isItself: false, on: nil) == nil)
        #expect(KeyRule.refusal(.make, by: Self.free, isItself: false, on: nil) == nil)
    }

    @Test func `what has ended or was replaced stays as it is, for whoever asks`() {
        for asker in [nil, Self.free] {
            for deed in [KeyDeed.rename, .changeBounds, .replace] {
                #expect(
                    KeyRule.refusal(deed, by: asker, isItself: false, on: KeyStanding(isRevoked: true, isExpired: true))
                        == .revoked)
                #expect(
                    KeyRule.refusal(deed, by: asker, isItself: false, on: KeyStanding(isExpired: true, isReplaced: true))
                        == .expired)
                let replaced = KeyRule.refusal(deed, by: asker, isItself: false, on: KeyStanding(isReplaced: true))
                #expect(replaced == (deed == .replace ? nil : .replaced))
            }
        }
    }
}
