import Values
package enum ImportFormat: String, CaseIterable, Sendable { case focus, azureEA = "azure-ea" }
package struct InputFault: Error, CustomStringConvertible { package let description: String }
package struct ImportFile: Sendable {
    package struct Report: Sendable { package let text: String }
    package init(path: String, format: ImportFormat) {}
    package func run(_ context: TenantContext, progress: @escaping @Sendable (Int, Int) -> Void) async throws -> Report { Report(text: "") }
}
