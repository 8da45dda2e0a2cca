import Billing
import FoundationEssentials
import Postgres
import Values

/// Lives through the sandbox tenant's fourteen months, day by day: the test clock moves, people act, usage comes in. Everything happens through the use
/// cases that pages and the API call; there is no other way in. On the loop.
final class DemoHistory {
    private struct Running {
        let usage: DemoUsage
        /// Nothing is read before: it was not there, or it was suspended.
        var from: Instant
        /// A metering system stops where its events are refused, and starts again when somebody has paid.
        var isMetered = true
    }
    private struct Act {
        let at: Instant
        let run: Step
    }
    private enum Step {
        case order(DemoLife)
        case deed(DemoLife, DemoDeed)
    }

    /// In the last weeks, which pages show day by day, usage comes in every night; before them every third.
    private static let dailyDays = 45
    private static let stride = 3
    /// A year goes by in seconds. Plans that were made for empty tables would otherwise be used until the database's own look, once a minute.
    private static let analyzed: Set = [6, 30, 120]

    let context: TenantContext
    let zone: TimeZoneRule
    let start: Instant
    let end: Instant
    private let prices: DemoPrices
    private let authenticator: Authenticator
    private var random = DemoRandom(seed: 0x6275_7273_6172)
    private var accounts: [String: AccountID] = [:]
    private var enrollments: [String: EnrollmentID] = [:]
    private var departments: [String: DepartmentID] = [:]
    private var subscriptions: [String: (id: SubscriptionID, account: AccountID)] = [:]
    private var running: [String: Running] = [:]
    private var people: [String: UserID] = [:]
    private var readings: [ReceiveUsage.Event] = []

    init(_ context: TenantContext, prices: DemoPrices, start: Instant, end: Instant) throws {
        guard let zone = TimeZoneRule(identifier: context.tenant.timeZone) else { throw UnknownWord() }
        self.context = context
        self.zone = zone
        self.prices = prices
        self.start = start
        self.end = end
        authenticator = Authenticator(database: context.dependencies.database, realNow: context.dependencies.realNow)
    }

    /// The accounts whose keys the demo shows.
    var shownAccounts: [AccountID] { ["xinghe", "lingnan-rd"].compactMap { accounts[$0] } }

    /// - Parameter analyze: has the database look at its tables anew.
    func live(analyze: () throws -> Void, progress: (_ day: Int, _ days: Int) -> Void) async throws {
        for person in DemoSignIn.people(of: context.tenant.slug) { try await giveSignIn(person) }
        for (code, name) in DemoEnrollment.partners {
            _ = try await CreatePartner(code: code, companyName: name).run(context, CommandOptions())
        }
        try await DemoTransfers(try await operating).bankAccounts()
        let first = zone.date(at: start)
        let today = zone.date(at: end)
        let days = first.daysUntil(today)
        var acts = plan(today: today, days: days)[...]
        for number in 0...days {
            let date = first.adding(days: number)
            let night = zone.startOfDay(date.adding(days: 1)).adding(seconds: Int64(random.within(900...3_000)))
            let close = min(end, night)
            while let act = acts.first, act.at < close {
                acts.removeFirst()
                try await advance(to: act.at)
                try await perform(act.run)
            }
            try readMeters(on: date, number: number, until: close)
            if days - number < Self.dailyDays || number % Self.stride == 0 {
                try await advance(to: close)
                try await receiveUsage()
            }
            if Self.analyzed.contains(number) { try analyze() }
            progress(number, days)
        }
        _ = try await SettleUsage(context).everything()
    }

    // MARK: The plan as instants

    private func plan(today: CivilDate, days: Int) -> [Act] {
        var acts: [(ago: Int, order: Int, step: Step)] = []
        for life in DemoPlan.lives {
            acts.append((min(life.ordered, days), 0, .order(life)))
            for (ago, deed) in life.deeds { acts.append((min(ago, days - 1), 1, .deed(life, deed))) }
        }
        // A day's orders come before its other deeds; otherwise the plan's own order stays.
        let sorted = acts.enumerated().sorted {
            ($1.element.ago, $0.element.order, $0.offset) < ($0.element.ago, $1.element.order, $1.offset)
        }
        var minute = 0
        var day = -1
        return sorted.map { item in
            minute = (item.element.ago == day ? minute : 8 * 60 + 40) + random.within(7...39)
            day = item.element.ago
            let date = today.adding(days: -item.element.ago)
            return Act(
                at: zone.startOfDay(date).adding(seconds: Int64(minute * 60 + random.within(0...59))), run: item.element.step)
        }
    }

