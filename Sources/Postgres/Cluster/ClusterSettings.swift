import Glibc

/// How much a private cluster promises to keep.
package enum ClusterDurability: Sendable {
    /// Survives the loss of power: what has been acknowledged stays.
    case durable
    /// For tests: nothing is forced to the disk.
    case disposable
}

/// The configuration files of a private cluster, written again at each start so that an upgrade brings its own.
struct ClusterSettings {
    let places: ClusterPlaces
    let durability: ClusterDurability

    func write() throws(ClusterError) {
        try Files.write(configuration, to: "\(places.data)/bursar.conf", mode: 0o600, owner: places.user)
        try Files.write(access, to: "\(places.data)/pg_hba.conf", mode: 0o600, owner: places.user)
        try Files.write(try identities(), to: "\(places.data)/pg_ident.conf", mode: 0o600, owner: places.user)
    }

    /// Appended once to the file that initdb wrote; the operator's own settings come last and win.
    static let inclusion = "\ninclude 'bursar.conf'\ninclude_if_exists 'local.conf'\n"

    private var configuration: String {
        // A run of the tests has many servers and superusers side by side on its one cluster.
        let isDurable = durability == .durable
        let memory = ClusterMemory(megabytes: isDurable ? ClusterMemory.megabytesHere : 512)
        return """
            # Written by bursar at each start. Put your own settings into local.conf beside this file.
            listen_addresses = ''
            unix_socket_directories = '\(places.sockets)'
            unix_socket_permissions = 0700
            port = 5432
            max_connections = \(isDurable ? 120 : 900)
            fsync = \(isDurable ? "on" : "off")
            full_page_writes = \(isDurable ? "on" : "off")
            synchronous_commit = \(isDurable ? "on" : "off")
            shared_buffers = \(memory.sharedBuffers)MB
            effective_cache_size = \(memory.effectiveCache)MB
            work_mem = 8MB
            maintenance_work_mem = 64MB
            wal_compression = on
            max_wal_size = 2GB
            checkpoint_timeout = 15min
            # After a crash the files are forced to the disk together instead of one by one: seconds less until people can work again.
            recovery_init_sync_method = syncfs
            random_page_cost = 1.1
            jit = off
            timezone = 'UTC'
            log_timezone = 'UTC'
            log_line_prefix = '%m [%p] %u '
            log_min_messages = warning
            # Neither values nor statements of tenants belong in a log.
            log_error_verbosity = terse
            log_min_error_statement = panic
            log_parameter_max_length = 0
            log_parameter_max_length_on_error = 0

            """
    }

    private var access: String {
        """
        # Written by bursar at each start. Nobody comes in but over the socket, and as whom the kernel says they are.
        local all all peer map=bursar

        """
    }

    /// Root, the serving user and PostgreSQL's user could read the data anyway; nobody else gets past the socket folder.
    private func identities() throws(ClusterError) -> String {
        var lines = ["# Written by bursar at each start."]
        let names = Set([places.user.name, "root", try SystemUser.current.name]).sorted()
        for name in names {
            for role in [Cluster.superuserRole, Cluster.ownerRole, Cluster.appRole] { lines.append("bursar \(name) \(role)") }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
