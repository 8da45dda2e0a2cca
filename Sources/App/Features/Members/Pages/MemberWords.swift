extension Localiser {
    /// A member's state as word, shape and colour.
    func pill(_ state: Member.State) -> StatePill {
        let word = self("members.state_\(state.rawValue)")
        return switch state {
        case .active: StatePill(word, .good, .disc)
        case .invited: StatePill(word, .info, .ring)
        case .invitationExpired: StatePill(word, .warn, .triangle)
        case .noSignIn: StatePill(word, .warn, .ring)
        case .removed: StatePill(word, .quiet, .cross)
        }
    }
}
