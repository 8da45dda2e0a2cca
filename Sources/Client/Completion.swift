import App

/// Words for the shell's Tab key. The scripts ask the program itself, so they know every command that it has.
package enum Completion {
    package static let shells = ["bash", "zsh", "fish"]

    /// The script that a shell reads at its start.
    package static func script(_ shell: String) -> String? {
        switch shell {
        case "bash":
            """
            # bursar completion bash > ~/.local/share/bash-completion/completions/bursar
            _bursar() {
                local IFS=$'\\n'
                COMPREPLY=($(bursar __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
            }
            complete -o default -F _bursar bursar

            """
        case "zsh":
            """
            #compdef bursar
            # bursar completion zsh > "${fpath[1]}/_bursar"
            _bursar() {
                local -a found
                found=("${(@f)$(bursar __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
                if [[ -n "$found" ]]; then compadd -a found; else _files; fi
            }
            compdef _bursar bursar

            """
        case "fish":
            """
            # bursar completion fish > ~/.config/fish/completions/bursar.fish
            complete -c bursar -a '(bursar __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'

            """
        default: nil
        }
    }

    /// What may stand where the last of `words` stands; that one is what has been typed of it.
    package static func candidates(_ words: [String], verbs: [String]) -> [String] {
        let typed = words.last ?? ""
        return all(Array(words.dropLast()), typed, verbs: verbs).filter { $0.hasPrefix(typed) }
    }

    private static func all(_ before: [String], _ typed: String, verbs: [String]) -> [String] {
        guard let verb = before.first else { return verbs }
        if verb == "completion" { return before.count == 1 ? shells : [] }
        guard verb == "api" else { return [] }
        let plain = before.dropFirst().filter { !$0.hasPrefix("-") }
        guard let group = plain.first else { return Catalogue.groups + ClientProgram.extra }
        let commands = Catalogue.commands(of: group)
        guard
            let command = commands.first(where: { $0.name.isEmpty })
                ?? plain.dropFirst().first.flatMap({ Catalogue.find($0, in: group) })
        else {
            let own = group == "listen" ? Listen.options : group == "request" ? RawRequest.options : []
            return typed.hasPrefix("-") ? own.map(\.name) + common : commands.map(\.name)
        }
        return values(of: before.last ?? "", command)
            ?? (typed.hasPrefix("-") ? command.options.map(\.name) + command.furtherOptions.map(\.name) + common : [])
    }

    private static let common = CommonOption.all.map(\.name)

    /// The words that an option takes, where it takes some; none for one whose value nobody can guess.
    private static func values(of name: String, _ command: Command) -> [String]? {
        if ["-o", "--format"].contains(name) { return OutputFormat.allCases.map(\.rawValue) }
        guard let option = command.options.first(where: { $0.name == name }) else { return nil }
        switch option.schema.resolved {
        case .word(let words): return words
        case .boolean: return ["true", "false"]
        default: return []
        }
    }
}
