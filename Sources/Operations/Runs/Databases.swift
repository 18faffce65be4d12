import Extract
import ModelRegistry
import Postgres

/// The connections of a job, made together. A run whose database went away gets new ones.
package struct Databases {
    /// The connection for the job's tables.
    package let results: Connection
    /// Where the logs are; only ever read.
    package let source: Connection
    package let extraction: Extraction

    init(_ settings: Extraction.Databases, for context: JobContext) throws {
        let jobFile = context.jobFile
        results = try Connection(settings.results, applicationName: "rocket \(jobFile.model)")
        source = try Connection(settings.source, applicationName: "rocket \(jobFile.model), reading")
        extraction = Extraction(
            context.specification, databases: settings,
            options: Extraction.Options(
                directory: jobFile.cacheDirectory, workers: jobFile.extraction.workers, model: jobFile.model,
                jobFile: jobFile.path, builderVersion: ProgramVersion.current,
                rejectedRowsKept: jobFile.extraction.rejectedRows),
            source: source, on: results)
    }

    /// The same connections with an extraction of other features.
    package func extracting(_ specification: ExtractionSpecification) -> Databases {
        Databases(results: results, source: source, extraction: extraction.with(specification))
    }

    private init(results: Connection, source: Connection, extraction: Extraction) {
        (self.results, self.source, self.extraction) = (results, source, extraction)
    }

    package var manifest: CacheManifest { CacheManifest(results) }
    package var registry: ModelRegistry { ModelRegistry(results) }
}

extension Extraction.Databases {
    /// - Parameters:
    ///   - results: connection string of the job's tables; nil: from the environment.
    ///   - source: where the logs are; nil: `$SOURCE_DATABASE_URL`, else where the results go.
    public static func named(_ results: String?, source: String? = nil) -> Extraction.Databases {
        Extraction.Databases(
            source: .source(url: source, results: results), results: .fromEnvironment(url: results))
    }
}
