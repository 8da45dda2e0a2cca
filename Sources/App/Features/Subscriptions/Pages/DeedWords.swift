/// What a deed on many comes to (L1): it turns the state of some; to others it only adds a reason, or lifts one of several.
package struct DeedWords: Sendable {
    /// `cancel`, `suspend` or `reactivate`.
    package let deed: String
    /// Those whose state changes.
    package let turned: Int
    /// Those that were suspended before and stay so.
    package let others: Int

    package init(_ deed: String, turned: Int, others: Int) {
        self.deed = deed
        self.turned = turned
        self.others = others
    }

    package var count: Int { turned + others }

    /// The button's words: what happens, and to how many.
    package func words(_ t: Localiser) -> String { phrase("deed.\(deed)", t) }

    package func question(_ t: Localiser) -> String { t("deed.ask", ["deed": words(t)]) }

    package func question(of name: String, _ t: Localiser) -> String { t("deed.ask_of", ["deed": words(t), "name": name]) }

    /// Afterwards.
    package func done(_ t: Localiser) -> String {
        deed == "reactivate" ? phrase("deed.done_reactivate", t) : t("many.done_\(deed)", ["count": t.number(count)])
    }

    private func phrase(_ key: String, _ t: Localiser) -> String {
        let form = others == 0 ? key : turned == 0 ? "\(key)_more" : "\(key)_both"
        return t(form, ["turned": t.number(turned), "others": t.number(others)])
    }
}
