import HTTP
import Loop

/// One port and the loops that answer on it, each with an app and connections to the database of its own; the first one listens and deals the clients out.
/// What the server does by itself (deadlines, mail, long work) happens on the first loop only.
struct Listening: Sendable {
    private struct Place: Sendable {
        let server: HTTPServer
        /// Nil for the first loop, which the instance closes.
        let lane: Instance.Lane?
    }

    let port: Int
    private let places: [Place]

    /// - Throws: what stands in the way of listening; nothing is left open then.
    static func begin(_ app: App, _ instance: Instance) async throws -> Listening {
        let configuration = instance.configuration
        var places = [Place(server: Serve.server(of: app, on: instance.loop), lane: nil)]
        do {
            for number in 1..<configuration.loops {
                let lane = await instance.openLane(number + 1)
                let sibling = try App(beside: app, database: lane.database)
                places.append(Place(server: Serve.server(of: sibling, on: lane.loop), lane: lane))
            }
            let port = try await places[0].server.listen(
                host: configuration.listenHost, port: configuration.listenPort, siblings: places.dropFirst().map(\.server))
            return Listening(port: port, places: places)
        } catch {
            await Listening(port: 0, places: places).end(within: .seconds(1))
            throw error
        }
    }

    /// From now on every answer ends its connection, on every loop; new ones are still taken.
    func announceEnd() async {
        for place in places { await place.server.loop.run { place.server.announceEnd() } }
    }

    /// Takes nobody new, lets each finish what they have, and closes the further loops.
    func end(within limit: Duration) async {
        let first = places[0].server
        await first.loop.run { first.stopListening() }
        await withTaskGroup(of: Void.self) { group in
            for place in places { group.addTask { await place.server.drain(within: limit) } }
        }
        for place in places { await place.lane?.close() }
    }
}
