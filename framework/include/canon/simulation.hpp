// Simulation: the deterministic machine. The state after frame F is a pure function of (program,
// config, seed, inputs up to F): not of the number of workers, their speed, the process, the clock,
// or a snapshot and restore in between.
//
// A step takes the inputs of one frame, runs the program's callbacks, runs the due jobs on all
// workers over the frozen world, and commits what they ask for in stamp order on the thread that
// called it, round after round until no job is stopped in a call. Then it hashes the state.
//
// Threads: all members are for the main thread (whichever one thread calls `step`), unless they say
// otherwise.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "canon/fault.hpp"
#include "canon/fingerprint.hpp"
#include "canon/host_function.hpp"
#include "canon/ids.hpp"
#include "canon/lost_write.hpp"
#include "canon/program.hpp"
#include "canon/value.hpp"
#include "canon/workers.hpp"
#include "canon/world.hpp"

namespace canon {

/// Data from outside, for one frame, from one source (a player, the host, the console, a reload).
struct Input {
    std::uint32_t source = 0;
    std::uint64_t sequence = 0;  ///< orders the inputs of one source
    Value data{};

    // Three sources are the library's own: what comes from them is not given to on_input. They are
    // for whoever runs the session, not for players: a console and a reload run what code they are
    // given.

    /// Lua text, run on the main thread where on_input would be called, as an expression if it is
    /// one; what it returns is in the report.
    static constexpr std::uint32_t kConsole = 0xFFFFFFFF;
    /// The modules of a program that takes the place of the one there is, before all other inputs
    /// of the frame. The world goes on, see World::change_schema; so do waiting jobs, by the names
    /// of their functions; background jobs begin again; functions that were disabled are run again.
    /// One that cannot be loaded is a fault, and nothing changes.
    /// The world's Schema, and what a host has learnt of it (numbers of templates and fields), may
    /// be another after it.
    static constexpr std::uint32_t kReload = 0xFFFFFFFE;
    /// A list of ids of jobs with deliver = "done": they are delivered in this frame, see
    /// Limits::done_delay. It waits for those that are not done. Others are passed over.
    static constexpr std::uint32_t kDone = 0xFFFFFFFD;

    static Input console(std::string_view text, std::uint64_t sequence = 0);
    static Input reload(const Program& program, std::uint64_t sequence = 0);
    static Input done(std::span<const JobId> jobs, std::uint64_t sequence = 0);
};

/// "console", "reload", "done", or the number.
std::string source_name(std::uint32_t source);

enum class LogLevel : std::uint8_t { debug, info, warning, error };

struct LogEntry {
    LogLevel level = LogLevel::info;
    std::string function;  ///< "jobs.think", "on_frame"; "canon" for the library's own
    std::string text;
};

/// Limits are part of what decides the outcome: two simulations that are to agree need the same
/// ones.
struct Limits {
    std::int64_t job_instructions = 50'000'000;  ///< of Lua; more than 2^31 - 1 count as that
    std::int64_t callback_instructions = 200'000'000;
    /// What library functions do without instructions: about one for each element or 16 bytes moved
    /// or compared. Callbacks and handlers may do four times as much.
    std::int64_t library_work = 20'000'000;
    std::size_t memory_bytes = 32 << 20;  ///< of one run of a script, above the loaded program
    std::size_t collect_bytes = 8 << 20;  ///< from here on Lua's collector runs
    std::uint32_t ids_per_job = 1024;     ///< entities that one job may spawn
    std::uint32_t jobs_per_frame = 1u << 21;
    std::uint32_t rounds = 32;                  ///< engine.call answers in a frame, for each job
    std::size_t put_aside_bytes = 256 << 20;    ///< of all jobs that are stopped at one time
    std::uint32_t post_depth = 32;              ///< of handlers that post to handlers
    std::uint32_t posts_per_commit = 1u << 20;  ///< made by handlers
    std::uint32_t strikes =
        3;  ///< frames running after which a function that spends its budget is disabled
    /// Frames after which deliver = "done" is delivered; 0: in the frame that an input of
    /// Input::kDone names, as in a live session, which asks Simulation::done_jobs.
    std::uint32_t done_delay = 8;
};

struct SimulationOptions {
    unsigned workers =
        0;  ///< 0: all cores. The main thread is one of them. Does not change any hash.
    /// Not null: these run its jobs, and `workers` is not looked at.
    std::shared_ptr<Workers> shared_workers = {};
    std::uint64_t seed = 1;
    Value config = Map{};  ///< what on_start gets
    Limits limits{};
    /// `canonical` works with builds of Lua that exact mode is refused for, and refuses programs
    /// that need it. Does not change any hash.
    SimulationMode mode = SimulationMode::exact;
    /// Calls each pure host function twice; other results the second time are an error in the
    /// script. For tests.
    bool check_purity = false;
    /// Not 0: runs under hostile circumstances that follow from this seed, see canon/chaos.hpp.
    /// Changes no hash, and makes all slower. For tests.
    std::uint64_t chaos = 0;
    /// Reports hold what scripts wrote in vain; see canon/lost_write.hpp. Changes no hash, and
    /// makes runs slow.
    bool check_writes = false;
};

struct SubmitOptions {
    Value key;  ///< integer or string: the random stream's
    std::int64_t priority = 0;
    std::uint64_t delay = 0;
    std::uint64_t deliver = 0;  ///< frames; 0: within the frame

