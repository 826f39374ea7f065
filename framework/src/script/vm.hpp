// Vm: one worker's Lua: the strict environment with a program loaded, in a pristine image that
// every run starts from.
//
// Every VM of a simulation loads the same bytecode in the same order into an arena of the same
// kind, so their images are equal but for the base address; `image_digest` proves it at start. A
// run begins with the image (or with the bytes of a suspended run), goes hookless until it ends,
// stops in engine.call, or is overdue; an overdue one is dropped and run again with one instruction
// hook, and that run alone decides.
//
// Threads: a VM is used by one thread at a time.
#pragma once
#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "canon/fault.hpp"
#include "canon/fingerprint.hpp"
#include "canon/program.hpp"
#include "canon/sandbox.hpp"
#include "canon/world.hpp"
#include "core/chaos.hpp"
#include "core/counter.hpp"
#include "script/arena.hpp"
#include "script/image.hpp"
#include "script/odd_collections.hpp"
#include "script/vm_context.hpp"
#include "script/write_check.hpp"

namespace canon::script {

/// The names behind the function numbers of a program: jobs, then handlers, then callbacks, each
/// sorted bytewise.
struct FunctionTable {
    enum Callback : std::uint32_t { on_start, on_input, on_frame, on_fault, on_commit, kCallbacks };

    std::vector<std::string> jobs;
    std::vector<std::string> handlers;  ///< of the program and of the host
    std::vector<bool> is_host;          ///< for each handler: a C++ one
    bool has_callback[kCallbacks] = {};

    std::uint32_t size() const noexcept {
        return static_cast<std::uint32_t>(jobs.size() + handlers.size()) + kCallbacks;
    }
    std::uint32_t handler(std::uint32_t index) const noexcept {
        return static_cast<std::uint32_t>(jobs.size()) + index;
    }
    std::uint32_t callback(Callback which) const noexcept {
        return static_cast<std::uint32_t>(jobs.size() + handlers.size()) + which;
    }
    /// kNone where there is none.
    std::uint32_t find_job(std::string_view name) const noexcept;
    std::uint32_t find_handler(std::string_view name) const noexcept;  ///< an index into `handlers`
    /// "jobs.think", "actions.struck", "on_frame"
    std::string name(std::uint32_t function) const;
};

/// What callbacks and handlers may do at once; implemented by the simulation. Errors come back as
/// text, null or empty is success.
class MainThread {
  public:
    virtual EntityId take_entity_id() = 0;
    virtual JobId take_job_id() = 0;
    /// Applies one action's canonical bytes.
    virtual const char* apply(std::span<const std::uint8_t> action) = 0;
    /// Runs a C++ handler. `result` receives a canonical value.
    virtual const char* call_host(std::uint32_t handler, std::span<const std::uint8_t> data,
                                  Bytes& result) = 0;
    virtual void begin_savepoint() = 0;
    virtual void release_savepoint() = 0;
    virtual void undo_savepoint() = 0;

  protected:
    ~MainThread() = default;
};

struct VmLimits {
    std::int64_t job_instructions = 50'000'000;
    std::int64_t main_instructions = 500'000'000;
    std::int64_t load_instructions = 1'000'000'000;
    std::int64_t work = 20'000'000;  ///< library work of a run, in units of `charge`
    std::size_t memory_bytes =
        32 << 20;  ///< live in one run, above the image; and of the image itself
    std::size_t collect_bytes = 8 << 20;  ///< live above the image when the collector may start
    std::size_t output_bytes = 16 << 20;  ///< action bytes of one run; log text: 1/16 of it
    std::int64_t watch_nanoseconds =
        2'000'000;  ///< a hookless run that took longer is run again, counted
};

/// One run to make.
struct Run {
    std::uint32_t function = 0;
    /// Instead of a function: bytecode of our own compiler, called as a function would be.
    std::span<const std::uint8_t> chunk = {};
    Mode mode = Mode::job;
    int limit_scale = 1;  ///< the VM's limits are so many times as large for it
    Frame frame;
    enum class Argument : std::uint8_t { none, entity, values, ids } argument = Argument::none;
    std::int64_t entity = 0;
    std::span<const std::uint8_t> values;  ///< canonical values, one after the other
    std::uint32_t value_count = 0;
    std::span<const EntityId> ids;
    enum class Results : std::uint8_t { none, one, all } results = Results::none;
    std::uint64_t random_key = 0;
    std::uint64_t random_stream = 0;
    std::int64_t first_entity = 0, end_entity = 0;
    std::int64_t first_job = 0, end_job = 0;
};

enum class RunStatus : std::uint8_t { done, stopped, failed };

/// A run stopped in engine.call: the bytes to go on from, and what else it had got to.
struct StoppedRun {
    Suspended suspended;
    RandomStream random{0, 0};
    std::int64_t work_left = 0;
    Run run;
    std::int64_t next_entity = 0;
    std::int64_t next_job = 0;
    std::vector<TemplateIndex> spawned;
    std::int64_t instructions = 0;
    FieldReads::State field_reads;
};

class Vm {
  public:
    struct Setup {
        std::shared_ptr<const Program> program;
        VmLimits limits;
        std::vector<std::string> host_handlers;    ///< names of C++ handlers
        std::vector<TemplateSpec> host_templates;  ///< declared before the program's
        /// Not 0: another hash seed and arena, collections in the middle of jobs, each run counted.
        std::uint64_t chaos = 0;
        std::uint32_t hash_seed = Chaos(0).hash_seed;  ///< Lua's, without chaos; for tests
        /// Of the host, by name. Borrows: while the VM lives.
        const std::vector<HostFunction>* host_functions = nullptr;
        bool check_purity = false;
        SimulationMode mode = SimulationMode::exact;
        bool check_writes = false;  ///< see lost_writes
        Sandbox sandbox = {};
        std::size_t trim_bytes = 16 << 20;  ///< more than this of a run goes back to the system
        bool count_instructions = false;    ///< counts all runs
        /// Whose `engine` scripts see: the simulation's, or that of a host without a world.
        enum class Engine : std::uint8_t { simulation, runner } engine = Engine::simulation;
    };