    private func advance(to instant: Instant) async throws {
        _ = try await AdvanceTestClock(context)(to: instant)
    }

    // MARK: People

    private func giveSignIn(_ person: DemoSignIn, role: String? = nil, account: AccountID? = nil) async throws {
        let isOperator = person.role == "operator"
        try await SetPassword(
            email: person.email, password: DemoSignIn.password, role: isOperator ? "operator" : role, account: account,
            firstName: person.firstName,
            lastName: person.lastName
        ).run(context)
        let rows = try await context.read(
            "select id from users where tenant_id = \(context.tenant.id) and email = \(person.email)"
        ).rows
        people[person.email] = try rows.first?.get(0)
    }

    /// The context of somebody who signs in, as she is now; the operator's for everybody else.
    private func acting(as email: String) async throws -> TenantContext {
        guard let id = people[email] ?? people["operator@demo.test"],
            let (principal, _) = try await authenticator.user(id, of: context.tenant)
        else {
            return context
        }
        return TenantContext(tenant: context.tenant, principal: principal, dependencies: context.dependencies)
    }

    private var operating: TenantContext { get async throws { try await acting(as: "operator@demo.test") } }

    // MARK: Customers

    private func account(_ key: String) async throws -> AccountID {
        if let id = accounts[key] { return id }
        guard let planned = DemoAccount.all[key], let zone = TimeZoneRule(identifier: planned.zone) else { throw UnknownWord() }
        let enrollment: EnrollmentID? = if let key = planned.enrollment { try await self.enrollment(key) } else { nil }
        let answer = try await CreateAccount(
            kind: enrollment == nil ? .standard : .enterprise, name: planned.name, currency: planned.currency, timeZone: zone,
            locale: planned.locale,
            administrator: planned.administrator, enrollment: enrollment,
            department: planned.department.flatMap { departments[$0] }
        ).run(try await operating, CommandOptions())
        guard let made = answer.objectID else { throw Failure.fault }
        let id = AccountID(made)
        accounts[key] = id
        // Whoever has more than one subscription has shown who she is (A13).
        if enrollment == nil {
            _ = try await UpdateAccount(id: id, name: nil, timeZone: nil, locale: nil, identityVerified: true, ifMatch: nil)
                .run(try await operating, CommandOptions())
        }
        guard key == "xinghe" else { return id }
        for person in DemoSignIn.people(of: context.tenant.slug) where person.role == "finance" || person.role == "reader" {
            try await giveSignIn(person, role: person.role, account: id)
        }
        return id
    }

    private func enrollment(_ key: String) async throws -> EnrollmentID {
        if let id = enrollments[key] { return id }
        guard let planned = DemoEnrollment.all[key] else { throw UnknownWord() }
        func money(_ whole: Int64) -> Money { Money(minor: whole * 100, currency: planned.currency) }
        let starts = zone.date(at: try await context.now())
        let answer = try await CreateEnrollment(
            number: planned.number, name: planned.name, commitment: money(planned.commitment), startsOn: starts,
            endsOn: starts.adding(months: 36),
            administrator: planned.administrator
        ).run(try await operating, CommandOptions())
        guard let made = answer.objectID else { throw Failure.fault }
        let id = EnrollmentID(made)
        enrollments[key] = id
        for department in planned.departments {
            let answer = try await CreateDepartment(
                enrollment: id, name: department.name, costCentre: department.costCentre, quota: money(department.quota)
            ).run(try await operating, CommandOptions())
            departments[department.name] = answer.objectID.map { DepartmentID($0) }
        }
        return id
    }

    // MARK: What people do

    private func perform(_ step: Step) async throws {
        switch step {
        case .order(let life): try await order(life)
        case .deed(let life, let deed): try await perform(deed, on: life)
        }
    }

