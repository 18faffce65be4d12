import Foundation

/// The few Open MPI functions that a group of ranks needs, loaded from its shared library when `mpirun` started the
/// process: the program needs no MPI to be built, nor to run alone.
///
/// In Open MPI, handles are pointers, predefined handles are the addresses of exported variables, `MPI_STATUS_IGNORE`
/// is null and `MPI_SUCCESS` is 0 (its mpi.h; the binary interface is the same in versions 3 to 5, whose library is
/// libmpi.so.40).
///
/// The handles are constants, so the struct may be passed between threads.
struct OpenMPILibrary: @unchecked Sendable {
    typealias Handle = OpaquePointer

    let initialise:
        @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, CInt, UnsafeMutablePointer<CInt>) -> CInt
    let finalise: @convention(c) () -> CInt
    let rank: @convention(c) (Handle, UnsafeMutablePointer<CInt>) -> CInt
    let size: @convention(c) (Handle, UnsafeMutablePointer<CInt>) -> CInt
    let setErrorHandler: @convention(c) (Handle, Handle) -> CInt
    let errorText: @convention(c) (CInt, UnsafeMutablePointer<CChar>, UnsafeMutablePointer<CInt>) -> CInt
    let send:
        @convention(c) (UnsafeRawPointer?, CInt, Handle, CInt, CInt, Handle, UnsafeMutablePointer<Handle?>) -> CInt
    let receive:
        @convention(c) (UnsafeMutableRawPointer?, CInt, Handle, CInt, CInt, Handle, UnsafeMutablePointer<Handle?>) ->
            CInt
    let broadcast:
        @convention(c) (UnsafeMutableRawPointer?, CInt, Handle, CInt, Handle, UnsafeMutablePointer<Handle?>) -> CInt
    let test: @convention(c) (UnsafeMutablePointer<Handle?>, UnsafeMutablePointer<CInt>, OpaquePointer?) -> CInt
    let probe: @convention(c) (CInt, CInt, Handle, UnsafeMutablePointer<CInt>, OpaquePointer?) -> CInt
    let world, byte, errorsReturn: Handle

    /// `MPI_THREAD_SERIALIZED`: one thread at a time may call it.
    static let serialised: CInt = 2
    /// `MPI_ANY_SOURCE`, `MPI_ANY_TAG`.
    static let any: CInt = -1

    /// - Throws: `CollectiveError.unavailable`.
    init() throws {
        // Open MPI's plug-ins look up its symbols in the global scope.
        let flags = RTLD_NOW | RTLD_GLOBAL
        guard let library = dlopen("libmpi.so.40", flags) ?? dlopen("libmpi.so", flags) else {
            throw CollectiveError.unavailable(
                reason: dlerror().map { String(cString: $0) } ?? "libmpi.so.40 is missing")
        }
        func symbol(_ name: String) throws -> UnsafeMutableRawPointer {
            guard let symbol = dlsym(library, name) else {
                throw CollectiveError.unavailable(reason: "libmpi.so has no \(name), so it is not Open MPI's")
            }
            return symbol
        }
        func function<Function>(_ name: String) throws -> Function {
            unsafeBitCast(try symbol(name), to: Function.self)
        }
        initialise = try function("MPI_Init_thread")
        finalise = try function("MPI_Finalize")
        rank = try function("MPI_Comm_rank")
        size = try function("MPI_Comm_size")
        setErrorHandler = try function("MPI_Comm_set_errhandler")
        errorText = try function("MPI_Error_string")
        send = try function("MPI_Isend")
        receive = try function("MPI_Irecv")
        broadcast = try function("MPI_Ibcast")
        test = try function("MPI_Test")
        probe = try function("MPI_Iprobe")
        world = Handle(try symbol("ompi_mpi_comm_world"))
        byte = Handle(try symbol("ompi_mpi_byte"))
        errorsReturn = Handle(try symbol("ompi_mpi_errors_return"))
    }

    /// - Throws: `CollectiveError.mpi` unless the call succeeded.
    func check(_ code: CInt, _ call: String) throws(CollectiveError) {
        guard code != 0 else { return }
        var text = [CChar](repeating: 0, count: 1_024)
        var length: CInt = 0
        _ = errorText(code, &text, &length)
        let reason = String(decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        throw CollectiveError.mpi(call: call, reason: reason)
    }
}
