import ArgumentParser
import Jobs

struct Rocket: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rocket",
        abstract: "Turns ad logs in PostgreSQL into a small click-through-rate model, nightly.",
        discussion: """
            A heavy booster net and a light net are trained together from impressions and clicks; the light one is \
            served. The database is libpq's: DATABASE_URL, PGHOST and so on, or --database.

            First steps:
              rocket migrate
              rocket sample-logs --days 5 --impressions 200000
              rocket nightly --job jobs/quickstart.yaml
              rocket report

            Exit codes: 0 done, 1 internal error, 3 nothing to do (the work was done before), 4 locked (another run is \
            under way), 5 the logs do not allow the work, 6 configuration, 7 database, 8 held by the promotion gate, \
            9 stopped by a signal, 10 a rank of the group was lost, 64 wrong command line.
            """,
        version: ProgramVersion.current,
        subcommands: [
            InitCommand.self, DoctorCommand.self,
            MigrateCommand.self, ImportCommand.self, SampleLogsCommand.self, ConfigCommand.self, ExtractCommand.self,
            TrainCommand.self, EvaluateCommand.self, NightlyCommand.self, BackfillCommand.self,
            ExperimentCommand.self, PredictCommand.self, ReportCommand.self,
            ModelsCommand.self, StatusCommand.self, CacheCommand.self, BenchCommand.self,
        ])
}