    /// For `deliver`: as `deliver = "done"` in a script.
    static constexpr std::uint64_t kWhenDone = ~std::uint64_t{0};
};

struct SubmitEachOptions {
    std::uint32_t every = 1;  ///< staggers by id: each entity in one of so many frames
    std::uint32_t batch = 0;  ///< not 0: hands over lists of so many ids
    std::int64_t priority = 0;
    std::uint64_t delay = 0;
};

/// What a host asked for between two steps: an input, for those who record.
struct HostAction {
    enum class Kind : std::uint8_t { submit, submit_each, cancel };
    Kind kind = Kind::submit;
    JobId id;
    std::string job{};            ///< submit, submit_each
    std::string template_name{};  ///< submit_each
    Value argument{};             ///< submit
    SubmitOptions options{};
    SubmitEachOptions each_options{};
};

/// How much of what jobs ask for the reports hold.
enum class ActionRecord : std::uint8_t { none, hashes, all };

/// What an input of Input::kConsole returned: its first value, nil if that was none or it failed.
struct ConsoleResult {
    std::uint64_t sequence = 0;
    Value value{};
};

/// What one step did. Times are for people and differ from run to run; everything else is a
/// function of the contract.
struct FrameReport {
    Frame frame;
    std::uint64_t state_hash = 0;  ///< of the state after the frame
    std::uint64_t chain = 0;  ///< of inputs, actions, faults and state, chained to the frame before
    std::uint64_t action_hash = 0;
    std::uint64_t world_hash = 0;  ///< of the world after the frame; the state hash covers it
    EntityId next_id;              ///< the world's, after the frame
    std::uint64_t jobs = 0;
    std::uint64_t actions = 0;
    std::uint64_t dead_actions = 0;  ///< on entities that were dead: normal life
    std::uint64_t refused_actions =
        0;  ///< that the world could not take (type, field, index unknown to the job)
    std::uint64_t skipped_jobs = 0;  ///< of disabled functions
    std::uint32_t rounds = 0;
    std::uint64_t entities = 0;
    std::vector<Fault> faults;
    std::vector<KilledRun> killed;  ///< those of the faults that a replay is told
    std::vector<LogEntry> log;
    std::vector<ConsoleResult> console{};  ///< in the order in which they ran
    /// Empty unless SimulationOptions::check_writes. Runs that ended in a fault are not told of,
    /// and entries after the first thousand are left out.
    std::vector<LostWrite> lost_writes{};
    /// Of canon/effects.hpp, from on_input to on_commit; empty unless `record_effects` was called.
    /// Valid until the world changes.
    std::span<const std::uint8_t> effects;
    /// Of canon/job_actions.hpp, in stamp order; empty unless `record_actions` was called. Valid
    /// until the next step.
    std::span<const std::uint8_t> job_actions;
    std::vector<HostAction> host_actions{};  ///< since the step before
    /// Of external host functions, in order, as `replay` takes them. Valid until the next step.
    std::span<const std::uint8_t> host_answers;
    std::int64_t callback_nanoseconds = 0;  ///< on_input, on_frame and freeze: one thread
    std::int64_t run_nanoseconds = 0;       ///< jobs: all workers
    std::int64_t commit_nanoseconds = 0;    ///< one thread; with on_fault and on_commit
    std::int64_t hash_nanoseconds = 0;      ///< one thread
};

class Simulation;

/// What a C++ action handler works with; valid during the call.
class HandlerContext {
  public:
    World& world() noexcept { return world_; }
    Simulation& simulation() noexcept { return simulation_; }
    /// Of the action that is answered.
    const Stamp& stamp() const noexcept { return stamp_; }

