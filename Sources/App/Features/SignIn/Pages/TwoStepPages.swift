import HTML
import QR
import Values

/// `/sign-in/code`: the password was right, now the code.
struct SignInCodePage: Page {
    let action: URLPath
    let csrf: String
    let returnTo: URLPath?
    var problem: String?

    var hasProblems: Bool { problem != nil }

    func title(_ t: Localiser) -> String { t("two_step.code_title") }

    func content(_ t: Localiser) -> HTML {
        let problems = problem.map { [FieldProblem("code", $0)] } ?? []
        return div(.class("sign-in")) {
            errorSummary(problems, t)
            h1 { title(t) }
            p(.class("note")) { t("two_step.code_text") }
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                hiddenField("csrf", csrf)
                if let returnTo { hiddenField("return_to", returnTo.string) }
                codeField(t, focus: problem == nil).html(problems, t)
                submitButton(t("sign_in.submit"))
                p { a(.href(PageRoute.signInForm.url())) { t("password.back_to_sign_in") } }
            }
        }
    }
}

func codeField(_ t: Localiser, focus: Bool) -> TextField {
    var field = TextField("code", t("two_step.code"), hint: t("two_step.code_hint"))
    field.autocomplete = .oneTimeCode
    field.isShort = true
    field.takesFocus = focus
    return field
}

/// `/profile/two-step`: on or off, and what can be done about it.
struct TwoStepPage: Page {
    let isOn: Bool
    let unusedCodes: Int64
    let tokens: FormTokens

    func title(_ t: Localiser) -> String { t("two_step.title") }

    func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            profileCrumbs(title(t), t)
            PageHeading(
                title(t), pill: StatePill(t(isOn ? "two_step.on" : "two_step.off"), isOn ? .good : .quiet, isOn ? .disc : .ring),
                lede: .text(t("two_step.lede"))
            ).html
            if isOn {
                p { t("two_step.codes_left", ["count": t.number(unusedCodes)]) }
                div(.class("actions")) {
                    ActionForm(t("two_step.renew"), action: PageRoute.renewRecoveryCodes.url(), tokens: tokens).html
                    ActionForm(t("two_step.turn_off"), action: PageRoute.disableTwoStep.url(), tokens: tokens, weight: .danger)
                        .html
                }
            } else {
                p { t("two_step.how") }
                ActionForm(t("two_step.turn_on"), action: PageRoute.startTwoStep.url(), tokens: tokens, weight: .primary).html
            }
        }
    }
}

/// `/profile/two-step/setup`: the secret as a picture and as text, and a first code to show that the phone has it.
struct TwoStepSetupPage: Page {
    let address: String
    let secret: String
    let tokens: FormTokens
    var problem: String?

    var hasProblems: Bool { problem != nil }

    func title(_ t: Localiser) -> String { t("two_step.setup_title") }

    func content(_ t: Localiser) -> HTML {
        let problems = problem.map { [FieldProblem("code", $0)] } ?? []
        return div(.class("narrow")) {
            Breadcrumbs(
                [(t("profile.title"), PageRoute.profile.url()), (t("two_step.title"), PageRoute.twoStep.url())], current: title(t)
            ).html(t)
            errorSummary(problems, t)
            PageHeading(title(t), lede: .text(t("two_step.setup_lede"))).html
            if let code = QRCode(address) {
                svg(.class("qr"), .viewBox(0, 0, code.side, code.side), .width(232), .height(232), .crisp) {
                    svgTitle { t("two_step.picture") }
                    rect(.class("qr-ground"), .width(code.side), .height(code.side))
                    path(.class("qr-dark"), .d(code.path))
                }
            }
            p(.class("note")) { t("two_step.by_hand") }
            p { copyable(grouped, name: t("two_step.secret"), id: "two-step-secret", t) }
            form(.class("form"), .method(.post), .action(PageRoute.confirmTwoStep.url()), .novalidate) {
                tokens.fields
                setupCode(t).html(problems, t)
                div(.class("actions")) {
                    submitButton(t("two_step.confirm"))
                    a(.class("btn"), .href(PageRoute.twoStep.url())) { t("profile.discard") }
                }
            }
        }
    }

