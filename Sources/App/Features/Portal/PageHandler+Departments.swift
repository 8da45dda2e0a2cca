import Billing
import HTML
import HTTP
import Values

/// A department is made, changed and removed.
extension PageHandler {
    private static let centreMaximum = 100

    func newDepartmentForm(_ visit: Visit) async throws -> HTTPResponse {
        let view = try await EnrollmentView.load(visit)
        return visit.page(form(visit, view, nil), view.frame(.enrollmentDepartments))
    }

    func createDepartment(_ visit: Visit) async throws -> HTTPResponse {
        let posted = try visit.form()
        let options = try visit.options(posted)
        let view = try await EnrollmentView.load(visit)
        var page = form(visit, view, nil)
        let quota = read(posted, into: &page, visit)
        guard page.problems.isEmpty else { return visit.page(page, view.frame(.enrollmentDepartments), status: 422) }
        do {
            let answer = try await CreateDepartment(
                enrollment: view.id, name: page.name, costCentre: page.costCentre.isEmpty ? nil : page.costCentre, quota: quota
            ).run(view.context, options)
            guard let made = answer.objectID.map({ DepartmentID($0) }) ?? answer.madeID(DepartmentID.self) else {
                throw Failure.fault
            }
            return visit.redirect(view.url(.department, made.description), flash: .departmentCreated)
        } catch let failure as Failure where failure.code == "department_exists" {
            page.problems = [nameTaken(failure, visit)]
            return visit.page(page, view.frame(.enrollmentDepartments), status: 422)
        }
    }

    func departmentForm(_ visit: Visit) async throws -> HTTPResponse {
        let view = try await EnrollmentView.load(visit)
        guard let department = try view.department(visit).department else { throw Failure.notFound }
        return visit.page(form(visit, view, department), view.frame(.enrollmentDepartments))
    }

    func editDepartment(_ visit: Visit) async throws -> HTTPResponse {
        let posted = try visit.form()
        let options = try visit.options(posted)
        let view = try await EnrollmentView.load(visit)
        guard let department = try view.department(visit).department else { throw Failure.notFound }
        var page = form(visit, view, department)
        let quota = read(posted, into: &page, visit)
        guard page.problems.isEmpty else { return visit.page(page, view.frame(.enrollmentDepartments), status: 422) }
        do {
            _ = try await EditDepartment(
                id: department.id, name: page.name, costCentre: page.costCentre, quota: quota.map { .of($0) } ?? .none,
                ifMatch: posted.etag
            ).run(view.context, options)
            return visit.redirect(view.url(.department, department.id.description), flash: .departmentSaved)
        } catch Failure.stale {
            // Both versions stand side by side; sending the form again carries the version that is shown now (G19).
            let fresh = try await FindDepartment.byID(department.id, view.context)
            page.tokens = visit.tokens(etag: fresh.etag)
            page.stored = (fresh.name, fresh.costCentre ?? "", fresh.quota?.decimalString ?? "")
            return visit.page(page, view.frame(.enrollmentDepartments), status: 412)
        } catch let failure as Failure where failure.code == "department_exists" {
            page.problems = [nameTaken(failure, visit)]
            return visit.page(page, view.frame(.enrollmentDepartments), status: 422)
        }
    }

    private func form(_ visit: Visit, _ view: EnrollmentView, _ department: Department?) -> DepartmentFormPage {
        let t = visit.localiser()
        let title = t(department == nil ? "department.new" : "department.edit_title")
        var above = [departmentsCrumb(view, t)]
        if let department { above.append((label: department.name, url: view.url(.department, department.id.description))) }
        var page = DepartmentFormPage(
            crumbs: view.crumbs(t, above, current: title), isNew: department == nil,
            action: department.map { view.url(.editDepartment, $0.id.description) } ?? view.url(.createDepartment),
            back: department.map { view.url(.department, $0.id.description) } ?? view.url(.enrollmentDepartments),
            tokens: visit.tokens(etag: department?.etag), currency: view.currency)
        page.name = department?.name ?? ""
        page.costCentre = department?.costCentre ?? ""
        page.quota = department?.quota?.decimalString ?? ""
        return page
    }

    private func read(_ posted: PageForm, into page: inout DepartmentFormPage, _ visit: Visit) -> Money? {
        let t = visit.localiser()
        page.name = posted["name"]
        page.costCentre = posted["cost_centre"]
        page.quota = posted["quota"]
        page.problems += nameProblems(page.name, field: "name", t)
        if page.costCentre.unicodeScalars.count > Self.centreMaximum {
            page.problems.append(
                FieldProblem("cost_centre", t("form.name_too_long", ["maximum": t.number(Self.centreMaximum)])))
        } else if !page.costCentre.isOneLine {
            page.problems.append(FieldProblem("cost_centre", t("error.invalid_characters.detail")))
        }
        guard !page.quota.isEmpty else { return nil }
        do {
            let quota = try MoneyInput.read(page.quota, page.currency)
            if quota.isNegative { page.problems.append(FieldProblem("quota", t("error.amount_negative.detail"))) }
            return quota
        } catch {
            page.problems.append(FieldProblem("quota", Self.amountFault(error, page.currency, t)))
            return nil
        }
    }

