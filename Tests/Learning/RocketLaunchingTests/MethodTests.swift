import Testing

@testable import RocketLaunching

@Suite struct MethodTests {
    @Test("No booster learns from a light net but where nothing is blocked, and every part learns its own loss")
    func tables() {
        for block in GradientBlock.allCases {
            let table = block.table
            #expect(table.booster.contains(.booster) && table.shared.contains(.booster))
            #expect(table.light == .throughLight && !table.booster.contains(.light))
            #expect(table.booster.contains(.hintThroughBooster) == (block == .none))
            #expect(table.shared.contains(.hintThroughBooster) == (block == .none))
            // What reaches z goes on to the shared part whole or not at all: there is one gradient of z.
            let light = table.shared.intersection(.throughLight)
            #expect(light == (block == .logitsAndSharedInput ? [] : .throughLight))
        }
    }

    @Test("Derivatives of every hint loss are those of finite differences", arguments: HintLoss.allCases)
    func hints(_ hint: HintLoss) {
        for (z, l) in [(-2.0, 1.5), (0.3, 0.2), (1.0, -3.0)] {
            func loss(_ z: Double, _ l: Double) -> Double { hint.value(z: z, l: l, temperature: 2).loss }
            let (step, found) = (1e-5, hint.value(z: z, l: l, temperature: 2))
            #expect(abs(found.dz - (loss(z + step, l) - loss(z - step, l)) / (2 * step)) < 1e-8)
            #expect(abs(found.dl - (loss(z, l + step) - loss(z, l - step)) / (2 * step)) < 1e-8)
        }
    }

    @Test("A blocked hint has no derivative by l, an open one that of its loss")
    func loss() {
        for block in GradientBlock.allCases {
            let rocket = RocketSpecification(hintLoss: .logitMSE, gradientBlock: block)
            let row = rocket.loss(z: -1, l: 2, label: 1)
            #expect(row.hint.dz == -6 && row.hint.dl == (block == .none ? 6 : 0))
            let gradient = LogitGradient(rocket, .all, hintScale: 1)
            #expect(gradient.dl(row) == row.booster.dl + 3 * row.hint.dl)
            #expect(LogitGradient(rocket, .booster, hintScale: 1).dz(row) == 0)
        }
    }

    @Test("Arms train the paper's nets", arguments: Arm.allCases)
    func arms(_ arm: Arm) {
        #expect(arm.nets().contains(.servedLight) == (arm != .booster))
        #expect(arm.nets().contains(.booster) == (arm != .light && !arm.needsTeacher))
        let nets = arm.nets()
        #expect((arm.sharing(.embeddings, among: nets) == .embeddings) == (nets.count == 2))
        #expect(arm.sharing(.nothing, among: nets) == .nothing && arm.sharing(.lights, among: nets) == .nothing)
        let fleet = arm.nets([.light("a"), .light("b")])
        #expect((arm.sharing(.lights, among: fleet) == .lights) == (arm != .booster))
    }
}
