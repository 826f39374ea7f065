#include "canon/view.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "canon/snapshot.hpp"
#include "core/fixed_environment.hpp"
#include "jobs/thread.hpp"
#include "script/host_functions.hpp"
#include "script/view_vm.hpp"

namespace canon {

class View::Inside {
  public:
    Inside(Simulation& simulation, ViewOptions options);
    ~Inside();

    void update();
    Value call(std::string_view function, const List& arguments);
    void finish();
    std::vector<Input> take_inputs();
    std::vector<LogEntry> take_log();
    std::vector<Fault> take_faults();

  private:
    /// A call of a function that the view's thread is to make.
    struct Asked {
        std::string function;
        Bytes values;
        std::uint32_t count;
        Value* result;
    };
    /// The frame to be shown next.
    struct Pending {
        std::shared_ptr<const Snapshot> world;
        Frame frame;
        Bytes effects;
    };

    Value run(const char* function, const script::ViewVm::Shown& shown,
              std::span<const std::uint8_t> values, std::uint32_t count);
    void show(const script::ViewVm::Shown& shown);
    void note_log(const char* function);
    void work();

    Simulation& simulation_;
    ViewOptions options_;
    std::unique_ptr<script::ViewVm> vm_;  // of the view's thread, if it has one

    std::mutex mutex_;  // of all that follows
    std::condition_variable changed_;
    std::vector<Input> inputs_;
    std::uint64_t next_sequence_ = 1;
    std::vector<LogEntry> log_;
    std::vector<Fault> faults_;
    std::optional<Pending> pending_;
    std::deque<Asked> asked_;
    std::shared_ptr<const Snapshot> shown_;  // what calls read
    Frame shown_frame_;
    bool busy_ = false;
    bool stopping_ = false;
    std::optional<jobs::Thread> thread_;
};

View::Inside::Inside(Simulation& simulation, ViewOptions options)
    : simulation_(simulation), options_(std::move(options)) {
    if (options_.program == nullptr) throw Error("a view needs a program");
    if (options_.program->find(options_.module) == options_.program->modules().size())
        throw Error("the view's program has no module '" + options_.module + "'");
    for (std::size_t i = 0; i < options_.functions.size(); ++i) {
        const HostFunction& function = options_.functions[i];
        script::check_name(function, std::span(options_.functions).first(i));
        if (options_.own_thread && function.purity != Purity::pure)
            throw Error("the function '" + function.full_name() +
                        "' is for the main thread, but this view has a thread of its own");
    }
    const World& world = simulation_.world();
    vm_ = std::make_unique<script::ViewVm>(script::ViewVm::Setup{
        options_.program, options_.module, options_.sandbox, options_.memory_bytes,
        options_.call_milliseconds, options_.functions, world.shared_schema()});
    note_log("view");
    simulation_.record_effects(true);
    if (vm_->has_function("on_start")) {
        Bytes config;
        write_value(config, options_.config);
        run("on_start", {&world, simulation_.frame(), {}}, config.view(), 1);
    }
    if (!options_.own_thread) return;
    shown_ = world.capture();
    shown_frame_ = simulation_.frame();
    thread_.emplace(jobs::ThreadOptions{options_.thread_name}, [this] { work(); });
}

View::Inside::~Inside() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.reset();
}

// Runs a function and keeps what it has asked for.
Value View::Inside::run(const char* function, const script::ViewVm::Shown& shown,
                        std::span<const std::uint8_t> values, std::uint32_t count) {
    Value result;
    const bool good = vm_->call(function, shown, values, count, result);
    note_log(function);
    std::lock_guard lock(mutex_);
    if (!good) {
        faults_.push_back(vm_->fault());
        faults_.back().frame = shown.frame;
        return result;
    }
    ByteReader in(vm_->inputs().view());
    while (in.left() != 0) {
        Input input;
        input.source = options_.source;
        input.sequence = next_sequence_++;
        if (!read_value(in, input.data)) break;
        inputs_.push_back(std::move(input));
    }
    return result;
}