    private func order(_ life: DemoLife) async throws {
        let account = try await account(life.account)
        guard let planned = DemoAccount.all[life.account] else { throw UnknownWord() }
        let who = try await life.offer == .enterprise ? operating : acting(as: planned.administrator.email)
        let answer = try await CreateSubscription(
            account: account, offer: life.offer, name: life.name,
            payment: life.first.map { Money(minor: $0 * 100, currency: planned.currency) },
            serviceAdministratorEmail: life.serviceAdministrator
        ).run(who, CommandOptions())
        guard let made = answer.objectID else { throw Failure.fault }
        let id = SubscriptionID(made)
        subscriptions[life.key] = (id, account)
        guard life.dailyMinor > 0 else { return }
        running[life.key] = Running(
            usage: DemoUsage(
                subscription: id, key: life.key, workload: life.workload, currency: planned.currency, dailyMinor: life.dailyMinor,
                growth: life.growth),
            from: try await context.now())
    }

    private func perform(_ deed: DemoDeed, on life: DemoLife) async throws {
        guard let id = subscriptions[life.key]?.id, let planned = DemoAccount.all[life.account] else { throw UnknownWord() }
        func money(_ whole: Int64) -> Money { Money(minor: whole * 100, currency: planned.currency) }
        let owner = planned.enrollment == "lingnan" ? "enterprise@demo.test" : planned.administrator.email
        let options = CommandOptions()
        switch deed {
        case .pay(let amount):
            let payer = life.account == "xinghe" ? "finance@demo.test" : owner
            _ = try await PaySubscription(id: id, amount: money(amount)).run(acting(as: payer), options)
        case .upgrade(let amount):
            _ = try await UpgradeSubscription(id: id, amount: money(amount)).run(acting(as: owner), options)
        case .suspend(let reason, let note):
            let who = reason == .operator ? "operator@demo.test" : owner
            _ = try await SuspendSubscription(id: id, reason: reason, note: note).run(acting(as: who), options)
        case .reactivate(let reason, let note):
            _ = try await ReactivateSubscription(id: id, reason: reason, note: note).run(acting(as: owner), options)
        case .cancel(let words): _ = try await CancelSubscription(id: id, words: words).run(acting(as: owner), options)
        case .confirmServices: _ = try await ConfirmServices(id: id).run(acting(as: owner), options)
        case .partner(let code): _ = try await SetPartner(id: id, code: code).run(acting(as: owner), options)
        case .move(let department):
            _ = try await MoveSubscription(id: id, department: departments[department]).run(acting(as: owner), options)
        case .transfer(let amount, let arrives):
            try await DemoTransfers(try await operating).transfer(
                money(amount), percent: arrives, to: id, by: acting(as: "finance@demo.test"), payer: planned.name)
        case .declined:
            _ = try await PaySubscription(id: id, amount: Money(minor: 500_402, currency: planned.currency)).run(
                acting(as: "finance@demo.test"), options)
        case .stray(let amount, let words):
            try await DemoTransfers(try await operating).stray(money(amount), words: words)
        case .rename(let name):
            _ = try await EditSubscription(id: id, name: name, serviceAdministratorEmail: nil).run(acting(as: owner), options)
        }
        guard running[life.key]?.isMetered == false else { return }
        running[life.key]?.isMetered = true
        running[life.key]?.from = try await context.now()
    }

    // MARK: Usage

    /// A day's readings of every subscription.
    private func readMeters(on date: CivilDate, number: Int, until close: Instant) throws {
        for key in running.keys.sorted() {
            guard let metered = running[key], metered.isMetered else { continue }
            readings += try metered.usage.events(on: date, dayNumber: number, in: zone, prices: prices, random: &random)
                .filter { $0.observation.time > metered.from && $0.observation.time < close }
        }
    }

    /// What was read since the last time, in one batch, under the rules of events.
    private func receiveUsage() async throws {
        let batch = readings
        readings = []
        guard !batch.isEmpty else { return }
        let verdicts = try await context.work(actor: .commandLine) { write in
            try await ReceiveUsage(observed: batch).receive(write)
        }
        for (verdict, event) in zip(verdicts, batch) where verdict.word == "rejected" {
            if let key = running.first(where: { $0.value.usage.subscription == event.subscription })?.key {
                running[key]?.isMetered = false
            }
        }
    }
}
