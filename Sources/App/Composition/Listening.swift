import HTTP
import Loop

/// One port and the loops that answer on it, each with a listener, an app and connections to the database of its own; the kernel deals the clients out.
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
        let isShared = configuration.loops > 1
        if isShared, configuration.listenPort != 0 { try await confirmFree(app, instance) }
        var places = [Place(server: Serve.server(of: app, on: instance.loop), lane: nil)]
        var port = configuration.listenPort
        do {
            port = try await places[0].server.listen(host: configuration.listenHost, port: port, sharesPort: isShared)
            for number in 1..<configuration.loops {
                let lane = await instance.openLane(number + 1)
                let sibling = try App(beside: app, database: lane.database)
                places.append(Place(server: Serve.server(of: sibling, on: lane.loop), lane: lane))
                try await places[number].server.listen(host: configuration.listenHost, port: port, sharesPort: true)
            }
        } catch {
            await Listening(port: port, places: places).end(within: .seconds(1))
            throw error
        }
        return Listening(port: port, places: places)
    }

    /// A shared port would let a second server in unnoticed: whoever cannot have it alone does not share it.
    private static func confirmFree(_ app: App, _ instance: Instance) async throws {
        let probe = Serve.server(of: app, on: instance.loop)
        _ = try await probe.listen(host: instance.configuration.listenHost, port: instance.configuration.listenPort)
        await probe.drain(within: .zero)
    }

    /// From now on every answer ends its connection, on every loop; new ones are still taken.
    func announceEnd() async {
        for place in places { await place.server.loop.run { place.server.announceEnd() } }
    }

    /// Takes nobody new, lets each finish what they have, and closes the further loops.
    func end(within limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            for place in places { group.addTask { await place.server.drain(within: limit) } }
        }
        for place in places { await place.lane?.close() }
    }
}
