import HTML
import Values

/// The page behind a one-time link: what it asks, or why it does not work, with the way on. It stands for people who are not signed in yet, too.
package struct OneTimePage: Page {
    package enum Situation: Sendable {
        case unknown, expired, used, withdrawn
        /// Signed in as somebody else: the link is not hers.
        case wrongPerson(current: String, signOut: ActionForm)
        /// She has a sign-in, and has not used it yet.
        case signInNeeded(URLPath)
        /// Signed in as whom the link is for.
        case ready
        /// No sign-in yet: name and password are chosen here.
        case newcomer
    }

    package struct Question: Sendable {
        package let title: String
        package let lede: String
        package let effects: [String]
        package let accept: String

        package init(title: String, lede: String, effects: [String] = [], accept: String) {
            self.title = title
            self.lede = lede
            self.effects = effects
            self.accept = accept
        }
    }

    package var situation: Situation
    /// Nil where the link leads nowhere.
    package var question: Question?
    package var email: String
    package var action: URLPath
    package var signIn: URLPath
    package var csrf: String
    package var firstName = ""
    package var lastName = ""
    package var minimumPassword: Int
    package var problems: [FieldProblem] = []

    package init(
        situation: Situation, question: Question?, email: String, action: URLPath, signIn: URLPath, csrf: String,
        minimumPassword: Int
    ) {
        self.situation = situation
        self.question = question
        self.email = email
        self.action = action
        self.signIn = signIn
        self.csrf = csrf
        self.minimumPassword = minimumPassword
    }

    package var hasProblems: Bool { !problems.isEmpty }

    package func title(_ t: Localiser) -> String {
        switch situation {
        case .unknown: t("invitation.unknown_title")
        case .expired: t("invitation.expired_title")
        case .used: t("invitation.used_title")
        case .withdrawn: t("invitation.withdrawn_title")
        case .wrongPerson: t("invitation.wrong_title")
        case .signInNeeded: t("invitation.sign_in_title")
        case .ready, .newcomer: question?.title ?? ""
        }
    }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            errorSummary(problems, t)
            switch situation {
            case .unknown: dead("invitation.unknown_text", t)
            case .expired: dead("invitation.expired_text", t)
            case .used: dead("invitation.used_text", t)
            case .withdrawn: dead("invitation.withdrawn_text", t)
            case .wrongPerson(let current, let signOut):
                PageHeading(
                    title(t), lede: .text(t("invitation.wrong_text", ["email": email, "current": current])), forms: [signOut]
                ).html
            case .signInNeeded(let url):
                PageHeading(
                    title(t), lede: .text(t("invitation.sign_in_text", ["email": email])),
                    actions: [ActionLink(t("invitation.sign_in"), url, .primary)]
                ).html
                told(t)
            case .ready: ask(t, isNew: false)
            case .newcomer: ask(t, isNew: true)
            }
        }
    }

    private func dead(_ key: String, _ t: Localiser) -> HTML {
        PageHeading(title(t), lede: .text(t(key)), actions: [ActionLink(t("invitation.sign_in"), signIn)]).html
    }

    /// What is waiting behind the sign-in.
    private func told(_ t: Localiser) -> HTML {
        group {
            if let question {
                p(.class("note")) {
                    strong { question.title }
                    " "
                    question.lede
                }
            }
        }
    }

    private func ask(_ t: Localiser, isNew: Bool) -> HTML {
        group {
            if let question {
                PageHeading(question.title, lede: .text(question.lede)).html
                if !question.effects.isEmpty { ul(.class("effects")) { for effect in question.effects { li { effect } } } }
                form(.class("form"), .method(.post), .action(action), .novalidate) {
                    hiddenField("csrf", csrf)
                    p(.class("note")) { t("invitation.as", ["email": email]) }
                    if isNew { newcomerFields(t) }
                    div(.class("actions")) { submitButton(isNew ? t("invitation.accept_new") : question.accept) }
                }
            }
        }
    }

    private func newcomerFields(_ t: Localiser) -> HTML {
        var first = TextField("first_name", t("invitation.first_name"), value: firstName)
        first.autocomplete = .givenName
        first.maxlength = 100
        var last = TextField("last_name", t("invitation.last_name"), value: lastName)
        last.autocomplete = .familyName
        last.maxlength = 100
        last.isRequired = false
        var password = TextField(
            "password", t("invitation.password"), hint: t("invitation.password_hint", ["minimum": t.number(minimumPassword)]),
            type: .password)
        password.autocomplete = .newPassword
        return group {
            // Password managers keep the address beside the password.
            input(.type(.hidden), .name("username"), .value(email), .autocomplete(.username))
            first.html(problems, t)
            last.html(problems, t)
            password.html(problems, t)
        }
    }
}
