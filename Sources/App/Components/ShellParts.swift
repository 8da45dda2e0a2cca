import HTML
import Values

/// The band above and below every page.
extension Shell {
    func pageHeader(_ t: Localiser) -> HTML {
        header(.class("top")) {
            viewingStrip(t)
            clockStrip(t)
            div(.class("top-row")) {
                a(.class("brand"), .href(home)) {
                    brandMark
                    span { tenantName }
                }
                if side == .provider { span(.class("side-tag")) { t("shell.provider") } }
                contextSwitch(t)
                if let origin { a(.class("quiet"), .href(origin)) { "‹ " + t("shell.way_back", ["host": origin.host]) } }
                div(.class("top-end")) {
                    searchBox(t)
                    a(.class("quiet"), .href(otherLanguage), .hreflang(t.language.other.tag), .lang(t.language.other.tag)) {
                        t.language.other.ownName
                    }
                    personMenu(t)
                }
            }
            smallNavigation(t)
        }
    }

    /// A ledger's two columns that balance.
    private var brandMark: HTML {
        svg(.class("mark"), .viewBox(0, 0, 20, 20), .width(20), .height(20), .ariaHidden(), .focusable(false)) {
            rect(.class("mark-ground"), .width(20), .height(20), .rx(5))
            path(.class("mark-line"), .d("M6 5.5v9M14 5.5v9M6 10h8"))
        }
    }

    /// Nobody forgets in whose stead she looks, nor how to end it.
    @HTMLBuilder
    private func viewingStrip(_ t: Localiser) -> HTML {
        if let viewing {
            div(.class("strip strip--view"), .role(.status)) {
                strong { t("shell.viewing", ["person": viewing.person, "account": viewing.account]) }
                span {
                    t.html(
                        "shell.viewing_until",
                        ["time": t.realTimeElement(viewing.until)],
                        ["zone": t.zoneLabel])
                }
                viewing.end.html
            }
        }
    }

    /// The permanent banner of a demo or a sandbox (G32).
    @HTMLBuilder
    private func clockStrip(_ t: Localiser) -> HTML {
        if let clock = testClock {
            p(.class("strip")) {
                strong { t(isDemo ? "shell.demo" : "shell.sandbox") }
                span { t.html("shell.clock", ["time": time(.datetime(t.machineTime(clock.now))) { t.dateTime(clock.now) }]) }
                if let page = clock.page { a(.href(page)) { t("shell.move_clock") } }
            }
        } else if isDemo {
            p(.class("strip")) {
                strong { t("shell.demo") }
                span { t("shell.demo_note") }
            }
        }
    }

    @HTMLBuilder
    private func contextSwitch(_ t: Localiser) -> HTML {
        if let contextName {
            if contexts.isEmpty {
                span(.class("context")) { contextName }
            } else {
                details(.class("drop")) {
                    summary {
                        span(.class("sr")) { t("shell.account") }
                        contextName
                    }
                    ul(.class("drop-list")) {
                        for item in contexts {
                            li { a(.href(item.url), .ariaCurrent(item.isCurrent ? .yes : nil)) { item.label } }
                        }
                    }
                }
            }
        }
    }

    /// The stroke leads into it where the script runs and the reader has not turned that off (WCAG 2.1.4).
    @HTMLBuilder
    private func searchBox(_ t: Localiser) -> HTML {
        if let search {
            form(.class("find"), .method(.get), .action(search), .role(.search)) {
                label(.class("sr"), .for("find")) { t("shell.find") }
                input(
                    .type(.search), .id("find"), .name("q"), .maxlength(200), .autocomplete(.off), .spellcheck(false),
                    .placeholder(t("shell.find_hint")))
            }
        }
    }

    @HTMLBuilder
    private func personMenu(_ t: Localiser) -> HTML {
        if let person {
            a(.class("person"), .href(person.profile)) {
                person.name
                span(.class("person-role")) { person.role }
            }
            form(.class("inline"), .method(.post), .action(person.signOut)) {
                hiddenField("csrf", person.csrf)
                button(.type(.submit), .class("quiet")) { t("shell.sign_out") }
            }
        }
    }

    /// The same links again for a narrow screen, folded away; a style rule shows one of the two.
    @HTMLBuilder
    private func smallNavigation(_ t: Localiser) -> HTML {
        if side != .outside, !navigation.isEmpty {
            nav(.class("small-nav"), .ariaLabel(t("shell.navigation"))) {
                details {
                    summary { t("shell.menu") }
                    navigationLists
                }
            }
        }
    }

    func pageFooter(_ t: Localiser) -> HTML {
        footer(.class("foot")) {
            div(.class("foot-row")) {
                for item in footerLinks { a(.href(item.url)) { item.label } }
                if search != nil {
                    button(
                        .type(.button), .class("quiet keys"), .data(.module, "keys"), .data(.label, t("shell.keys_on")), .hidden()
                    ) { t("shell.keys_off") }
                }
                span { t("shell.zone", ["zone": t.zoneLabel]) }
                span { t.html("shell.utc", ["time": time(.datetime(realNow.rfc3339)) { utcNow(t) }]) }
                span { "Bursar \(build)" }
            }
        }
    }

    private func utcNow(_ t: Localiser) -> String { utc(realNow, t) }

    private func utc(_ instant: Instant, _ t: Localiser) -> String {
        Localiser(strings: t.strings, zone: .utc, now: realNow).dateTime(instant)
    }
}
