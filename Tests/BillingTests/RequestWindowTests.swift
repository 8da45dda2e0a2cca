import Billing
import Testing

@Suite struct `A quota of requests` {
    private let start: Int64 = 1_000_000_000

    @Test func `lets exactly the quota through within a minute, and says what is left`() {
        var window = RequestWindow()
        for spent in 1...600 {
            #expect(window.spend(of: 600, at: start) == .admitted(remaining: 600 - spent, seconds: 60))
        }
        #expect(window.spend(of: 600, at: start) == .refused(seconds: 60))
        #expect(window.spend(of: 600, at: start + 59_999) == .refused(seconds: 1))
        #expect(window.spend(of: 600, at: start + 60_000) == .admitted(remaining: 599, seconds: 60))
    }

    @Test func `counts no refusal`() {
        var window = RequestWindow()
        #expect(window.spend(of: 1, at: start) == .admitted(remaining: 0, seconds: 60))
        for second in 1..<60 { #expect(window.spend(of: 1, at: start + Int64(second) * 1000) == .refused(seconds: 60 - second)) }
        #expect(window.spend(of: 1, at: start + 60_000) == .admitted(remaining: 0, seconds: 60))
    }

    @Test func `gives back second by second what was spent second by second`() {
        var window = RequestWindow()
        for second in 0..<10 { _ = window.spend(2, of: 20, at: start + Int64(second) * 1000) }
        #expect(window.spend(of: 20, at: start + 9_999) == .refused(seconds: 51))
        #expect(window.spend(3, of: 20, at: start + 9_999) == .refused(seconds: 52))
        #expect(window.spend(of: 20, at: start + 60_000) == .admitted(remaining: 1, seconds: 1))
        #expect(window.spend(of: 20, at: start + 60_000) == .admitted(remaining: 0, seconds: 1))
        #expect(window.spend(of: 20, at: start + 60_999) == .refused(seconds: 1))
        #expect(window.spend(2, of: 20, at: start + 61_000) == .admitted(remaining: 0, seconds: 1))
    }

    @Test func `never lets more than the quota through in any minute, however it is asked`() {
        var generator = SystemRandomNumberGenerator()
        var window = RequestWindow()
        var admitted: [Int64] = []
        var now = start
        for _ in 0..<20_000 {
            now += Int64.random(in: 0...200, using: &generator)
            if case .admitted(let remaining, let seconds) = window.spend(of: 50, at: now) {
                #expect((0..<50).contains(remaining) && (1...60).contains(seconds))
                admitted.append(now / 1000)
            }
        }
        for (index, second) in admitted.enumerated() where index >= 50 { #expect(second - admitted[index - 50] >= 60) }
    }

    @Test func `is admitted after exactly the seconds that the refusal named`() {
        for cost in [1, 3, 7] {
            var window = RequestWindow()
            for second in 0..<5 { _ = window.spend(2, of: 10, at: start + Int64(second) * 1000) }
            let now = start + 4_500
            guard case .refused(let seconds) = window.spend(cost, of: 10, at: now) else {
                Issue.record("not refused")
                continue
            }
            var early = window
            if seconds > 1 {
                #expect(early.spend(cost, of: 10, at: now + Int64(seconds - 1) * 1000).isRefused)
            }
            #expect(!window.spend(cost, of: 10, at: now + Int64(seconds) * 1000).isRefused)
        }
    }

    @Test func `lets a request that costs more than the quota through when nothing else was, and it takes all`() {
        var window = RequestWindow()
        #expect(window.spend(50, of: 10, at: start) == .admitted(remaining: 0, seconds: 60))
        #expect(window.spend(50, of: 10, at: start + 30_000) == .refused(seconds: 30))
    }

    @Test func `takes a clock that seems to go back for one that stands`() {
        var window = RequestWindow()
        #expect(window.spend(of: 2, at: start) == .admitted(remaining: 1, seconds: 60))
        #expect(window.spend(of: 2, at: start - 5_000) == .admitted(remaining: 0, seconds: 60))
        #expect(window.spend(of: 2, at: start - 5_000) == .refused(seconds: 60))
    }

    @Test func `follows a quota that changes`() {
        var window = RequestWindow()
        for _ in 0..<5 { _ = window.spend(of: 5, at: start) }
        #expect(window.spend(of: 5, at: start).isRefused)
        #expect(window.spend(of: 8, at: start) == .admitted(remaining: 2, seconds: 60))
        #expect(window.spend(of: 3, at: start) == .refused(seconds: 60))
        #expect(window.isIdle(at: start + 59_999) == false)
        #expect(window.isIdle(at: start + 60_000))
        #expect(RequestWindow().isIdle(at: start))
    }
}

extension RequestWindow.Verdict {
    fileprivate var isRefused: Bool { if case .refused = self { true } else { false } }
}