void View::Inside::note_log(const char* function) {
    ByteReader in(vm_->log().view());
    std::lock_guard lock(mutex_);
    std::uint8_t level;
    std::string_view text;
    while (in.left() != 0 && in.byte(level) && in.string(text))
        log_.push_back({static_cast<LogLevel>(level), function, std::string(text)});
}

void View::Inside::show(const script::ViewVm::Shown& shown) {
    if (!vm_->has_function("on_frame")) return;
    Bytes frame;
    write_value(frame, Value(static_cast<std::int64_t>(shown.frame.value)));
    run("on_frame", shown, frame.view(), 1);
}

void View::Inside::update() {
    const std::span<const std::uint8_t> effects = simulation_.world().effects();
    if (!options_.own_thread) return show({&simulation_.world(), simulation_.frame(), effects});
    auto world = simulation_.world().capture();
    {
        std::lock_guard lock(mutex_);
        // Effects tell of templates by number, which a reload may have changed.
        if (!pending_ || &pending_->world->world().schema() != &world->world().schema())
            pending_.emplace();
        pending_->world = std::move(world);
        pending_->frame = simulation_.frame();
        pending_->effects.append(effects);
    }
    changed_.notify_all();
}

Value View::Inside::call(std::string_view function, const List& arguments) {
    Asked asked{std::string(function), {}, static_cast<std::uint32_t>(arguments.size()), nullptr};
    for (const Value& argument : arguments) write_value(asked.values, argument);
    if (!options_.own_thread)
        return run(asked.function.c_str(), {&simulation_.world(), simulation_.frame(), {}},
                   asked.values.view(), asked.count);
    Value result;
    asked.result = &result;
    std::unique_lock lock(mutex_);
    asked_.push_back(std::move(asked));
    changed_.notify_all();
    changed_.wait(lock, [&] { return asked_.empty() && !busy_; });
    return result;
}

void View::Inside::finish() {
    if (!options_.own_thread) return;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !pending_ && asked_.empty() && !busy_; });
}

void View::Inside::work() {
    const FixedEnvironment environment;
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [&] { return stopping_ || pending_ || !asked_.empty(); });
        if (stopping_) return;
        busy_ = true;
        if (pending_) {
            const Pending next = std::move(*pending_);
            pending_.reset();
            shown_ = next.world;
            shown_frame_ = next.frame;
            lock.unlock();
            show({&next.world->world(), next.frame, next.effects.view()});
        } else {
            const Asked asked = std::move(asked_.front());
            asked_.pop_front();
            const std::shared_ptr<const Snapshot> world = shown_;
            lock.unlock();
            *asked.result = run(asked.function.c_str(), {&world->world(), shown_frame_, {}},
                                asked.values.view(), asked.count);
        }
        lock.lock();
        busy_ = false;
        changed_.notify_all();
    }
}

std::vector<Input> View::Inside::take_inputs() {
    std::lock_guard lock(mutex_);
    return std::exchange(inputs_, {});
}

std::vector<LogEntry> View::Inside::take_log() {
    std::lock_guard lock(mutex_);
    return std::exchange(log_, {});
}

std::vector<Fault> View::Inside::take_faults() {
    std::lock_guard lock(mutex_);
    return std::exchange(faults_, {});
}

View::View(Simulation& simulation, ViewOptions options)
    : inside_(std::make_unique<Inside>(simulation, std::move(options))) {}
View::~View() = default;
void View::update() { inside_->update(); }
Value View::call(std::string_view function, const List& arguments) {
    return inside_->call(function, arguments);
}
void View::finish() { inside_->finish(); }
std::vector<Input> View::take_inputs() { return inside_->take_inputs(); }
std::vector<LogEntry> View::take_log() { return inside_->take_log(); }
std::vector<Fault> View::take_faults() { return inside_->take_faults(); }

}  // namespace canon