    /// Loads the program.
    /// Fails: throws canon::Error with the message and place of a module's error, or of a template
    /// that is wrong.
    explicit Vm(const Setup& setup);
    ~Vm();
    Vm(const Vm&) = delete;
    Vm& operator=(const Vm&) = delete;

    std::shared_ptr<const Schema> schema() const noexcept { return schema_; }
    const Program& program() const noexcept { return *program_; }
    const FunctionTable& functions() const noexcept { return functions_; }
    /// The program has asked for arena order.
    bool needs_exact_mode() const noexcept { return context_.arena_order; }
    /// Equal for all VMs of one program, if the machine does not show through.
    std::uint64_t image_digest() const;
    const Image& image() const noexcept { return image_; }
    const Arena& arena() const noexcept { return arena_; }

    VmContext& context() noexcept { return context_; }
    /// Call: before a script has a collection made.
    void expect_collection() noexcept {
        if (context_.mode != Mode::loading) image_.expect_all();
    }

    /// Runs a function from the pristine image. What it asks for is appended to context().actions,
    /// or done at once in Mode::main. A failed run leaves nothing behind but `fault` and its log.
    RunStatus run(const Run& run);
    /// After `stopped`: puts the run aside. The VM may then run others.
    void put_aside(StoppedRun& out);
    /// Goes on with a run that was put aside; context().answer is what its call returns.
    RunStatus go_on(const StoppedRun& stopped);

    /// Of the last failed run: kind, function, message, chunk, line, traceback; the caller adds
    /// frame and stamp.
    Fault& fault() noexcept { return fault_; }
    /// Of the last run that failed by an error: appends the error value as scripts may see it.
    void append_error_for_scripts(Bytes& out) const;
    /// Of the last run that wanted results: canonical values, one after the other.
    const Bytes& result() const noexcept { return result_; }
    std::uint32_t result_count() const noexcept { return result_count_; }
    /// What the last run has written in vain; empty unless it was `done` and checked. Frame, stamp
    /// and in_job are the caller's to add.
    std::span<const LostWrite> lost_writes() const noexcept {
        return check_ == nullptr ? std::span<const LostWrite>() : check_->lost();
    }
    /// Where a function of the program is defined; only of a VM that checks writes.
    std::pair<std::string, int> defined_at(std::uint32_t function) const {
        return check_->defined_at(function);
    }
    /// Ids used by the last run, as the first one not used.
    std::int64_t next_entity() const noexcept { return context_.next_entity; }
    std::int64_t next_job() const noexcept { return context_.next_job; }

    /// Of the last run with all that went before its stops, if it was counted.
    std::int64_t instructions() const noexcept { return instructions_; }
    /// The most that the last run has held above the image.
    std::uint64_t peak_bytes() const noexcept {
        const std::uint64_t peak = arena_.state().peak, live = image_.state().live;
        return peak > live ? peak - live : 0;
    }

    /// Reads the clock, from which the first run is timed. Call: before each batch of runs.
    void begin_batch() noexcept;

    /// In the middle of jobs, see Setup::chaos.
    std::uint64_t odd_collections() const noexcept {
        return odd_collections_ == nullptr ? 0 : odd_collections_->count();
    }
    /// The stopped and counted runs so far; for tests and statistics.
    std::uint64_t counted_runs() const noexcept { return counted_runs_.value(); }
    std::uint64_t runs() const noexcept {
        return context_.serial.load(std::memory_order_relaxed) / 2;
    }

  private:
    friend struct VmAccess;
    void open();
    void load(const std::vector<std::string>& host_handlers);
    void find_functions(const std::vector<std::string>& host_handlers);
    std::int64_t instruction_limit() const noexcept {
        return run_.limit_scale *
               (run_.mode == Mode::main ? limits_.main_instructions : limits_.job_instructions);
    }
    RunStatus decide(const StoppedRun* from);
    RunStatus decide_in_chaos(const StoppedRun* from);
    RunStatus attempt(const StoppedRun* from, bool counted);
    void begin_check();
    void check_writes(RunStatus status);
    int push_arguments();
    void explain(lua_State* L, int status);
    static void on_pressure(void* owner, bool refused);

    VmLimits limits_;
    std::size_t trim_bytes_;
    bool counts_all_;
    Setup::Engine engine_;
    Sandbox sandbox_;
    std::shared_ptr<const Program> program_;
    Arena arena_;
    Image image_;
    std::unique_ptr<OddCollections> odd_collections_;  // null: none
    VmContext context_;
    std::unique_ptr<WriteCheck> check_;  // null unless asked for
    std::shared_ptr<Schema> schema_;
    FunctionTable functions_;
    std::unique_ptr<NameTable[]> names_;  // of fields, of templates
    lua_State* main_ = nullptr;
    lua_State* coroutine_ = nullptr;
    Run run_;
    Bytes result_;
    std::uint32_t result_count_ = 0;
    Fault fault_;
    bool error_is_scripts_own_ = false;
    Bytes error_value_;  // canonical, where the error value is no string; else empty
    Counter counted_runs_;
    std::int64_t instructions_ = 0;
    std::int64_t clock_ = 0;  // when the last run ended
};

}  // namespace canon::script
