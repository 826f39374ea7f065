// Machine: the simulation's inside: state, frame, commit.
//
// The state that outlives a frame is the world, the frame number, the queues of submissions, the
// counter of job ids, the strikes of functions and the chain; `save` writes just these, and the
// state hash covers them.
#pragma once
#include <map>
#include <unordered_map>
#include <vector>

#include "canon/simulation.hpp"
#include "canon/snapshot.hpp"
#include "core/fixed_environment.hpp"
#include "jobs/job_runner.hpp"
#include "jobs/submission.hpp"
#include "jobs/worker_pool.hpp"
#include "script/host_answers.hpp"
#include "simulation/lost_writes.hpp"

namespace canon {

/// What lasts between frames, apart from the world. Copied whole by capture.
struct SimulationState {
    Frame frame;
    std::uint64_t chain = 0;
    std::int64_t next_job = 1;
    std::map<std::uint64_t, jobs::SubmissionQueue> queues;  // by due frame
    std::vector<std::uint32_t> strikes;                     // for each job function, frames running

    std::uint64_t hash() const;
    void save(Bytes& out) const;
    /// Fails: throws canon::Error.
    static SimulationState load(ByteReader& in, const script::FunctionTable& functions,
                                const Schema& schema);
};

/// The state hash, of the two parts of the state.
std::uint64_t combined_hash(const SimulationState& state, std::uint64_t world_hash);

struct SimulationSnapshot::Inside {
    SimulationState state;
    std::shared_ptr<const Snapshot> world;
    std::shared_ptr<const Program> program;
    std::uint64_t seed = 0;

    void save(Bytes& out) const;
};

class Simulation::Machine final : private script::MainThread {
  public:
    Machine(Simulation& owner, std::shared_ptr<const Program> program, SimulationOptions options,
            Host host);
    ~Machine();

    /// Runs on_start. Call: once, first.
    void start();
    const FrameReport& step(std::span<const Input> inputs);
    const FrameReport& replay(std::span<const Input> inputs, std::span<const KilledRun> killed,
                              std::span<const std::uint8_t> host_answers);
    JobId submit(std::string_view job, const Value& argument, const SubmitOptions& options);
    JobId submit_each(std::string_view job, std::string_view template_name,
                      const SubmitEachOptions& options);
    void cancel(JobId id);
    std::vector<JobId> done_jobs() const;
    std::size_t pending_host_actions() const noexcept { return host_actions_.size(); }
    void repeat(const HostAction& action);
    void record_actions(ActionRecord what) noexcept { records_actions_ = what; }
    std::uint64_t state_hash() const;
    void save(Bytes& out) const;
    void load(ByteReader& in, std::shared_ptr<const Program> program);
    std::shared_ptr<const SimulationSnapshot> capture() const;
    void restore(const SimulationSnapshot& snapshot);
    std::string dump() const;
    Statistics statistics() const;

    const FrameReport& start_report() const noexcept { return start_report_; }
    Frame frame() const noexcept { return state_.frame; }
    std::uint64_t chain() const noexcept { return state_.chain; }
    unsigned workers() const noexcept { return pool_->size(); }
    const Program& program() const noexcept { return *program_; }
    const SimulationOptions& options() const noexcept { return options_; }
    std::string job_name(std::uint32_t function) const;
    std::string job_place(std::uint32_t function) const;
    World& world() noexcept { return *world_; }
    bool needs_exact_mode() const noexcept { return (*vms_)[0].needs_exact_mode(); }

  private:
    /// Where a submission lies, to undo it or to cancel it.
    struct Place {
        std::uint64_t due;
        std::size_t index;
    };
    struct Undo {
        std::uint32_t submission_number;
        std::size_t posts;
        std::size_t posts_made;
        std::size_t post_bytes;
        std::size_t background;
        std::size_t submissions;  // of undo_submissions_
        std::size_t cancels;      // of undo_cancels_
        std::int64_t next_job;
    };
    struct Post {
        std::uint32_t handler;
        std::uint32_t depth;
        std::size_t begin, end;  // in post_bytes_
        Stamp stamp;
    };

    // script::MainThread, for callbacks and handlers
    EntityId take_entity_id() override;
    JobId take_job_id() override;
    const char* apply(std::span<const std::uint8_t> action) override;
    const char* call_host(std::uint32_t handler, std::span<const std::uint8_t> data,
                          Bytes& result) override;
    void begin_savepoint() override;
    void release_savepoint() override;
    void undo_savepoint() override;

    // the program
    std::unique_ptr<jobs::Vms> load_program(std::shared_ptr<const Program> program) const;
    void adopt(std::shared_ptr<const Program> program, std::unique_ptr<jobs::Vms> vms);
    struct Reload {
        std::shared_ptr<const Program> program;
        std::unique_ptr<jobs::Vms> vms;
        std::string problem;  // of the program
    };
    std::vector<Reload> load_reloads(std::span<const Input* const> inputs) const;
    void reload(Reload loaded);
    void rename_waiting(const script::FunctionTable& had, const Schema& had_schema);
    void note_singletons();
    template <class Fill>
    void with_schema(const std::shared_ptr<const Schema>& schema, Fill fill);
    void take_state(SimulationState state, std::shared_ptr<const Program> program,
                    std::unique_ptr<jobs::Vms> vms);