    static func amountFault(_ fault: MoneyInput.Fault, _ currency: Currency, _ t: Localiser) -> String {
        switch fault {
        case .missing: t("form.amount_missing")
        case .malformed: t("form.amount_malformed")
        case .tooManyDecimals:
            t(
                "form.amount_decimals",
                [
                    "currency": currency.code, "decimals": t.number(currency.exponent),
                    "unit": t.money(Money(minor: 1, currency: currency)),
                ])
        case .tooLarge: t("error.amount_out_of_range.detail", ["currency": currency.code])
        }
    }

    func nameProblems(_ name: String, field: String, _ t: Localiser) -> [FieldProblem] {
        if name.isEmpty { return [FieldProblem(field, t("form.name_missing"))] }
        if name.unicodeScalars.count > 200 { return [FieldProblem(field, t("form.name_too_long", ["maximum": t.number(200)]))] }
        return name.isOneLine ? [] : [FieldProblem(field, t("error.invalid_characters.detail"))]
    }

    private func nameTaken(_ failure: Failure, _ visit: Visit) -> FieldProblem {
        FieldProblem("name", visit.strings("error.\(failure.code).detail", failure.arguments))
    }

    // MARK: Remove

    func deleteDepartmentForm(_ visit: Visit) async throws -> HTTPResponse {
        let view = try await EnrollmentView.load(visit)
        return visit.page(try await deletePage(visit, view), view.frame(.enrollmentDepartments))
    }

    func deleteDepartment(_ visit: Visit) async throws -> HTTPResponse {
        let posted = try visit.form()
        let options = try visit.options(posted)
        let view = try await EnrollmentView.load(visit)
        guard let department = try? view.department(visit).department else {
            // The same form again: it is gone already.
            let id: DepartmentID = try visit.pathID(1)
            _ = try await DeleteDepartment(id: id).run(view.context, options)
            return visit.redirect(view.url(.enrollmentDepartments), flash: .departmentDeleted)
        }
        if posted["confirm_name"] != department.name.trimmingBlankSpace() {
            var page = try await deletePage(visit, view)
            page.typedName = posted["confirm_name"]
            page.problems = [
                FieldProblem("confirm_name", visit.strings("form.name_mismatch", ["name": department.name]))
            ]
            return visit.page(page, view.frame(.enrollmentDepartments), status: 422)
        }
        _ = try await DeleteDepartment(id: department.id, ifMatch: posted.etag).run(view.context, options)
        return visit.redirect(view.url(.enrollmentDepartments), flash: .departmentDeleted)
    }

    /// The way there, judged by the use case itself: what it would refuse says why on the department's page already (G24).
    func deletion(_ id: DepartmentID, _ view: EnrollmentView, _ t: Localiser) async throws -> ActionLink {
        var reason: String?
        do {
            _ = try await DeleteDepartment(id: id).run(view.context, CommandOptions(dryRun: true))
        } catch let failure as Failure where [403, 409].contains(failure.status) {
            reason = t.refusal(failure)
        }
        return ActionLink(
            t("department.delete"), view.url(.deleteDepartmentForm, id.description), unavailableBecause: reason)
    }

    /// Asks the use case first: one that is in use, or was, says so instead.
    private func deletePage(_ visit: Visit, _ view: EnrollmentView) async throws -> DeleteDepartmentPage {
        guard let department = try view.department(visit).department else { throw Failure.notFound }
        _ = try await DeleteDepartment(id: department.id).run(view.context, CommandOptions(dryRun: true))
        let (t, id) = (visit.localiser(), department.id.description)
        return DeleteDepartmentPage(
            crumbs: view.crumbs(
                t, [departmentsCrumb(view, t), (label: department.name, url: view.url(.department, id))],
                current: t("department.delete")),
            name: department.name, action: view.url(.deleteDepartment, id), back: view.url(.department, id),
            tokens: visit.tokens(etag: department.etag))
    }
}

extension Answer {
    /// The ID in the object that the answer gives; an answer that is given again knows nothing else.
    func madeID<Tag: IDTag>(_ type: ID<Tag>.Type) -> ID<Tag>? {
        (try? JSON(parsing: body))?.members?["id"]?.text.flatMap { ID<Tag>($0) }
    }
}
