extension Schema {
    /// What the document says of a sandbox tenant's clock.
    static let clockObjects: [(name: String, schema: Schema)] = [
        (
            "TestClock",
            .object([
                .init("object", .word(["test_clock"])), .init("now", instant), .init("advancing_to", .nullable(instant)),
            ])
        ),
        (
            "ClockAdvance",
            .object([
                .init("now", instant), .optional("ran", .anything, "How many of each kind of timer ran, and settlements."),
                .optional(
                    "due", .anything,
                    "Of a dry run: deadlines that stand already and would run, by kind. Each may set others on the way."),
                dryRun,
            ])
        ),
    ]
}
