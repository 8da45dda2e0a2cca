import App
import Crypto
import FoundationEssentials
import HTML
import Testing

/// Every page in both languages, rendered whole. With `BURSAR_GALLERY` set to a folder, the pages and their files are written
/// there for a browser to open.
@Suite struct GalleryTests {
    struct Exhibit: Sendable {
        let name: String
        let bytes: [UInt8]
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    static func exhibits(_ language: Language, _ assets: AssetLinks) throws -> [Exhibit] {
        let models = try GalleryModels(language, assets: assets)
        var all: [Exhibit] = []
        func show(_ name: String, _ side: Shell.Side, _ page: some Page, flash: Banner? = nil) {
            var shell = models.shell(side)
            shell.flash = flash
            all.append(Exhibit(name: "\(name).\(language.tag).html", bytes: shell.document(page, models.t)))
        }
        show("sign-in", .outside, models.signIn())
        show("sign-in-wrong", .outside, models.signIn(fault: .noMatch, demo: false))
        show("list", .account, models.listPage())
        show("list-filtered", .account, models.listPage(filtered: true))
        show("list-empty", .account, models.listPage(empty: true))
        show("list-nothing-left", .account, models.listPage(filtered: true, empty: true))
        show("active", .account, models.activePrepaid(), flash: Banner(.good, title: models.t("edit.saved")))
        show("trial", .account, models.trial(), flash: Banner(.good, title: models.t("partner.saved")))
        let day = ["date": models.t.dateTime(models.at("2027-01-21T09:14:00Z")), "reasons": models.t("reason.requested")]
        show("suspended", .account, models.suspended(), flash: Banner(.good, title: models.t("suspend.done", day)))
        show("suspended-cancelled", .account, models.suspended(), flash: Banner(.good, title: models.t("cancel.done", day)))
        show(
            "suspended-still", .account, models.suspended(),
            flash: Banner(.good, title: models.t("reactivate.done_suspended", day)))
        show("deleted", .account, models.deleted())
        show("pending", .account, models.pending())
        show("enterprise", .account, models.enterprise(), flash: Banner(.good, title: models.t("reactivate.done_active")))
        show("pending-no-partner", .account, models.pending(), flash: Banner(.good, title: models.t("partner.removed")))
        show("pay", .account, models.payAmount())
        show("pay-wrong", .account, models.payAmount(wrong: true))
        show("pay-review", .account, try models.payReview())
        show("pay-review-short", .account, try models.payReview(staysSuspended: true))
        show("pay-result", .account, models.payResult())
        show("edit", .account, models.edit())
        show("edit-conflict", .account, models.edit(conflict: true))
        show("partner", .account, models.partner())
        show("cancel", .account, models.cancel())
        show("suspend", .provider, models.suspend())
        show("reactivate", .provider, models.reactivate())
        show("certificate", .account, models.certificate())
        show("operator", .provider, models.operatorHome())
        show("accounts", .provider, models.accounts())
        show("subscriptions", .provider, models.listPage(operators: true))
        show("test-clock", .provider, models.testClock())
        show("test-clock-confirm", .provider, models.testClock(proposed: true))
        show("enrollment", .account, models.enrollment())
        show("choice", .account, models.choice())
        show("help", .account, models.help())
        show("choice-none", .account, models.choice(empty: true))
        let errors = [
            (403, "cancel_not_allowed_for_offer"), (404, "not_found"), (409, "subscription_deleted"), (412, "stale"),
            (422, "unheard_of"),
            (429, "too_many_requests"), (500, "internal_error"), (503, "unavailable"),
        ]
        for (status, code) in errors { show("error-\(status)", status == 404 ? .outside : .account, models.error(status, code)) }
        return all
    }

    @Test(arguments: Language.allCases)
    func `every page is whole, small and keeps the content policy`(language: Language) throws {
        let assets = try Assets(folder: ProjectFolder.web)
        for exhibit in try Self.exhibits(language, assets.links) {
            let text = exhibit.text
            #expect(text.hasPrefix("<!doctype html>\n<html lang=\"\(language.tag)\""), "\(exhibit.name)")
            #expect(text.components(of: "<h1") == 1, "\(exhibit.name)")
            #expect(text.components(of: "<main") == 1, "\(exhibit.name)")
            #expect(!text.contains("⟦"), "\(exhibit.name) shows a key")
            #expect(text.firstRange(of: #/\{[a-z_]+[}|]/#) == nil, "\(exhibit.name) shows an unfilled place")
            #expect(text.firstRange(of: #/ (style|on[a-z]+)="/#) == nil, "\(exhibit.name) has a style attribute or a handler")
            #expect(!text.contains("<th>") && !text.contains("<th class"), "\(exhibit.name) has a head without scope")
            #expect(exhibit.bytes.count < 60_000, "\(exhibit.name) is \(exhibit.bytes.count) bytes")
            try Self.expectUniqueIDs(text, exhibit.name)
        }
    }

    @Test func `an error in a form stands first in the title`() throws {
        let assets = try Assets(folder: ProjectFolder.web)
        let pages = try Self.exhibits(.en, assets.links)
        let wrong = try #require(pages.first { $0.name.hasPrefix("pay-wrong") })
        #expect(wrong.text.contains("<title>Error: Pay again for prod-payments · Northwind Cloud</title>"))
        #expect(wrong.text.contains("href=\"#field-amount\""))
        #expect(wrong.text.contains("aria-describedby=\"field-amount-hint field-amount-error\""))
        #expect(wrong.text.contains("value=\"999.99\""))
    }

    @Test func `the gallery is written where it is asked for`() throws {
        guard let target = ProcessInfo.processInfo.environment["BURSAR_GALLERY"] else { return }
        let folder = URL(filePath: target)
        let assets = try Assets(folder: ProjectFolder.web)
        try FileManager.default.createDirectory(at: folder.appending(path: "assets"), withIntermediateDirectories: true)
        for asset in [assets.stylesheet, assets.script, assets.icon, assets.legacyIcon] {
            try Data(asset.bytes).write(to: folder.appending(path: asset.path.string))
        }
        for language in Language.allCases {
            for exhibit in try Self.exhibits(language, assets.links) {
                try Data(exhibit.bytes).write(to: folder.appending(path: exhibit.name))
            }
        }
    }

    private static func expectUniqueIDs(_ text: String, _ name: String) throws {
        let ids = text.matches(of: #/ id="([^"]+)"/#).map { String($0.output.1) }
        #expect(ids.count == Set(ids).count, "\(name) has an ID twice: \(ids.sorted())")
        let references = text.matches(of: #/ (?:aria-describedby|aria-labelledby|for)="([^"]+)"/#).flatMap {
            $0.output.1.split(separator: " ")
        }
        for reference in references { #expect(ids.contains(String(reference)), "\(name) refers to \(reference)") }
    }
}

extension String {
    func components(of part: String) -> Int { ranges(of: part).count }
}
