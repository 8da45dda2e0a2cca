import App
import Client
import Testing

struct CatalogueTests {
    @Test("Every endpoint has a command, and no two have the same words")
    func everyEndpoint() {
        #expect(Set(Catalogue.commands.map(\.endpoint)) == Set(Endpoint.allCases))
        let words = Catalogue.commands.map(\.words)
        #expect(Set(words).count == words.count, "\(words.filter { word in words.filter { $0 == word }.count > 1 })")
    }

    @Test("A group with a command of its own name has no other")
    func groups() {
        for group in Catalogue.groups {
            let names = Catalogue.commands(of: group).map(\.name)
            #expect(names == [""] || !names.contains(""), "\(group)")
        }
    }

    @Test(
        "Commands are called what their operations are called",
        arguments: [
            (Endpoint.listSubscriptions, "subscriptions list"), (.suspendSubscription, "subscriptions suspend"),
            (.paySubscription, "subscriptions pay"), (.actOnSubscriptions, "subscriptions actions"),
            (.listSubscriptionEvents, "subscriptions list-events"), (.downloadUsageJSON, "subscriptions download-usage-json"),
            (.createAPIKey, "api-keys create"), (.getTestClock, "test-clock get"), (.receiveUsage, "usage-events send"),
            (.updateSwitches, "tenant-switches update"), (.verifyIdentity, "identity-requests verify"), (.me, "me"),
            (.healthz, "healthz"), (.search, "search"), (.setBankAccount, "bank-accounts set"),
        ])
    func names(_ endpoint: Endpoint, _ words: String) {
        #expect(Catalogue.commands.first { $0.endpoint == endpoint }?.words == words)
    }

    @Test("No field of an endpoint takes a name that would lead the key or the body elsewhere")
    func reserved() {
        for command in Catalogue.commands {
            for option in command.options {
                #expect(
                    !["--key", "--key-file", "--server", "--data", "--output", "--yes", "--dry-run"].contains(option.name),
                    "\(command.words) \(option.name)")
            }
            #expect(Set(command.options.map(\.name)).count == command.options.count, "\(command.words)")
        }
    }

    @Test("Help answers at every level with an example, and asks no server")
    func help() async throws {
        for words in [["-h"], ["help"], []] {
            let ran = try await Bench.run(words)
            #expect(ran.code == 0 && ran.output.contains("bursar api subscriptions suspend") && ran.chatter.isEmpty)
        }
        for group in Catalogue.groups {
            let ran = try await Bench.run([group, "--help"])
            #expect(ran.code == 0 && ran.output.contains("Example"), "\(group)")
        }
        for command in Catalogue.commands {
            let ran = try await Bench.run(command.words.split(separator: " ").map(String.init) + ["-h"])
            #expect(ran.code == 0 && ran.output.contains("bursar api \(command.words)"), "\(command.words)")
            for option in command.options { #expect(ran.output.contains(option.name), "\(command.words) \(option.name)") }
        }
        #expect(try await Bench.run(["request", "-h"]).output.contains("bursar api request METHOD PATH"))
    }
}
