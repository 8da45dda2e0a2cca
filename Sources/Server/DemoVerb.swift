extension Invocation {
    func demo() async throws {}
}