    private func setupCode(_ t: Localiser) -> TextField {
        var field = TextField("code", t("two_step.first_code"), hint: t("two_step.first_code_hint"))
        field.autocomplete = .oneTimeCode
        field.inputmode = .numeric
        field.isShort = true
        return field
    }

    /// By fours, as it is typed more easily; apps do not mind the blanks.
    private var grouped: String {
        stride(from: 0, to: secret.count, by: 4).map { start in
            String(secret.dropFirst(start).prefix(4))
        }.joined(separator: " ")
    }
}

/// `/profile/two-step/recovery-codes`: until their owner says that she has kept them, for ten minutes at most.
struct RecoveryCodesPage: Page {
    let codes: [String]
    let until: Instant
    let tokens: FormTokens

    func title(_ t: Localiser) -> String { t("two_step.codes_title") }

    func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            profileCrumbs(title(t), t)
            PageHeading(title(t), lede: .text(t("two_step.codes_lede"))).html
            ul(.class("codes")) { for code in codes { li { identifier(code) } } }
            p(.class("note")) { t("two_step.codes_until", ["time": t.realTime(until)]) }
            ActionForm(t("two_step.codes_kept"), action: PageRoute.keepRecoveryCodes.url(), tokens: tokens, weight: .primary).html
        }
    }
}

/// `/profile/sessions`: where I am signed in.
struct SessionsPage: Page {
    let sessions: [Session]
    let current: SessionID
    let tokens: FormTokens

    func title(_ t: Localiser) -> String { t("sessions.title") }

    func content(_ t: Localiser) -> HTML {
        div(.class("wide")) {
            profileCrumbs(title(t), t)
            PageHeading(
                title(t), lede: .text(t("sessions.lede")),
                forms: sessions.count > 1
                    ? [ActionForm(t("sessions.end_others"), action: PageRoute.endOtherSessions.url(), tokens: tokens)] : []
            ).html
            DataTable(
                title(t),
                columns: [
                    TableColumn(t("sessions.device")), TableColumn(t("sessions.address")), TableColumn(t("sessions.created")),
                    TableColumn(t("sessions.seen")), TableColumn(t("sessions.action")),
                ], rows: sessions.map { row($0, t) }
            ).html
        }
    }

    private func row(_ session: Session, _ t: Localiser) -> TableRow {
        let device = DeviceName(session.device)
        let name =
            device.map { t("sessions.device_name", ["browser": $0.browser, "system": $0.system]) } ?? t("sessions.unknown")
        return TableRow([
            group {
                name
                if session.id == current { span(.class("sub")) { t("sessions.this") } }
                if session.authenticatedAt == nil { span(.class("sub")) { t("sessions.by_console") } }
            }, .text(session.address), moment(session.createdAt, t), moment(session.seenAt, t),
            session.id == current
                ? .text(t("sessions.this"))
                : ActionForm(
                    t("sessions.end"), action: PageRoute.endSession.url(session.id.description), tokens: tokens
                ).html,
        ])
    }

    private func moment(_ instant: Instant, _ t: Localiser) -> HTML {
        t.realTimeElement(instant)
    }
}

/// What a browser says of itself, in two words.
struct DeviceName: Sendable, Equatable {
    let browser: String
    let system: String

    init?(_ agent: String) {
        let browsers = [
            ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"),
            ("Chrome/", "Chrome"),
            ("Safari/", "Safari"), ("curl/", "curl"),
        ]
        let systems = [
            ("Windows", "Windows"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("HarmonyOS", "HarmonyOS"),
            ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
        ]
        guard let browser = browsers.first(where: { agent.contains($0.0) })?.1 else { return nil }
        self.browser = browser
        system = systems.first { agent.contains($0.0) }?.1 ?? "?"
    }
}
