import HTML
import HTTP
import Values

/// From a refusal back to what it is about: the subscription, the account or the agreement, else the page above; and to the form where it can be filled in again.
extension PageHandler {
    func waysBack(_ failure: Failure, _ visit: Visit) -> [ActionLink] {
        // What is not there, or not hers, is nowhere to go back to; a fault is tried again.
        guard [403, 409, 412, 422].contains(failure.status), let route = visit.route, visit.signedIn != nil else { return [] }
        let t = visit.localiser()
        var links: [ActionLink] = []
        if let (word, url) = wayBack(route, visit.parameters) { links.append(ActionLink(t("error.\(word)"), url, .primary)) }
        if failure.status != 409, let form = route.ownForm {
            links.append(ActionLink(t("error.back_form"), form.url(visit.parameters), links.isEmpty ? .primary : .plain))
        }
        return links
    }

    private func wayBack(_ route: PageRoute, _ values: [String]) -> (word: String, url: URLPath)? {
        let names = route.parameters
        if names.starts(with: ["account_id", "subscription_id"]), route != .subscription {
            return ("back_subscription", PageRoute.subscription.url(values))
        }
        // The desk's addresses name no account: its search opens an ID at once.
        if names == ["subscription_id"], let id = values.first {
            return ("back_subscription", PageRoute.operatorSearch.url(query: [("q", id)]))
        }
        guard let above = route.above else { return nil }
        let word =
            switch above {
            case .account, .subscriptions, .operatorAccount: "back_account"
            case .enrollment, .enrollmentSubscriptions: "back_agreement"
            default: "back"
            }
        return (word, above.url(values))
    }
}

extension PageRoute {
    /// Forms that are opened with a choice in their address, without which they are nothing to go back to, and one that stands on pages elsewhere.
    private static let opened: [PageRoute] = [.many, .move, .moveAccount, .movePolicies, .createPolicyDraft]

    private func page(_ segments: ArraySlice<Substring>) -> PageRoute? {
        let template = "/" + segments.joined(separator: "/")
        return PageRoute.allCases.first { !$0.isPost && $0.template == template }
    }

    /// The page that a posted form was on: where what is new begins, else the one with the same address.
    var ownForm: PageRoute? {
        guard isPost, !Self.opened.contains(self) else { return nil }
        return page(segments + ["new"]) ?? page(segments[...])
    }

    /// The nearest page whose path this one's begins with.
    var above: PageRoute? {
        var rest = segments.dropLast()
        while !rest.isEmpty {
            if let found = page(rest) { return found }
            rest = rest.dropLast()
        }
        return nil
    }
}
