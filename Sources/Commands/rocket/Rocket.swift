import ArgumentParser
import Onboarding
import Runs

struct Rocket: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rocket",
        abstract: "Turns ad logs in PostgreSQL into a small click-through-rate model, nightly.",
        discussion: """
            A heavy booster net and a light net are trained together from impressions and clicks; the light net is served.

            Your own tables:
              rocket migrate
              rocket init --impressions shop.ad_views --clicks shop.ad_taps -o ads.yaml
                (one table with both events: rocket init --impressions shop.ad_events)
              rocket doctor --job ads.yaml
              rocket nightly --job ads.yaml
              rocket report --html ads.html

            Generated logs instead: rocket sample-logs --days 5 --impressions 200000, then rocket nightly --job \
            jobs/quickstart.yaml.

            The database is --database URL, $DATABASE_URL, or libpq's own settings (PGHOST, PGUSER and so on). The job file \
            is --job FILE or $ROCKET_JOB. rocket --version prints the program's version.

            Exit codes:
               0  done
               1  an error of the program or the machine that no other code covers
               3  nothing to do: the work was done before
               4  locked: another run is working; the message says who
               5  the logs do not allow the work
               6  configuration: the job file, or something it names
               7  database
               8  held: the promotion gate held the new version back
               9  stopped by a signal; start it again, it resumes
              10  under mpirun: a rank was lost; start it again, it resumes
              64  wrong command line
              74  standard output could not be written
            """,
        subcommands: [CommandsPage.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Set up",
                subcommands: [
                    MigrateCommand.self, InitCommand.self, ConfigCommand.self, DoctorCommand.self, ImportCommand.self,
                    SampleLogsCommand.self,
                ]),
            CommandGroup(
                name: "Every night",
                subcommands: [NightlyCommand.self, BackfillCommand.self, ExtractCommand.self]),
            CommandGroup(
                name: "Look",
                subcommands: [ReportCommand.self, StatusCommand.self, RunsCommand.self, CacheCommand.self]),
            CommandGroup(
                name: "Models",
                subcommands: [ModelsCommand.self, TrainCommand.self, EvaluateCommand.self, ExperimentCommand.self]),
            CommandGroup(name: "Serve", subcommands: [PredictCommand.self]),
            CommandGroup(name: "Measure", subcommands: [BenchCommand.self]),
        ])
}
