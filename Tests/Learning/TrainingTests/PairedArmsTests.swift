import FeatureCache
import Nets
import RocketLaunching
import Testing
import Training
import TrainingSupport

@Suite("Arms of one seed")
struct PairedArmsTests {
    static func train(_ arm: Arm, _ rocket: RocketSpecification, nets: NetSpecification = World.nets) throws
        -> CoTrainedModel
    {
        let trainer = World.trainer(arm, rocket: rocket, threads: 2, epochs: 2, nets: nets, clip: 1)
        _ = try trainer.train(on: World.source()) { _ in }
        return trainer.model
    }

    static func values(_ branch: Branch?) -> [[Float]] { branch?.arrays.map(\.array.values) ?? [] }

    @Test(
        "With nothing shared and the gradient blocked, the booster in rocket is bit for bit the booster alone",
        arguments: [World.nets, World.noisyNets])
    func boosterIsUndisturbed(_ nets: NetSpecification) throws {
        let rocket = RocketSpecification(hintWeight: 3, gradientBlock: .logits, sharing: .nothing)
        let together = try Self.train(.rocket, rocket, nets: nets)
        let alone = try Self.train(.booster, rocket, nets: nets)
        let values = Self.values(alone.boosterBranch)
        #expect(!values.isEmpty && values == Self.values(together.boosterBranch))
    }

    @Test("Where embeddings are shared and the light net does not train them, the booster in rocket is that alone, too")
    func boosterAboveSharedEmbeddings() throws {
        let rocket = RocketSpecification(
            hintWeight: 3, gradientBlock: .logitsAndSharedInput, sharing: .embeddings)
        let values = Self.values(try Self.train(.booster, rocket).boosterBranch)
        let together = Self.values(try Self.train(.rocket, rocket).boosterBranch)
        #expect(!values.isEmpty && values == together)
    }

    @Test("The light net in rocket without a hint and with nothing shared is bit for bit the light net alone")
    func lightBeginsAlike() throws {
        let rocket = RocketSpecification(hintWeight: 0, gradientBlock: .logits, sharing: .nothing)
        let values = Self.values(try Self.train(.light, rocket).lightBranch)
        let together = Self.values(try Self.train(.rocket, rocket).lightBranch)
        #expect(!values.isEmpty && values == together)
    }

    @Test(
        "Each net begins with the same weights in every arm of a job, whatever is shared", arguments: Sharing.allCases)
    func startsAreTheSame(_ sharing: Sharing) throws {
        let rocket = RocketSpecification(sharing: sharing)
        let reference = World.trainer(.rocket, rocket: rocket).model
        for arm in Arm.allCases {
            let model = World.trainer(arm, rocket: rocket).model
            if let light = model.lightBranch { #expect(Self.values(light) == Self.values(reference.lightBranch)) }
            if let booster = model.boosterBranch {
                #expect(Self.values(booster) == Self.values(reference.boosterBranch))
            }
        }
    }

    @Test("Layers that the rocket shares begin alike in the nets that are trained alone")
    func sharedLayersBeginAlike() throws {
        let nets = NetSpecification(embeddingDim: 4, light: [8, 6], booster: [8, 12, 6])
        let rocket = RocketSpecification(
            gradientBlock: .logitsAndSharedInput, sharing: .embeddings, sharedLayers: 1)
        let together = World.trainer(.rocket, rocket: rocket, nets: nets).model
        for (alone, part) in [
            (World.trainer(.light, rocket: rocket, nets: nets).model.lightBranch, together.lightBranch),
            (World.trainer(.booster, rocket: rocket, nets: nets).model.boosterBranch, together.boosterBranch),
        ] {
            let trunk = try #require(part?.trunk?.parameters.values)
            let whole = try #require(alone?.dense.parameters.values)
            #expect(Array(whole.prefix(trunk.count)) == trunk)
            #expect(Array(whole.dropFirst(trunk.count)) == part?.dense.parameters.values)
        }
    }
}