    // the frame
    void begin_report();
    void take_inputs(std::span<const Input> inputs, std::vector<const Input*>& ordered) const;
    void run_input(const Input& input);
    void run_console(const Input& input, std::uint64_t stream);
    void deliver(const Input& input);
    bool callback(script::FunctionTable::Callback which, std::span<const std::uint8_t> values,
                  std::uint32_t count, std::uint64_t stream);
    bool run_callback(script::Run& run, const std::string& name, std::uint64_t stream);
    void run_jobs(jobs::SubmissionQueue& queue);
    void fetch_background(jobs::SubmissionQueue& queue);
    void strike(const jobs::SubmissionQueue& queue);
    void react();
    std::uint32_t job_number(std::string_view job) const;
    void finish_frame(std::uint64_t input_hash);
    void start_pending_background();
    void restart_background();
    jobs::SubmissionQueue& queue_of(std::uint64_t due);
    void note_waiting(std::uint64_t due, const jobs::SubmissionQueue& queue);

    // the commit
    void commit_round(std::uint32_t round);
    void commit_job(std::uint32_t index, std::uint32_t round, std::size_t& put_aside);
    void apply_actions(std::span<const std::uint8_t> actions, Stamp stamp, std::uint32_t job);
    /// Applies the action that `in` stands at. `problem` says why it could not be.
    void apply_one(ByteReader& in, const Stamp& stamp, bool from_job, const char*& problem);
    void apply_submission(ByteReader& in, bool each, const char*& problem);
    void apply_cancel(std::int64_t id);
    void answer_call(ByteReader& in, const Stamp& stamp, std::uint32_t job);
    void run_posts();
    bool run_handler(std::uint32_t handler, std::span<const std::uint8_t> data, const Stamp& stamp,
                     Bytes* result = nullptr);
    void count(WriteResult result);
    void add_fault(Fault fault, const Stamp& stamp);
    /// Runs a callback or handler, unless a replay is told that a limit has ended it.
    script::RunStatus run_on_main(const script::Run& run, const std::string& name, Fault& fault);
    /// Null, or how the replay is told that this job's round ended.
    const KilledRun* killed_job(std::uint32_t index, std::uint32_t round) const noexcept;
    void leave_out_killed(std::uint32_t round);
    void scale_limits(int factor) noexcept;
    static Fault fault_of(const KilledRun& killed, const std::string& function);
    void add_lost_writes(std::span<const LostWrite> writes, const Stamp& stamp, bool in_job);
    void add_lost_writes_of_jobs();
    void check_set(EntityId id, NameId field, const Stamp& stamp,
                   std::span<const std::uint8_t> value);
    void add_log(std::span<const std::uint8_t> log, const std::string& function);
    static std::uint64_t stamp_hash(const Stamp& stamp) noexcept;
    std::uint64_t callback_key(const std::string& name) const;

    Simulation& owner_;
    std::shared_ptr<const Program> program_;
    SimulationOptions options_;
    Host host_;
    unsigned places_;                            // of workers, the main thread's among them
    std::vector<const Handler*> host_handlers_;  // by handler number, null for the program's
    std::unique_ptr<jobs::Vms> vms_;
    std::shared_ptr<jobs::WorkerPool> pool_;  // goes first where its threads are ours
    std::unique_ptr<World> world_;
    std::unique_ptr<jobs::JobRunner> runner_;
    std::unique_ptr<LostWrites> lost_writes_;  // null unless they are looked for
    SimulationState state_;
    std::shared_ptr<const std::vector<EntityId>> singletons_;  // by TemplateIndex

    FrameReport report_;
    FrameReport start_report_;
    ActionRecord records_actions_ = ActionRecord::none;
    Bytes job_actions_;
    std::vector<HostAction> host_actions_;  // since the last step
    script::HostAnswers host_answers_;      // of the frame
    // Of the replay under way, those of jobs by stamp.
    std::vector<KilledRun> killed_jobs_;
    std::vector<KilledRun> killed_on_main_;
    int limit_scale_ = 1;
    std::vector<std::uint32_t> left_out_;  // jobs that are not run in this round
    std::uint32_t main_runs_ = 0;          // of callbacks and handlers in this frame
    std::uint32_t submission_number_ = 0;  // next in this frame
    bool in_commit_ = false;               // what is submitted is due in the next frame
    bool between_steps_ = false;           // what the host submits belongs to the next frame
    jobs::SubmissionQueue spare_queue_;    // memory of a frame that is done
    std::vector<std::uint64_t> action_hashes_;
    Stamp stamp_;                   // of the action being applied
    std::uint32_t committed_ = 0;   // the job whose actions are being applied
    std::uint32_t post_depth_ = 0;  // of the handler that runs
    bool limit_hit_ = false;        // the handler that runs has passed a limit
    std::vector<bool> struck_;      // functions that spent their budget in this frame
    std::vector<Post> posts_;
    Bytes post_bytes_;
    std::size_t posts_made_ = 0;
    std::vector<Undo> undo_;
    std::vector<Place> undo_submissions_;
    std::vector<Place> undo_cancels_;
    std::vector<Place> pending_background_;
    std::unordered_map<std::int64_t, Place>
        waiting_;                          // of those that can still be cancelled; looked up only
    std::vector<std::uint32_t> stopped_;   // jobs that the next round goes on with
    std::vector<std::uint32_t> in_round_;  // jobs of this round, if not all
    std::map<std::uint32_t, std::unique_ptr<jobs::BackgroundResult>> delivered_;  // by job index
    std::int64_t first_entity_ = 0;  // of the blocks of this frame's jobs
    std::int64_t first_job_ = 0;
    std::int64_t entities_used_ = 0;  // by the jobs of this frame: the first id not used
    std::int64_t jobs_used_ = 0;
    std::vector<bool> skip_;
    const jobs::SubmissionQueue* frame_queue_ = nullptr;
    std::vector<World::Assignment> assignments_;
    std::vector<Key> path_;
    Bytes input_bytes_;
    Bytes submit_bytes_;
    Bytes posted_;
    Bytes host_result_;
    std::string problem_;
};

}  // namespace canon
