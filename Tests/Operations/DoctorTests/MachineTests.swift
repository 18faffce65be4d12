import Postgres
import Testing

@testable import Doctor
@testable import Instructions

/// What doctor says of machines and servers that are not at hand.
@Suite struct MachineTests {
    @Test("A server older than the oldest is a problem with what is needed, one newer than the newest tested a warning")
    func versions() {
        func finding(_ major: Int, _ access: ConnectionSettings.Access) -> Finding {
            Doctor.version(ServerVersion(number: major * 10_000 + 3), "database ads", "results", access: access)
        }
        for access in [ConnectionSettings.Access.readWrite, .readOnly] {
            let tested = ServerVersion.tested(for: access)
            #expect(tested.map { finding($0, access).state } == tested.map { _ in .ok })
            let old = finding(tested.lowerBound - 1, access)
            #expect(old.state == .problem && old.fix?.contains("PostgreSQL \(tested.lowerBound) or newer") == true)
            #expect(finding(tested.upperBound + 1, access).state == .warning)
        }
        #expect(finding(13, .readOnly).state == .ok && finding(13, .readWrite).state == .problem)
        #expect(finding(16, .readOnly).found.contains("PostgreSQL 16.3,"))
    }

    @Test("A CPU is called after the widest instructions that it has, whatever others it has")
    func instructions() {
        // As oneDNN 2.6 and 3.7 number them: AVX2 with VNNI, AVX-512, bf16 with AVX2's VNNI, fp16, AMX, AMX with fp16.
        let kinds: [(UInt32, String?)] = [
            (0, nil), (0x1, "SSE4.1"), (0x3, "AVX"), (0x7, "AVX2"), (0x407, "AVX2"), (0xf, "AVX2"), (0x27, "AVX-512"),
            (0x67, "AVX-512 with VNNI"), (0x4e7, "AVX-512 with bf16"), (0x1ef, "AVX-512 with bf16"),
            (0x1fef, "AVX-512 with AMX"),
        ]
        for (bits, name) in kinds { #expect(VectorInstructions.name(bits: bits) == name, "\(bits)") }
        #expect([0, 0x1, 0x3].allSatisfy(VectorInstructions.isNarrow(bits:)))
        #expect(![0x7, 0xf, 0x27, 0x1fef].contains(where: VectorInstructions.isNarrow(bits:)))
    }

    @Test("Instructions that the job file asks for and the CPU lacks are a problem, with those that it has")
    func askedFor() {
        let lacking = Doctor.instructionSet(.avx512, here: { $0 == .avx2 }, name: "AVX2")
        #expect(
            lacking.state == .problem && lacking.topic == .job && lacking.found == "avx512, but this CPU has AVX2 only")
        #expect(lacking.fix?.hasPrefix("write training: {instruction_set: avx2} in the job file") == true)
        let none = Doctor.instructionSet(.avx2, here: { _ in false }, name: "SSE4.1")
        #expect(none.state == .problem && none.fix?.hasPrefix("remove instruction_set in the job file") == true)
        #expect(Doctor.instructionSet(.avx2, here: { _ in true }, name: "AVX-512").state == .ok)
        #expect(InstructionSet.avx2.isIncludedHere == VectorInstructions.includeAVX2)
        #expect(InstructionSet.avx512.isIncludedHere == VectorInstructions.includeAVX512)
    }

    @Test("On an Arm machine the CPU is a warning that says why and what to do")
    func arm() {
        let arm = Doctor.cpu("unknown instructions: f32 works", architecture: "aarch64", isNarrow: true)
        #expect(arm.state == .warning && arm.found.contains("oneDNN") && arm.fix?.contains("x86-64") == true)
        #expect(Doctor.cpu("AVX2: f32 works", architecture: "x86_64", isNarrow: false).state == .ok)
        #expect(Doctor.cpu("AVX: f32 works", architecture: "x86_64", isNarrow: true).state == .warning)
    }
}
