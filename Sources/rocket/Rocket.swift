import ArgumentParser

@main
struct Rocket: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rocket",
        abstract: "Turns ad logs in PostgreSQL into a small click-through-rate model, nightly.")
}
