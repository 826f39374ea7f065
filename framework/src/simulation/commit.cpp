// The commit: applies what one round of jobs asked for, in stamp order, on the main thread.
//
// The order is that of the frame's job list. Worker count, thread and arrival time are not part of
// it.
#include <algorithm>

#include "canon/hash.hpp"
#include "canon/job_actions.hpp"
#include "script/action.hpp"
#include "script/host_functions.hpp"
#include "simulation/machine.hpp"

namespace canon {
namespace {

using jobs::JobResult;
using jobs::JobStatus;
using jobs::Submission;
using jobs::SubmissionQueue;
using script::Operation;

// Canonical bytes as the world takes them; lists and maps stay bytes.
bool read_scalar(ByteReader& in, Scalar& out) {
    const std::uint8_t* begin = in.position();
    std::uint8_t tag;
    if (!in.byte(tag)) return false;
    out = Scalar{};
    switch (static_cast<Tag>(tag)) {
        case Tag::nil:
            return true;
        case Tag::no:
        case Tag::yes:
            out = Scalar::of(tag == static_cast<std::uint8_t>(Tag::yes));
            return true;
        case Tag::integer:
            out.kind = Scalar::Kind::integer;
            return in.zigzag(out.integer);
        case Tag::number:
            out.kind = Scalar::Kind::number;
            return in.number(out.number);
        case Tag::string:
            out.kind = Scalar::Kind::string;
            return in.string(out.text);
        case Tag::list:
        case Tag::map: {
            ByteReader whole({begin, in.left() + 1});
            if (!whole.skip_value() || !in.skip(whole.offset() - 1)) return false;
            out.kind = Scalar::Kind::bytes;
            out.text = {reinterpret_cast<const char*>(begin), whole.offset()};
            return true;
        }
    }
    return false;
}

std::span<const std::uint8_t> read_span(ByteReader& in) {
    const std::uint8_t* begin = in.position();
    CANON_ASSERT(in.skip_value(), "an action's values are canonical");
    return {begin, static_cast<std::size_t>(in.position() - begin)};
}

std::uint64_t read_number(ByteReader& in) {
    std::uint64_t number = 0;
    in.varint(number);
    return number;
}

EntityId read_entity(ByteReader& in) {
    return EntityId{static_cast<std::int64_t>(read_number(in))};
}

}  // namespace

// Those of round 0 are all jobs; later rounds are of the ones that were stopped in the round
// before.
void Simulation::Machine::commit_round(std::uint32_t round) {
    stopped_.clear();
    std::size_t put_aside = 0;
    if (round == 0)
        for (std::uint32_t i = 0; i < runner_->size(); ++i) commit_job(i, round, put_aside);
    else
        for (const std::uint32_t i : in_round_) commit_job(i, round, put_aside);
    run_posts();
}

void Simulation::Machine::commit_job(std::uint32_t index, std::uint32_t round,
                                     std::size_t& put_aside) {
    JobResult& result = runner_->result(index);
    const jobs::Job& job = runner_->job(index);
    const Submission& submission = frame_queue_->entries[job.submission];
    const Stamp stamp{submission.submitted, submission.number, job.index, round, 0};
    if (const KilledRun* const killed = killed_job(index, round)) {
        report_.killed.push_back(*killed);
        if (killed->kind == FaultKind::budget || killed->kind == FaultKind::work)
            struck_[submission.function] = true;
        return add_fault(fault_of(*killed, (*vms_)[0].functions().name(submission.function)),
                         stamp);
    }
    const auto delivered = submission.background ? delivered_.find(index) : delivered_.end();
    const bool background = delivered != delivered_.end();
    const std::span<const std::uint8_t> log =
        background ? delivered->second->log.view() : runner_->log(result);
    if (!log.empty()) add_log(log, (*vms_)[0].functions().name(submission.function));

    if (result.status == JobStatus::stopped) {
        put_aside += runner_->put_aside_bytes(index);
        const bool too_much = put_aside > options_.limits.put_aside_bytes;
        if (too_much || round >= options_.limits.rounds) {
            Fault fault;
            fault.kind = FaultKind::limit;
            fault.in_job = true;
            fault.function = (*vms_)[0].functions().name(submission.function);
            fault.message =
                too_much
                    ? "too many jobs are stopped in engine.call at one time (limit put_aside_bytes)"
                    : "it has called the main thread " + std::to_string(options_.limits.rounds) +
                          " times in one frame (limit rounds)";
            add_fault(std::move(fault), stamp);
            return;
        }
    } else if (result.status == JobStatus::failed) {
        Fault& fault = background ? delivered->second->fault : runner_->fault(result);
        if (fault.kind == FaultKind::budget || fault.kind == FaultKind::work)
            struck_[submission.function] = true;
        if (is_kill(fault.kind)) report_.killed.push_back({fault.kind, true, stamp, 0});
        add_fault(std::move(fault), stamp);
        return;
    }
    // A background job's ids are a block of its own. A block that nothing was taken of does not
    // count.
    if (!background) {
        const std::int64_t entity_block =
            first_entity_ + std::int64_t{index} * options_.limits.ids_per_job;
        const std::int64_t job_block =
            first_job_ + std::int64_t{index} * jobs::JobRunner::kJobsPerJob;
        if (result.next_entity > entity_block)
            entities_used_ = std::max(entities_used_, result.next_entity);
        if (result.next_job > job_block) jobs_used_ = std::max(jobs_used_, result.next_job);
    }
    if (result.hash == 0) return;
    action_hashes_.push_back(std::uint64_t{round} << 32 | index);
    action_hashes_.push_back(result.hash);
    const std::span<const std::uint8_t> actions =
        background ? delivered->second->actions.view() : runner_->actions(result);
    if (records_actions_ != ActionRecord::none) [[unlikely]] {
        JobActions recorded{stamp, submission.function, result.hash, {}};
        if (records_actions_ == ActionRecord::all) recorded.actions = actions;
        detail::write_job_actions(job_actions_, recorded, state_.frame);
    }
    apply_actions(actions, stamp, index);
}

void Simulation::Machine::apply_actions(std::span<const std::uint8_t> actions, Stamp stamp,
                                        std::uint32_t job) {
    ByteReader in(actions);
    bool faulted = false;
    committed_ = job;
    while (in.left() > 0) {
        ++report_.actions;
        const char* problem = nullptr;
        if (*in.position() == static_cast<std::uint8_t>(Operation::call)) {
            in.skip(1);
            answer_call(in, stamp, job);
            stopped_.push_back(job);
        } else if (*in.position() == static_cast<std::uint8_t>(Operation::host_function)) {
            in.skip(1);
            script::answer_host_function(host_.functions, &host_answers_, in, runner_->answer(job));
            stopped_.push_back(job);
        } else {
            apply_one(in, stamp, true, problem);
        }
        if (problem != nullptr && !faulted) {
            faulted = true;  // one is enough: what follows is refused for the same reason
            Fault fault;
            fault.kind = FaultKind::limit;
            fault.in_job = true;
            const jobs::Job& asker = runner_->job(job);
            fault.function =
                (*vms_)[0].functions().name(frame_queue_->entries[asker.submission].function);
            fault.message = problem;
            add_fault(std::move(fault), stamp);
        }
        ++stamp.index;
    }
}

void Simulation::Machine::count(WriteResult result) {
    if (result == WriteResult::dead)
        ++report_.dead_actions;
    else if (result != WriteResult::done)
        ++report_.refused_actions;
}

void Simulation::Machine::apply_one(ByteReader& in, const Stamp& stamp, bool from_job,
                                    const char*& problem) {
    std::uint8_t operation = 0;
    in.byte(operation);
    WriteResult result = WriteResult::done;
    switch (static_cast<Operation>(operation)) {
        case Operation::set: {
            const EntityId id = read_entity(in);
            const auto name = static_cast<NameId>(read_number(in));
            const std::uint8_t* const bytes = in.position();
            Scalar value;
            CANON_ASSERT(read_scalar(in, value), "an action's values are canonical");
            result = world_->set(id, name, value);
            if (lost_writes_ != nullptr && from_job && result == WriteResult::done) [[unlikely]]
                check_set(id, name, stamp, {bytes, in.position()});
            break;
        }
        case Operation::add: {
            const EntityId id = read_entity(in);
            const auto name = static_cast<NameId>(read_number(in));
            Scalar delta, least, most;
            CANON_ASSERT(read_scalar(in, delta) && read_scalar(in, least) && read_scalar(in, most),
                         "an action's values are canonical");
            result =
                world_->add(id, name, delta, least.kind == Scalar::Kind::nil ? nullptr : &least,
                            most.kind == Scalar::Kind::nil ? nullptr : &most);
            break;
        }
        case Operation::put: {
            const EntityId id = read_entity(in);
            const auto name = static_cast<NameId>(read_number(in));
            const std::uint64_t keys = read_number(in);
            Scalar key, value;
            ByteReader first = in;
            if (keys == 1 && read_scalar(first, key) && key.kind == Scalar::Kind::integer) {
                in = first;
                CANON_ASSERT(read_scalar(in, value), "an action's values are canonical");
                result = world_->put(id, name, key.integer, value);
                break;
            }
            path_.clear();
            for (std::uint64_t i = 0; i < keys; ++i) {
                CANON_ASSERT(read_scalar(in, key), "an action's keys are canonical");
                path_.push_back(key.kind == Scalar::Kind::integer ? Key(key.integer)
                                                                  : Key(key.text));
            }
            Value tree;
            CANON_ASSERT(read_value(in, tree), "an action's values are canonical");
            result = world_->put(id, name, path_, tree);
            break;
        }
        case Operation::spawn: {
            const EntityId id = read_entity(in);
            const auto index = static_cast<TemplateIndex>(read_number(in));
            assignments_.resize(read_number(in));
            for (World::Assignment& assignment : assignments_) {
                assignment.field = static_cast<FieldIndex>(read_number(in));
                CANON_ASSERT(read_scalar(in, assignment.value), "an action's values are canonical");
            }
            result = world_->spawn(id, index, assignments_);
            break;
        }
        case Operation::destroy:
            result = world_->destroy(read_entity(in));
            break;
        case Operation::submit:
        case Operation::submit_each:
            apply_submission(in, static_cast<Operation>(operation) == Operation::submit_each,
                             problem);
            break;
        case Operation::cancel:
            apply_cancel(static_cast<std::int64_t>(read_number(in)));
            break;
        case Operation::post: {
            const auto handler = static_cast<std::uint32_t>(read_number(in));
            const std::span<const std::uint8_t> data = read_span(in);
            if (from_job) {
                post_depth_ = 0;
                run_handler(handler, data, stamp);
            } else if (post_depth_ + 1 > options_.limits.post_depth ||
                       posts_made_ >= options_.limits.posts_per_commit) {
                limit_hit_ = true;
                problem =
                    post_depth_ + 1 > options_.limits.post_depth
                        ? "handlers have posted to each other too deep (limit post_depth)"
                        : "handlers have made too many posts in one frame (limit posts_per_commit)";
            } else {
                ++posts_made_;
                const std::size_t begin = post_bytes_.size();
                post_bytes_.append(data);
                // A stamp of its own in the frame, which keys its random numbers.
                Stamp posted = stamp_;
                posted.round = 0x80000000u + post_depth_;
                posted.index = static_cast<std::uint32_t>(posts_made_);
                posts_.push_back({handler, post_depth_ + 1, begin, post_bytes_.size(), posted});
            }
            break;
        }
        case Operation::call:
        case Operation::host_function:
            CANON_ASSERT(false, "a call is answered, not applied");
            break;
        case Operation::host_spawn:
        case Operation::host_post:
        case Operation::host_call:
            CANON_ASSERT(false, "a simulation's scripts have no host's functions");
    }
    count(result);
    if (!from_job && result != WriteResult::done && result != WriteResult::dead)
        problem = describe(result);
}

// ---- submissions ----

SubmissionQueue& Simulation::Machine::queue_of(std::uint64_t due) {
    const auto [at, made] = state_.queues.try_emplace(due);
    if (made) {
        at->second = std::move(spare_queue_);
        spare_queue_ = SubmissionQueue{};
    }
    return at->second;
}

void Simulation::Machine::apply_submission(ByteReader& in, bool each, const char*& problem) {
    Submission entry;
    entry.id = JobId{static_cast<std::int64_t>(read_number(in))};
    entry.function = static_cast<std::uint32_t>(read_number(in));
    std::uint64_t delay = 0;
    std::uint64_t deliver = 0;
    Scalar key;
    std::span<const std::uint8_t> argument;
    if (each) {
        entry.each = static_cast<TemplateIndex>(read_number(in));
        entry.every = static_cast<std::uint32_t>(read_number(in));
        entry.batch = static_cast<std::uint32_t>(read_number(in));
        in.zigzag(entry.priority);
        delay = read_number(in);
    } else {
        in.zigzag(entry.priority);
        delay = read_number(in);
        deliver = read_number(in);
        read_scalar(in, key);
        argument = read_span(in);
    }
    if (submission_number_ >= options_.limits.jobs_per_frame) {
        limit_hit_ = true;
        problem = "too many jobs are submitted in one frame (limit jobs_per_frame)";
        return;
    }
    entry.background = deliver != 0;
    const bool when_told = deliver == script::kDeliverWhenDone && options_.limits.done_delay == 0;
    if (deliver == script::kDeliverWhenDone) deliver = options_.limits.done_delay + 1;
    const std::uint64_t submitted = state_.frame.value + (between_steps_ ? 1 : 0);
    const std::uint64_t due =
        when_told ? jobs::kWhenTold
        : entry.background
            ? submitted + deliver - 1
            : submitted + std::max<std::uint64_t>(delay, in_commit_ && !between_steps_ ? 1 : 0);
    entry.submitted = Frame{submitted};
    entry.number = submission_number_++;
    if (entry.background) {
        // It runs over several frames, while others take ids: its block is set aside now.
        entry.first_entity = world_->next_id().value;
        world_->set_next_id(EntityId{entry.first_entity + options_.limits.ids_per_job});
        entry.first_job = state_.next_job;
        state_.next_job += jobs::JobRunner::kJobsPerJob;
    }
    if (key.kind == Scalar::Kind::integer) {
        entry.random_stream = static_cast<std::uint64_t>(key.integer);
    } else {
        Hasher stream;
        stream.update_integer(key.kind == Scalar::Kind::string ? 1 : 2);
        if (key.kind == Scalar::Kind::string)
            stream.update_string(key.text);
        else
            stream.update_integer(submitted << 32 | entry.number);
        entry.random_stream = stream.digest();
    }
    SubmissionQueue& queue = queue_of(due);
    entry.argument_begin = queue.pool.size();
    queue.pool.append(argument);
    entry.argument_end = queue.pool.size();
    const Place place{due, queue.entries.size()};
    if (!undo_.empty()) undo_submissions_.push_back(place);
    if (due > submitted) waiting_[entry.id.value] = place;
    if (entry.background) pending_background_.push_back(place);
    queue.entries.push_back(entry);
}

void Simulation::Machine::apply_cancel(std::int64_t id) {
    Place place;
    if (const auto at = waiting_.find(id); at != waiting_.end()) {
        place = at->second;
    } else {
        // Of this frame, before its jobs are listed. Such submissions are not entered, since hardly
        // any is ever cancelled.
        const std::uint64_t due = state_.frame.value + (between_steps_ ? 1 : 0);
        const auto queue = state_.queues.find(due);
        if (queue == state_.queues.end()) return;
        const auto& entries = queue->second.entries;
        const auto found =
            std::find_if(entries.rbegin(), entries.rend(),
                         [&](const Submission& entry) { return entry.id.value == id; });
        if (found == entries.rend()) return;  // it has run, or never was
        place = {due, static_cast<std::size_t>(entries.rend() - found) - 1};
    }
    Submission& entry = state_.queues[place.due].entries[place.index];
    if (entry.cancelled) return;
    entry.cancelled = true;
    if (!undo_.empty()) undo_cancels_.push_back(place);
}

// ---- handlers ----

void Simulation::Machine::answer_call(ByteReader& in, const Stamp& stamp, std::uint32_t job) {
    const auto handler = static_cast<std::uint32_t>(read_number(in));
    const std::span<const std::uint8_t> data = read_span(in);
    Bytes& answer = runner_->answer(job);
    answer.clear();
    answer.put(static_cast<std::uint8_t>(Tag::yes));
    answer.put_varint(1);
    post_depth_ = 0;
    if (run_handler(handler, data, stamp, &answer)) return;
    answer.clear();
    answer.put(static_cast<std::uint8_t>(Tag::no));
    answer.put_varint(1);
    const Fault& fault = report_.faults.back();
    if (fault.kind == FaultKind::error) return (*vms_)[0].append_error_for_scripts(answer);
    answer.put(static_cast<std::uint8_t>(Tag::string));
    answer.put_string(fault.kind == FaultKind::host
                          ? fault.message
                          : fault.function + " was stopped (" + fault_name(fault.kind) + ")");
}

// Posts made by handlers and callbacks, and by those in turn.
void Simulation::Machine::run_posts() {
    for (std::size_t i = 0; i < posts_.size(); ++i) {
        const Post post = posts_[i];
        posted_.clear();
        posted_.append(post_bytes_.view(post.begin, post.end));
        post_depth_ = post.depth;
        run_handler(post.handler, posted_.view(), post.stamp);
    }
    posts_.clear();
    post_bytes_.clear();
    post_depth_ = 0;
}

// Runs a handler between savepoints. Without `result` nobody waits for an answer; with it, the
// answer is appended. A handler that fails has changed nothing and leaves a fault.
bool Simulation::Machine::run_handler(std::uint32_t handler, std::span<const std::uint8_t> data,
                                      const Stamp& stamp, Bytes* result) {
    script::Vm& vm = (*vms_)[0];
    const script::FunctionTable& functions = vm.functions();
    const std::string name = "actions." + functions.handlers[handler];
    stamp_ = stamp;
    limit_hit_ = false;
    Fault fault;
    bool done;
    if (functions.is_host[handler]) {
        host_result_.clear();
        const char* problem = call_host(handler, data, host_result_);
        done = problem == nullptr;
        if (done && result != nullptr) result->append(host_result_.view());
        if (!done) {
            fault.kind = FaultKind::host;
            fault.function = name;
            fault.message = problem;
        }
    } else {
        script::Run run;
        run.function = functions.handler(handler);
        run.mode = script::Mode::main;
        run.limit_scale = limit_scale_;
        run.frame = state_.frame;
        run.argument = script::Run::Argument::values;
        run.values = data;
        run.value_count = 1;
        if (result != nullptr) run.results = script::Run::Results::one;
        run.random_key = callback_key(name);
        run.random_stream = stamp_hash(stamp);
        vm.context().world = world_.get();
        begin_savepoint();
        done = run_on_main(run, name, fault) == script::RunStatus::done;
        if (done) {
            release_savepoint();
            add_lost_writes(vm.lost_writes(), stamp, false);
            if (result != nullptr) result->append(vm.result().view());
        } else {
            undo_savepoint();
        }
    }
    if (!done) add_fault(std::move(fault), stamp);
    return done;
}

const char* Simulation::Machine::call_host(std::uint32_t handler,
                                           std::span<const std::uint8_t> data, Bytes& result) {
    begin_savepoint();
    try {
        HandlerContext context(*world_, owner_, stamp_);
        const Value answer = (*host_handlers_[handler])(context, value_from_bytes(data));
        write_value(result, answer);
        release_savepoint();
        return nullptr;
    } catch (const std::exception& error) {
        problem_ = error.what();
    } catch (...) {
        problem_ = "a C++ handler threw something that is no std::exception";
    }
    undo_savepoint();
    return problem_.c_str();
}

EntityId Simulation::Machine::take_entity_id() {
    const EntityId id = world_->next_id();
    world_->set_next_id(EntityId{id.value + 1});
    return id;
}

JobId Simulation::Machine::take_job_id() { return JobId{state_.next_job++}; }

const char* Simulation::Machine::apply(std::span<const std::uint8_t> action) {
    ByteReader in(action);
    const char* problem = nullptr;
    apply_one(in, stamp_, false, problem);
    return problem;
}

void Simulation::Machine::begin_savepoint() {
    world_->begin_savepoint();
    undo_.push_back({submission_number_, posts_.size(), posts_made_, post_bytes_.size(),
                     pending_background_.size(), undo_submissions_.size(), undo_cancels_.size(),
                     state_.next_job});
}

void Simulation::Machine::release_savepoint() {
    world_->release_savepoint();
    undo_.pop_back();
    if (undo_.empty()) {
        undo_submissions_.clear();
        undo_cancels_.clear();
    }
}

void Simulation::Machine::undo_savepoint() {
    world_->undo_savepoint();
    const Undo undo = undo_.back();
    undo_.pop_back();
    for (std::size_t i = undo_cancels_.size(); i > undo.cancels; --i) {
        const Place place = undo_cancels_[i - 1];
        state_.queues[place.due].entries[place.index].cancelled = false;
    }
    undo_cancels_.resize(undo.cancels);
    for (std::size_t i = undo_submissions_.size(); i > undo.submissions; --i) {
        const auto queue = state_.queues.find(undo_submissions_[i - 1].due);
        const Submission& entry = queue->second.entries.back();
        waiting_.erase(entry.id.value);
        queue->second.pool.truncate(entry.argument_begin);
        queue->second.entries.pop_back();
        if (queue->second.entries.empty()) state_.queues.erase(queue);
    }
    undo_submissions_.resize(undo.submissions);
    pending_background_.resize(undo.background);
    posts_.resize(undo.posts);
    posts_made_ = undo.posts_made;
    post_bytes_.truncate(undo.post_bytes);
    submission_number_ = undo.submission_number;
    state_.next_job = undo.next_job;
}

}  // namespace canon
