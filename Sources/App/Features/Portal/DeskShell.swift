import Billing
import HTML
import Values

/// What the shell shows of the operator's desk: its navigation, what was just done there, and in whose stead somebody looks.
extension Visit {
    func deskItems(_ frame: Frame, _ t: Localiser) -> NavigationGroup {
        let items: [(String, PageRoute)] = [
            (t("desk.nav.partners"), .operatorPartners), (t("desk.nav.offers"), .operatorOffers),
            (t("desk.nav.identity"), .operatorIdentity), (t("desk.nav.jobs"), .operatorJobs),
            (t("operations.title"), .operatorOperations),
            (t("desk.nav.settings"), .operatorSettings), (t("desk.nav.status"), .operatorStatus),
        ]
        return NavigationGroup(
            heading: t("desk.nav.heading"),
            items.map { NavigationItem($0.0, $0.1.url(), isCurrent: frame.current == $0.1.url()) })
    }

    func viewingNotice(_ signedIn: Authenticator.SignedIn, _ own: Surroundings, _ t: Localiser) -> Shell.ViewingNotice? {
        guard let viewing = signedIn.principal.viewing, case .user(_, _, let name, _) = signedIn.principal else { return nil }
        return Shell.ViewingNotice(
            person: name, account: own.accounts.first { $0.id == viewing.account }?.name ?? viewing.account.description,
            until: viewing.until,
            end: ActionForm(
                t("shell.viewing_end"), action: PageRoute.endViewAs.url(), tokens: FormTokens(csrf: signedIn.formToken)))
    }

    /// What was just done at the desk, said once on the page after it.
    var deskBanner: Banner? {
        guard let flash, strings.has("desk.flash.\(flash.rawValue)") else { return nil }
        return Banner(.good, title: strings("desk.flash.\(flash.rawValue)"))
    }
}
