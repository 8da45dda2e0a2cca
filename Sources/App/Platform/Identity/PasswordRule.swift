import Crypto
import FoundationEssentials
import Loop
import Postgres
import Values

/// What a new password has to be: long, and nothing that everybody tries first. No rules about kinds of characters, and nothing is cut off.
package enum PasswordRule {
    package static let shortest = 12
    package static let longestBytes = 1024

    package enum Fault: String, Sendable, CaseIterable {
        case tooShort = "password_too_short"
        case tooLong = "password_too_long"
        /// One that guessers try first, a pattern of the keyboard, or one's own address.
        case common = "password_common"
    }

    package static func fault(_ password: String, email: String) -> Fault? {
        if password.count < shortest { return .tooShort }
        if password.utf8.count > longestBytes { return .tooLong }
        let plain = password.lowercased()
        let name = email.lowercased().split(separator: "@").first.map(String.init) ?? ""
        if plain == email.lowercased() { return .common }
        // What is left of it once digits, punctuation and well-known words are gone is what a guesser has to find.
        var rest = plain
        for word in (name.count >= 4 ? [name] : []) + words { rest = rest.replacing(word, with: "") }
        let own = rest.filter { !digitsAndSigns.contains($0) }
        if own.isEmpty, Set(plain).count < 8 || rest.count < 8 || isRun(rest) { return .common }
        if Set(plain).count < 4 || isRun(plain) || isRepeated(plain) { return .common }
        return nil
    }

    private static let digitsAndSigns = Set("0123456789!@#$%^&*()-_=+.,;:?/ ")
    private static let words = [
        "password", "passwort", "passw0rd", "p@ssw0rd", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwerty", "azerty", "1q2w3e4r5t6y",
        "1q2w3e4r5t", "qazwsxedc",
        "1q2w3e4r",
        "1qaz2wsx", "qazwsx", "1qaz", "2wsx", "zaq1", "letmein", "welcome", "iloveyou", "woaini", "administrator", "admin",
        "changeme", "secret", "trustno1",
        "football",
        "baseball", "sunshine", "princess", "superman", "dragon", "monkey", "master", "shadow", "michael", "hello", "login",
        "abc", "bursar",
        "portal", "computer", "internet", "test", "demo", "user", "root",
    ]

    /// Each character follows the one before, up or down.
    private static func isRun(_ text: String) -> Bool {
        let values = text.unicodeScalars.map { Int($0.value) }
        guard values.count > 3 else { return false }
        let steps = zip(values, values.dropFirst()).map { $1 - $0 }
        return Set(steps.map { $0 == -9 ? 1 : $0 == 9 ? -1 : $0 }).count == 1
    }

    /// The same few characters over and over.
    private static func isRepeated(_ text: String) -> Bool {
        let characters = Array(text)
        return (1...4).contains { length in
            characters.indices.allSatisfy { characters[$0] == characters[$0 % length] }
        }
    }
}

/// A new password that keeps the rule, hashed before the transaction that stores it.
package struct NewPassword: Sendable {
    fileprivate let phc: String

    /// Hashes off the loop.
    ///
    /// - Throws: `Failure.invalid` with `PasswordRule.Fault`'s code at `pointer`.
    package static func make(_ password: String, email: String, pointer: String = "/password", _ dependencies: Dependencies)
        async throws -> NewPassword
    {
        if let fault = PasswordRule.fault(password, email: email) {
            throw Failure.invalid([FieldError(pointer, fault.rawValue, ["minimum": String(PasswordRule.shortest)])])
        }
        return NewPassword(phc: try await dependencies.workers.run { try PasswordHash.make(password: password).phc })
    }
}

extension Write {
    /// Gives a person this password, as her first or in place of another, and ends her sessions but for `kept`. Audited; no letter is sent.
    package func setPassword(_ password: NewPassword, of user: UserID, email: String, keeping kept: SessionID? = nil) {
        enqueue(
            """
            insert into identity.sign_ins (email, tenant_id, user_id, password_hash, created_at) \
            values (\(email.lowercased()), \(tenant.id), \(user), \(password.phc), \(dependencies.realNow())) \
            on conflict (email, tenant_id) do update set password_hash = excluded.password_hash, failures = 0, locked_until = null
            """)
        endSessions(of: user, except: kept)
        audit("user.password_set", object: ("user", user.uuid))
    }
}
