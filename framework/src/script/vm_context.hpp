// VmContext: what one VM knows of the run under way: its limits, its random stream, its outputs.
//
// It lies outside the arena, so a restored image does not touch it; every coroutine of the VM finds
// it through Lua's extra space. C functions called from Lua follow one rule: read the arguments
// into trivially destructible locals, call one function that does not throw, push or raise last. In
// the C build of Lua an error is a longjmp, which runs no destructor.
#pragma once
#include <atomic>
#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "canon/bytes.hpp"
#include "canon/ids.hpp"
#include "canon/random.hpp"
#include "canon/schema.hpp"
#include "canon/world.hpp"
#include "script/lua.hpp"

namespace canon {
class Program;

struct HostFunction;
struct Sandbox;
}  // namespace canon

namespace canon::script {

class FieldReads;
class MainThread;
struct HostAnswers;
class NameTable;
class Vm;

/// What the code that runs may do.
enum class Mode : std::uint8_t {
    loading,     ///< the program's modules are being run to make the image: declarations only
    job,         ///< reads the frozen world, asks for actions
    background,  ///< arguments only: no world, no call
    main,        ///< a callback or handler: the live world, at once
    view,        ///< beside the simulation: reads the world, asks for inputs
};

/// Why a run is being stopped. Once set, nothing that the script does lets it go on.
enum class Kill : int {
    none = 0,
    overdue,    ///< it ran hookless for too long: what it did is dropped and it runs again, counted
    budget,     ///< instructions spent
    work,       ///< library work spent
    memory,     ///< the first refused allocation
    output,     ///< more actions or log text than a run may ask for
    cancelled,  ///< by the host
};

struct VmContext {
    Vm* vm = nullptr;  ///< null in a view
    const Program* program = nullptr;
    bool arena_order = false;   ///< reference keys have an order: the program asked for it
    bool canonical = false;     ///< the simulation's mode: there is no arena order
    bool opaque_errors = true;  ///< scripts are not shown the texts of engine errors
    /// The coroutine that executes now, null between runs; read by the signal handler of the VM's
    /// own thread.
    lua_State* volatile running = nullptr;
    volatile std::sig_atomic_t kill = 0;   // a Kill
    std::atomic<std::uint64_t> serial{0};  ///< of runs: odd while one is under way
    // Of the watch: the run that it saw last, for how many ticks, and for how many it may last.
    std::uint64_t seen_serial = 0;
    std::int64_t seen_ticks = 0;
    std::int64_t ticks_allowed = 0;
    /// A host's job that runs here, and the one that is to be stopped.
    std::atomic<std::int64_t> host_job{0}, cancelled_job{0};

    bool is_cancelled() const noexcept {
        const std::int64_t job = host_job.load(std::memory_order_relaxed);
        return job != 0 && cancelled_job.load(std::memory_order_relaxed) == job;
    }
    bool counted = false;       ///< this run has a budget hook
    bool call_pending = false;  ///< the yield under way is engine.call's, not the script's
    Mode mode = Mode::loading;
    int calls_before = 0;  ///< of C functions around the script's: Canon's own, which it cannot see
    int depth = 0;         ///< of handlers that call handlers on the main thread
    std::int64_t work_left = 0;
    RandomStream random{0, 0};

    const World* world = nullptr;
    World::Hint hint;
    std::span<const EntityId> singletons;  ///< by TemplateIndex, where there is no world
    const Schema* schema = nullptr;
    const NameTable* names = nullptr;  ///< of fields
    const NameTable* templates = nullptr;
    MainThread* main = nullptr;
    Frame frame;

    // What the run has asked for: see action.hpp.
    Bytes actions;
    std::size_t actions_begin = 0;  ///< of this run; `actions` may hold other jobs' before
    std::size_t actions_whole =
        0;  ///< behind the last whole action; an error may leave part of one there
    std::int64_t first_entity = 0;  ///< the job's block of ids is [first_entity, end_entity)
    std::int64_t next_entity = 0;
    std::int64_t end_entity = 0;
    std::int64_t next_job = 0;
    std::int64_t end_job = 0;
    std::vector<TemplateIndex>
        spawned;  ///< of the entities that this job has spawned, by id - first_entity
    std::span<const std::uint8_t> answer;  ///< to engine.call: a Tag::yes, a count and values, or a
                                           ///< Tag::no, 1 and an error value

    Bytes log;  ///< entries: level byte, string
    std::size_t log_begin = 0;

    const std::vector<HostFunction>* host_functions = nullptr;
    HostAnswers* host_answers = nullptr;  ///< of the main thread's VM of a simulation
    bool check_purity = false;            ///< of host functions: called twice
    Bytes host_results;

    FieldReads* field_reads = nullptr;  ///< null unless lost writes are looked for

    // Memory that C functions use while they run; it lies here because an error would skip their
    // destructors.
    std::string message;
    Bytes scratch;
    std::vector<EntityId> ids;
    std::vector<std::size_t> requiring;  ///< modules under way, outermost first
    /// While a program is loaded: of the assert that failed last, its text and where it stands. The
    /// text alone tells no place, and when a load has failed there is no stack left to ask.
    std::string assert_text, assert_place;
};

inline VmContext& context(lua_State* L) noexcept {
    return **static_cast<VmContext**>(lua_getextraspace(L));
}

/// Marks the run as stopped for `why` (the first reason stays), makes every further instruction of
/// `L` raise, and raises.
[[noreturn]] void kill(lua_State* L, Kill why);

/// To be called after every protected call or resume that returned an error: goes on unwinding if
/// the run is being stopped, so that no script swallows its own end. Expects nothing of the stack.
inline void rethrow_if_killed(lua_State* L) {
    VmContext& run = context(L);
    if (run.kill != 0) kill(L, static_cast<Kill>(run.kill));
}

/// Counts library work that runs without instructions: about one unit for each element moved,
/// compared or each 16 bytes copied. Kills the run when its work is spent.
inline void charge(lua_State* L, std::int64_t units) {
    VmContext& run = context(L);
    run.work_left -= units;
    if (run.work_left < 0 || run.kill != 0) [[unlikely]]
        kill(L, Kill::work);  // or for the reason it has already, as when it is overdue
}

/// lua_resume that keeps `running` true and carries the instruction budget into `co` and back.
int resume_counted(lua_State* co, lua_State* from, int arguments, int* results);

/// Adds a log entry to the run (levels: 0 debug, 1 info, 2 warning, 3 error). Never throws; kills
/// past the limit.
void write_log(lua_State* L, int level, std::string_view text);

// ---- the strict libraries: each opens its tables as globals of `L`; in lib_*.cpp ----

void open_strict_base(lua_State* L);
void open_strict_string(lua_State* L);
void open_strict_table(lua_State* L);
void open_strict_math(lua_State* L);
void open_strict_coroutine(lua_State* L);

}  // namespace canon::script
