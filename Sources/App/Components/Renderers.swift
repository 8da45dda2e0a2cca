import HTML
import Values

/// Values as markup: what a machine reads stands beside what a person reads.
extension Localiser {
    package func timeElement(_ instant: Instant) -> HTML {
        time(.datetime(machineTime(instant))) { dateTime(instant) }
    }

    /// A time of the real clock, whatever a sandbox's clock shows: sign-ins, invitations and keys live on it.
    package func realTimeElement(_ instant: Instant) -> HTML {
        guard isSandbox else { return timeElement(instant) }
        return group {
            timeElement(instant)
            " "
            self("clock.of_real")
        }
    }

    package func realTime(_ instant: Instant) -> String {
        isSandbox ? "\(dateTime(instant)) \(self("clock.of_real"))" : dateTime(instant)
    }

    package func dateElement(_ instant: Instant) -> HTML {
        time(.datetime(machineTime(instant))) { date(instant) }
    }

    package func dateElement(_ day: CivilDate) -> HTML {
        time(.datetime(day.iso)) { date(day) }
    }

    package func longDateElement(_ instant: Instant) -> HTML {
        time(.datetime(machineTime(instant))) { longDate(instant) }
    }

    /// An amount with its symbol, kept on one line. A negative one is red, but never by colour alone: it has its minus.
    package func moneyElement(_ money: Money) -> HTML {
        span(.class("money", money.isNegative ? "money--negative" : nil)) { self.money(money) }
    }

    /// An amount for a column whose head names the currency.
    package func amountElement(_ money: Money) -> HTML {
        span(.class("money", money.isNegative ? "money--negative" : nil)) { amount(money) }
    }

    /// What stands where there is no value: a dash for the eye, a word for the ear.
    package var nothing: HTML {
        group {
            span(.class("faint"), .ariaHidden()) { "–" }
            span(.class("sr")) { self("common.none") }
        }
    }
}
