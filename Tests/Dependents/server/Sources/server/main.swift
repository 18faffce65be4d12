import RocketServing

// Without a folder it says what is missing, which is all that the check needs.
do {
    let ranker = try Ranker(ServingModel(folder: CommandLine.arguments.dropFirst().first ?? "/nowhere"))
    print(ranker.encoder.candidateColumns.joined(separator: " "))
} catch {
    print("\(error)")
}
