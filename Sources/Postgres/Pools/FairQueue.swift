import FoundationEssentials

/// Those who wait, of many scopes: within a scope first come, first served; the scopes take turns. However many of one scope wait, one of another
/// is at most one turn away.
package struct FairQueue<Element> {
    /// Empty lanes that are kept, so that a scope that comes and goes does not allocate each time.
    private static var lanesKept: Int { 64 }

    private var lanes: [UUID?: Queue<Element>] = [:]
    /// The scopes in which somebody waits, each once, in the order of their turns.
    private var turns = Queue<UUID?>()
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    package func count(of scope: UUID?) -> Int { lanes[scope]?.count ?? 0 }

    package mutating func append(_ element: Element, of scope: UUID?) {
        if lanes[scope]?.isEmpty ?? true { turns.append(scope) }
        lanes[scope, default: Queue()].append(element)
        count += 1
    }

    /// The next one of a scope that may go on, which then has its next turn after all others.
    package mutating func popFirst(where mayGoOn: (UUID?) -> Bool) -> (element: Element, scope: UUID?)? {
        for _ in 0..<turns.count {
            guard let scope = turns.popFirst() else { return nil }
            guard mayGoOn(scope), let element = lanes[scope]?.popFirst() else {
                turns.append(scope)
                continue
            }
            count -= 1
            if lanes[scope]?.isEmpty == false {
                turns.append(scope)
            } else if lanes.count > Self.lanesKept {
                lanes[scope] = nil
            }
            return (element, scope)
        }
        return nil
    }

    /// Removes the elements that match, keeping the order of the rest.
    package mutating func remove(where matches: (Element) -> Bool) -> [Element] {
        guard !isEmpty else { return [] }
        var removed: [Element] = []
        for scope in lanes.keys { removed += lanes[scope]?.remove(where: matches) ?? [] }
        guard !removed.isEmpty else { return [] }
        count -= removed.count
        _ = turns.remove { scope in lanes[scope]?.isEmpty ?? true }
        return removed
    }

    package mutating func removeAll() -> [Element] {
        defer { self = FairQueue() }
        return lanes.keys.flatMap { lanes[$0]?.removeAll() ?? [] }
    }
}

/// How many of each scope are under way.
struct ScopeCounts {
    private var counts: [UUID: Int] = [:]

    /// What has no scope is the server's own and never held back here.
    func isBelow(_ maximum: Int, _ scope: UUID?) -> Bool {
        guard let scope else { return true }
        return counts[scope, default: 0] < maximum
    }

    mutating func begin(_ scope: UUID?) {
        if let scope { counts[scope, default: 0] += 1 }
    }

    mutating func end(_ scope: UUID?) {
        guard let scope, let count = counts[scope] else { return }
        counts[scope] = count > 1 ? count - 1 : nil
    }
}