    HandlerContext(World& world, Simulation& simulation, const Stamp& stamp)
        : world_(world), simulation_(simulation), stamp_(stamp) {}

  private:
    World& world_;
    Simulation& simulation_;
    Stamp stamp_;
};

/// A C++ action handler; what it returns is the answer to engine.call.
/// Fails: an exception becomes a Fault; the world's writes are undone, host state is not.
using Handler = std::function<Value(HandlerContext&, const Value& data)>;

/// The whole state at a frame boundary. Immutable: any thread may read its world while `step` runs,
/// as long as someone holds it.
class SimulationSnapshot {
  public:
    struct Inside;
    explicit SimulationSnapshot(std::unique_ptr<const Inside> inside) noexcept;
    ~SimulationSnapshot();

    Frame frame() const noexcept;
    std::uint64_t state_hash() const;
    std::uint64_t chain() const noexcept;
    /// See Snapshot::world.
    const World& world() const noexcept;
    /// As Simulation::save does. Any thread.
    void save(Bytes& out) const;
    const Inside& inside() const noexcept { return *inside_; }

  private:
    std::unique_ptr<const Inside> inside_;
};

class Simulation {
  public:
    /// Registers what a host adds. To be set before the program is loaded, in the same way wherever
    /// it runs.
    struct Host {
        std::vector<std::pair<std::string, Handler>> handlers{};
        /// Templates of the host's own, before the program's.
        std::vector<TemplateSpec> templates{};
        /// Functions that scripts call by `module.name`; see canon/host_function.hpp. Part of what
        /// decides the outcome: a pure one must be a function of its arguments alone, on every
        /// machine; one for the main thread is called during the commit, in stamp order.
        std::vector<HostFunction> functions{};
        /// Host state by name; see canon/host_state.hpp.
        std::vector<std::pair<std::string, std::function<std::unique_ptr<HostStateBase>()>>>
            states{};
    };

    /// Loads the program into one VM for each worker and runs on_start: the state is then that of
    /// frame 0. Fails: throws canon::Error if the program cannot be loaded, with file and line, or
    /// a worker cannot be started. A fault of on_start is in `start_report`.
    Simulation(std::shared_ptr<const Program> program, SimulationOptions options, Host host);
    Simulation(std::shared_ptr<const Program> program, SimulationOptions options);
    ~Simulation();
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;

    /// Runs the next frame. `inputs` are put into canonical order here: by source, the first source
    /// rotating by frame, then by sequence. Fails: throws canon::Error for two inputs of one source
    /// with one sequence, and MachineError where a reload finds no memory or address space; nothing
    /// has happened then. The report is valid until the next call.
    const FrameReport& step(std::span<const Input> inputs = {});

