// swift-tools-version: 6.3
import PackageDescription

/// One set of switches for every Swift target: the newest language mode, and no warning survives a build.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .treatAllWarnings(as: .error),
]

/// What is touched on one loop's thread only has nobody to be exclusive against but itself: debug builds, which all tests run, check that it is, and a
/// release build does not ask again at every field of every request.
let ofOneThread = settings + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

func target(
    _ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil, exclude: [String] = [],
    _ settings: [SwiftSetting] = settings
) -> Target {
    .target(name: name, dependencies: dependencies, path: path, exclude: exclude, swiftSettings: settings)
}
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "bursar",
    products: [.executable(name: "bursar", targets: ["Server"])],
    targets: [
        // Borders to C: a module map or a thin shim each.
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto"),
        .systemLibrary(name: "CUV", pkgConfig: "libuv"),
        .systemLibrary(name: "CArgon2", pkgConfig: "libargon2"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
        .systemLibrary(name: "CQREncode", pkgConfig: "libqrencode"),
        .systemLibrary(name: "CXLSXWriter", pkgConfig: "xlsxwriter"),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl"),
        // llhttp is compiled from Debian's own C source (node-llhttp) with strict mode on; Debian's built library is loose.
        .target(
            name: "CLLHTTP",
            cSettings: [
                .define("LLHTTP_STRICT_MODE", to: "1"),
                .unsafeFlags(["-I/usr/share/include/llhttp", "-w"]),
            ]),
        // simdjson is C++: one shim turns its parsed tape into calls that Swift can read.
        .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),

        target("Values"),
        target("Billing", ["Values"]),
        target("HTML"),
        target("Crypto", ["COpenSSL", "CArgon2"]),
        target("QR", ["CQREncode"]),
        target("Loop", ["CUV"], ofOneThread),
        target("Postgres", ["Loop", "CPostgres"]),
        target("HTTP", ["Loop", "CLLHTTP", "CSimdjson", "CUV", "CZlib"], ofOneThread),
        target("SMTP", ["Values", "CCurl"]),
        // Requests to addresses that customers give: guarded against reaching anything inside.
        target("Outgoing", ["CCurl"]),
        // The demo's real bills are read at run time, where they lie.
        target(
            "App", ["Values", "Billing", "HTML", "Crypto", "Loop", "Postgres", "HTTP", "SMTP", "Outgoing", "QR", "CXLSXWriter"],
            exclude: ["Features/Demo/Data"]),
        // `bursar api`: of App it reads the catalogue of routes and nothing else.
        target("Client", ["App", "HTML", "HTTP", "Crypto", "Values", "CCurl"]),
        .executableTarget(name: "Server", dependencies: ["App", "Client", "HTTP", "Loop", "Values"], swiftSettings: settings),

        // What a customer's program looks like; .ci/test runs it.
        .executableTarget(
            name: "lifecycle-example", dependencies: ["Crypto"], path: "Tests/Examples/Swift", swiftSettings: settings),
        .target(
            name: "TestSupport", dependencies: ["App", "HTTP", "Loop", "Outgoing", "Postgres", "Values"],
            path: "Tests/TestSupport",
            swiftSettings: settings),
        tests("ValuesTests", ["Values"]),
        tests("BillingTests", ["Billing", "Values"]),
        tests("HTMLTests", ["HTML"]),
        tests("CryptoTests", ["Crypto", "QR"]),
        tests("PostgresTests", ["Postgres", "Loop"]),
        tests("HTTPTests", ["HTTP", "Loop", "CZlib"]),
        tests("SMTPTests", ["SMTP", "Values"]),
        tests("ClientTests", ["Client", "App", "TestSupport", "Crypto", "HTTP", "Loop", "Values"]),
        tests("OutgoingTests", ["Outgoing"]),
        tests(
            "AppTests",
            ["App", "TestSupport", "HTML", "HTTP", "Values", "Billing", "Postgres", "Loop", "Crypto", "SMTP", "Outgoing"]),
    ],
    cxxLanguageStandard: .cxx17
)
