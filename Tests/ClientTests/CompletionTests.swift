import App
import Client
import Testing

struct CompletionTests {
    private func words(_ typed: String...) -> [String] { Completion.candidates(typed, verbs: ["api", "serve", "completion"]) }

    @Test("Tab finds commands, verbs, options and the words of an option")
    func candidates() {
        #expect(words("a") == ["api"])
        #expect(words("completion", "") == ["bash", "zsh", "fish"])
        #expect(words("api", "subscr") == ["subscriptions"])
        #expect(words("api", "subscriptions", "sus") == ["suspend"])
        #expect(words("api", "subscriptions", "suspend", "sub_1", "--rea") == ["--reason"])
        #expect(words("api", "subscriptions", "suspend", "sub_1", "--reason", "o") == ["operator", "overdue"])
        #expect(words("api", "subscriptions", "list", "-o", "j") == ["json", "jsonl"])
        #expect(words("api", "listen", "--for").contains("--forward-to"))
        #expect(words("api", "nothing", "x").isEmpty && words("serve", "x").isEmpty)
    }

    @Test("Each shell has its script, and another has none")
    func scripts() {
        for shell in Completion.shells { #expect(Completion.script(shell)?.contains("bursar __complete") == true) }
        #expect(Completion.script("tcsh") == nil)
    }

    @Test(
        "A setting that is printed shows no secret",
        arguments: [
            ("BURSAR_DATABASE_URL", "postgresql://app:s3cret@db/bursar", "postgresql://app:****@db/bursar"),
            ("BURSAR_DATABASE_URL", "postgresql://db/bursar?password=s3cret", "****"),
            ("BURSAR_DATABASE_URL", "postgresql://db/bursar", "postgresql://db/bursar"),
            ("BURSAR_SECRETS_KEY", "00ff", "****"), ("BURSAR_SMTP_PASSWORD", "s3cret", "****"),
            ("BURSAR_SMTP_PASSWORD_FILE", "/run/secrets/smtp", "/run/secrets/smtp"),
            ("BURSAR_LISTEN", "0.0.0.0:80", "0.0.0.0:80"),
        ])
    func masks(_ variable: String, _ value: String, _ shown: String) {
        #expect(Configuration.settings.first { $0.variable == variable }?.masked(value) == shown)
    }
}