    /// The same, of a frame that has been run before, perhaps by another build of Lua, which counts
    /// instructions and bytes otherwise: just the runs in `killed` are ended by a limit, without
    /// being run, and leave the faults that they left then. All limits on runs are twice as large.
    /// External host functions are not called; they answer what they answered then. `killed` and
    /// `host_answers` are the report's of that time.
    const FrameReport& replay(std::span<const Input> inputs, std::span<const KilledRun> killed,
                              std::span<const std::uint8_t> host_answers = {});
    /// Does again what a host did between steps, before the step is run or replayed.
    /// Fails: throws canon::Error where that cannot be what was done here: an unknown job or
    /// template, another id.
    void repeat(const HostAction& action);

    /// Of on_start.
    const FrameReport& start_report() const noexcept;
    Frame frame() const noexcept;
    unsigned workers() const noexcept;
    /// That of the last frame: a reload puts another one in its place.
    const Program& program() const noexcept;
    const SimulationOptions& options() const noexcept;
    /// "jobs.think", by the number that canon/job_actions.hpp has; empty for another number.
    std::string job_name(std::uint32_t function) const;
    /// "main.lua:12", where that function is defined; empty unless writes are checked.
    std::string job_place(std::uint32_t function) const;
    /// Whether what the program does is the same only under one fingerprint: it has called
    /// arena_order().
    bool needs_exact_mode() const noexcept;

    /// For reading, between steps, and for changing by handlers.
    World& world() noexcept;
    const World& world() const noexcept;

    /// Submits a job, as engine.submit does on the main thread: from within a handler it is due
    /// next frame, between steps in the frame that comes. Hosts call it at the same frames wherever
    /// the simulation runs. Fails: throws canon::Error for a job that does not exist.
    JobId submit(std::string_view job, const Value& argument = {},
                 const SubmitOptions& options = {});
    JobId submit_each(std::string_view job, std::string_view template_name,
                      const SubmitEachOptions& options = {});
    void cancel(JobId id);
    /// How often these three were called since the last step: a part of the state as it is, and of
    /// the next report.
    std::size_t pending_host_actions() const noexcept;
    /// Jobs with deliver = "done" that wait to be delivered (Limits::done_delay is 0) and have
    /// ended, in order of their ids: what a live session gives to Input::done. Where no other
    /// thread works on them, one that is yet to be run. Not a function of the contract.
    std::vector<JobId> done_jobs() const;

    /// Reports hold what each frame changed, from the next one on, or no more. Changes no hash.
    void record_effects(bool on);
    /// The same of what jobs ask for.
    void record_actions(ActionRecord what);

    std::uint64_t state_hash() const;
    std::uint64_t chain() const noexcept;

    /// Canonical bytes of the whole state; `load` needs a simulation of the same limits and host.
    void save(Bytes& out) const;
    /// Goes on with `program`, or with the one there is: that with which the state was saved.
    /// Fails: throws canon::Error that names what is wrong; the simulation is then as it was.
    void load(ByteReader& in, std::shared_ptr<const Program> program = nullptr);
    std::shared_ptr<const SimulationSnapshot> capture() const;
    /// Goes on with the program of that time, which is loaded where it is another one.
    /// Fails: throws canon::Error for a snapshot of another seed, or of a host with other templates
    /// or states; the simulation is then as it was.
    void restore(const SimulationSnapshot& snapshot);
    /// One field a line, the simulation's own state first.
    std::string dump() const;

    /// For statistics and benchmarks.
    struct Statistics {
        std::size_t image_bytes = 0;
        std::size_t image_live_bytes = 0;
        std::size_t hot_pages = 0;          ///< the most of any worker
        std::uint64_t runs = 0;             ///< of scripts, all workers
        std::uint64_t counted_runs = 0;     ///< made again with a budget hook
        std::uint64_t odd_collections = 0;  ///< in chaos: of garbage, in the middle of jobs
        std::uint64_t held_up = 0;          ///< in chaos: times that a worker had to wait
    };
    Statistics statistics() const;

  private:
    class Machine;
    std::unique_ptr<Machine> machine_;
};

}  // namespace canon
