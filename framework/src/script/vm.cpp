#include "script/vm.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "script/absent_names.hpp"
#include "script/codec.hpp"
#include "script/engine_arguments.hpp"
#include "script/engine_library.hpp"
#include "script/explain.hpp"
#include "script/host_functions.hpp"
#include "script/lua_limits.hpp"
#include "script/lua_probe.hpp"
#include "script/raise.hpp"
#include "script/sandbox.hpp"
#include "script/watch.hpp"

namespace canon::script {
namespace {

// The coroutine's stack in the image: the functions by number, and `enter`.
constexpr int kFunctions = 1;
constexpr int kEnter = 2;

// The peak rate of Lua instructions, rounded up generously; what takes less than the watch has
// spent less than this.
constexpr std::int64_t kInstructionsPerNanosecond = 4;

const char* callback_name(FunctionTable::Callback which) noexcept {
    static constexpr const char* kNames[] = {"on_start", "on_input", "on_frame", "on_fault",
                                             "on_commit"};
    return kNames[which];
}

std::int64_t now_nanoseconds() noexcept {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

void stop_hook(lua_State* L, lua_Debug*) {
    kill(L, context(L).counted ? Kill::budget : Kill::overdue);
}

}  // namespace

void stop_running(VmContext& run, Kill why) noexcept {
    if (run.kill == 0) run.kill = static_cast<int>(why);
    // Again, since at the last tick another coroutine may have been just about to run.
    lua_sethook(run.running, stop_hook, LUA_MASKCOUNT, 1);
}

void kill(lua_State* L, Kill why) {
    VmContext& run = context(L);
    if (run.kill == 0) run.kill = static_cast<int>(why);
    lua_sethook(L, stop_hook, LUA_MASKCOUNT, 1);
    lua_pushnil(L);  // an error value that needs no memory
    lua_error(L);
    __builtin_unreachable();
}

int resume_counted(lua_State* co, lua_State* from, int arguments, int* results) {
    VmContext& run = context(from);
    if (run.counted) lua_sethook(co, stop_hook, LUA_MASKCOUNT, std::max(1, hook_count(from)));
    run.running = co;
    const int status = lua_resume(co, from, arguments, results);
    run.running = from;
    if (run.counted) lua_sethook(from, stop_hook, LUA_MASKCOUNT, std::max(1, hook_count(co)));
    return status;
}

void write_log(lua_State* L, int level, std::string_view text) {
    VmContext& run = context(L);
    charge(L, static_cast<std::int64_t>(text.size() / 16) + 1);
    if (run.log.size() - run.log_begin + text.size() > (std::size_t{1} << 20))
        kill(L, Kill::output);
    run.log.put(static_cast<std::uint8_t>(level));
    run.log.put_string(text);
}

std::uint32_t FunctionTable::find_job(std::string_view name) const noexcept {
    const auto at = std::lower_bound(jobs.begin(), jobs.end(), name);
    return at != jobs.end() && *at == name ? static_cast<std::uint32_t>(at - jobs.begin()) : kNone;
}

std::uint32_t FunctionTable::find_handler(std::string_view name) const noexcept {
    const auto at = std::lower_bound(handlers.begin(), handlers.end(), name);
    return at != handlers.end() && *at == name ? static_cast<std::uint32_t>(at - handlers.begin())
                                               : kNone;
}

std::string FunctionTable::name(std::uint32_t function) const {
    if (function < jobs.size()) return "jobs." + jobs[function];
    function -= static_cast<std::uint32_t>(jobs.size());
    if (function < handlers.size()) return "actions." + handlers[function];
    return callback_name(static_cast<Callback>(function - handlers.size()));
}

// What Lua code of this file needs of a Vm.
struct VmAccess {
    // Calls function number `upvalue` with the run's values, decoded under protection: 200 kB of
    // arguments under a limit of 100 kB are a fault of the job and not the end of the process.
    static int enter(lua_State* L) {
        Vm& vm = *context(L).vm;
        const Run& run = vm.run_;
        if (run.chunk.empty()) {
            lua_rawgeti(L, lua_upvalueindex(1), static_cast<lua_Integer>(run.function) + 1);
        } else {
            charge(L, static_cast<std::int64_t>(run.chunk.size() / 16));
            if (luaL_loadbufferx(L, reinterpret_cast<const char*>(run.chunk.data()),
                                 run.chunk.size(), "=script", "b") != LUA_OK)
                lua_error(L);
        }
        int arguments = 0;
        if (run.argument == Run::Argument::values) {
            ByteReader in(run.values);
            luaL_checkstack(L, static_cast<int>(run.value_count), "too many arguments");
            for (std::uint32_t i = 0; i < run.value_count; ++i) decode(L, in);
            arguments = static_cast<int>(run.value_count);
        } else if (run.argument == Run::Argument::ids) {
            lua_createtable(L, static_cast<int>(run.ids.size()), 0);
            for (std::size_t i = 0; i < run.ids.size(); ++i) {
                lua_pushinteger(L, run.ids[i].value);
                lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
            }
            arguments = 1;
        }
        static constexpr int kResults[] = {0, 1, LUA_MULTRET};
        lua_callk(L, arguments, kResults[static_cast<int>(run.results)], 0, leave);
        return leave(L, LUA_OK, 0);
    }

    static int leave(lua_State* L, int, lua_KContext) {
        Vm& vm = *context(L).vm;
        // The function and its arguments are gone: only results are on this frame's stack.
        const int results = vm.run_.results == Run::Results::none ? 0 : lua_gettop(L);
        for (int i = 1; i <= results; ++i) encode(L, i, vm.result_, "the returned value");
        vm.result_count_ = static_cast<std::uint32_t>(results);
        return 0;
    }

    static int encode_error(lua_State* L) {
        encode(L, 1, context(L).vm->error_value_, "the error value");
        return 0;
    }

    static int load_main(lua_State* L) {
        require_module(L, "main");
        return 0;
    }

    static int make_function_table(lua_State* L) {
        Vm& vm = *context(L).vm;
        const FunctionTable& table = vm.functions_;
        lua_createtable(L, static_cast<int>(table.size()), 0);
        int index = 0;
        // By length: lua_pushstring caches by the address of the text, which is another one in each
        // VM.
        const auto add = [&](std::string_view owner, std::string_view name) {
            lua_pushglobaltable(L);
            for (const std::string_view part : {owner, name}) {
                if (part.empty()) continue;
                lua_pushlstring(L, part.data(), part.size());
                lua_rawget(L, -2);
            }
            if (lua_type(L, -1) != LUA_TFUNCTION) {
                lua_pop(L, 1);
                lua_pushboolean(L, 0);
            }
            lua_rawseti(L, 1, ++index);
            lua_settop(L, 1);
        };
        for (const std::string& name : table.jobs) add("jobs", name);
        for (const std::string& name : table.handlers) add("actions", name);
        for (std::uint32_t i = 0; i < FunctionTable::kCallbacks; ++i)
            add({}, callback_name(static_cast<FunctionTable::Callback>(i)));
        lua_pushvalue(L, 1);
        lua_setfield(L, LUA_REGISTRYINDEX, kFunctionsKey);
        return 1;
    }

    static int make_names(lua_State* L) {
        Vm& vm = *context(L).vm;
        keep_names(L, *vm.schema_, vm.names_[0], vm.names_[1]);
        return 0;
    }

    static int fill_coroutine(lua_State* L) {
        Vm& vm = *context(L).vm;
        lua_pushcfunction(L, make_function_table);
        lua_call(L, 0, 1);
        lua_pushvalue(L, -1);
        lua_pushcclosure(L, enter, 1);
        lua_xmove(L, vm.coroutine_, 2);
        return 0;
    }
};

Vm::Vm(const Setup& setup)
    : limits_(setup.limits),
      trim_bytes_(setup.trim_bytes),
      counts_all_(setup.count_instructions || setup.chaos != 0),
      engine_(setup.engine),
      sandbox_(setup.sandbox),
      program_(setup.program),
      arena_(2 * setup.limits.memory_bytes, on_pressure, this, Chaos(setup.chaos).arena_phase),
      image_(arena_),
      schema_(std::make_shared<Schema>()) {
    std::string why;
    if (!budgets_work(why) || !limits_are_known(why)) throw MachineError(why);
    const bool exact = exact_mode_works(why);
    if (!exact && setup.mode == SimulationMode::exact)
        throw Error("exact mode is refused: " + why + "; or ask for canonical mode");
    context_.ticks_allowed = std::max<std::int64_t>(limits_.watch_nanoseconds / 1'000'000, 1);
    arena_.set_limits(limits_.memory_bytes, limits_.memory_bytes);
    bool pinned = false;
    const std::uint32_t hash_seed =
        setup.chaos == 0 ? setup.hash_seed : Chaos(setup.chaos).hash_seed;
    main_ = new_pinned_state(arena_, hash_seed, pinned, true);
    if (main_ == nullptr || (exact && !pinned)) throw MachineError("cannot make a Lua state");
    *static_cast<VmContext**>(lua_getextraspace(main_)) = &context_;
    // It and its stack share a page with the global state: these are what each run writes to, and
    // it is whole pages that a restore copies. Made before the load, whose hook it would inherit.
    arena_.use_set_aside();
    coroutine_ = lua_newthread(main_);
    lua_rawsetp(main_, LUA_REGISTRYINDEX, main_);
    if (setup.chaos != 0) {
        odd_collections_ = std::make_unique<OddCollections>(arena_, image_, setup.chaos);
        odd_collections_->install(main_);
    }
    context_.vm = this;
    context_.program = program_.get();
    context_.canonical = setup.mode == SimulationMode::canonical;
    context_.opaque_errors = setup.sandbox.level == Sandbox::Level::strict;
    context_.schema = schema_.get();
    context_.host_functions = setup.host_functions;
    context_.check_purity = setup.check_purity;
    names_ = std::make_unique<NameTable[]>(2);
    context_.names = &names_[0];
    context_.templates = &names_[1];
    for (const TemplateSpec& spec : setup.host_templates) schema_->add(spec);
    load(setup.host_handlers);
    if (setup.check_writes) begin_check();
}

// The state is not closed: the arena goes as a whole, and nothing in it owns anything outside.
Vm::~Vm() = default;

void Vm::open() {
    open_sandbox(main_, sandbox_);
    open_engine(main_, engine_ == Setup::Engine::runner);
    open_host_functions(main_);
    lua_settop(main_, 0);
}

void Vm::load(const std::vector<std::string>& host_handlers) {
    context_.mode = Mode::loading;
    context_.work_left = limits_.work * 50;
    const auto guarded = [&](lua_CFunction function) {
        lua_pushcfunction(main_, function);
        context_.counted = true;
        context_.running = main_;
        lua_sethook(main_, stop_hook, LUA_MASKCOUNT, static_cast<int>(limits_.load_instructions));
        const int status = lua_pcall(main_, 0, 0, 0);
        lua_sethook(main_, nullptr, 0, 0);
        context_.running = nullptr;
        context_.counted = false;
        if (status == LUA_OK) return;
        explain(main_, status);
        if (fault_.message == context_.assert_text) fault_.message.insert(0, context_.assert_place);
        throw Error("the program cannot be loaded: " + fault_.message);
    };
    guarded([](lua_State* L) {
        script::context(L).vm->open();
        return 0;
    });
    guarded(VmAccess::load_main);
    find_functions(host_handlers);
    guarded(VmAccess::make_names);
    guarded(VmAccess::fill_coroutine);
    lua_settop(main_, 0);
    lua_gc(main_, LUA_GCCOLLECT);
    lua_gc(main_, LUA_GCCOLLECT);
    lua_gc(main_, LUA_GCSTOP);
    context_.log.clear();
    image_.take();
}

void Vm::find_functions(const std::vector<std::string>& host_handlers) {
    arena_.set_limits(2 * limits_.memory_bytes, 2 * limits_.memory_bytes);
    // Raw: a program may give _G a metatable that raises on unknown names.
    const auto raw_global = [&](std::string_view name) {
        lua_pushglobaltable(main_);
        lua_pushlstring(main_, name.data(), name.size());
        lua_rawget(main_, -2);
        lua_remove(main_, -2);
        return lua_type(main_, -1);
    };
    const auto gather = [&](const char* global, std::vector<std::string>& names) {
        raw_global(global);
        if (lua_type(main_, -1) != LUA_TTABLE)
            throw Error(std::string("the global '") + global + "' is the table of the program's " +
                        global + "; it was replaced by something else");
        lua_pushnil(main_);
        while (lua_next(main_, -2) != 0) {
            if (lua_type(main_, -2) != LUA_TSTRING || lua_type(main_, -1) != LUA_TFUNCTION)
                throw Error(std::string("the table '") + global +
                            "' holds functions by name, but " +
                            (lua_type(main_, -2) == LUA_TSTRING
                                 ? "'" + std::string(lua_tostring(main_, -2)) + "' is a "
                                 : std::string("one of its keys is no name; value: ")) +
                            lua_typename(main_, lua_type(main_, -1)));
            names.emplace_back(lua_tostring(main_, -2));
            lua_pop(main_, 1);
        }
        lua_pop(main_, 1);
        std::sort(names.begin(), names.end());
    };
    gather("jobs", functions_.jobs);
    gather("actions", functions_.handlers);
    for (const std::string& name : host_handlers) {
        if (functions_.find_handler(name) != kNone)
            throw Error("the action handler '" + name +
                        "' is defined by the program and by the host; rename one");
    }
    functions_.handlers.insert(functions_.handlers.end(), host_handlers.begin(),
                               host_handlers.end());
    std::sort(functions_.handlers.begin(), functions_.handlers.end());
    for (const std::string& name : functions_.handlers)
        functions_.is_host.push_back(std::find(host_handlers.begin(), host_handlers.end(), name) !=
                                     host_handlers.end());
    for (std::uint32_t i = 0; i < FunctionTable::kCallbacks; ++i) {
        const std::string name = callback_name(static_cast<FunctionTable::Callback>(i));
        const int type = raw_global(name);
        lua_pop(main_, 1);
        if (type != LUA_TFUNCTION && type != LUA_TNIL)
            throw Error("the global '" + name +
                        "' is a callback and must be a function, but it is a " +
                        lua_typename(main_, type));
        functions_.has_callback[i] = type == LUA_TFUNCTION;
    }
}

std::uint64_t Vm::image_digest() const {
    const void* const allocator =
        odd_collections_ != nullptr ? static_cast<const void*>(odd_collections_.get()) : &arena_;
    return image_.digest({&context_, &arena_, allocator});
}

// Called by the arena before live bytes pass the watermark, or with `refused` when a request is
// turned down.
void Vm::on_pressure(void* owner, bool refused) {
    Vm& vm = *static_cast<Vm*>(owner);
    vm.image_.expect_all();  // the collector writes to every object
    if (vm.odd_collections_ != nullptr) vm.odd_collections_->come_under_pressure();
    VmContext& run = vm.context_;
    if (refused) {
        if (run.kill == 0) run.kill = static_cast<int>(Kill::memory);
        if (lua_State* L = run.running) lua_sethook(L, stop_hook, LUA_MASKCOUNT, 1);
        vm.arena_.set_limits(0, 0);  // the first refusal is final
    } else {
        vm.arena_.set_watermark(vm.arena_.limit());
        if (run.field_reads != nullptr) run.field_reads->stop();
        lua_gc(vm.main_, LUA_GCRESTART);
    }
}

void expect_collection(lua_State* L) {
    if (Vm* const vm = context(L).vm) vm->expect_collection();
}

void Vm::begin_batch() noexcept { clock_ = now_nanoseconds(); }

RunStatus Vm::run(const Run& run) {
    run_ = run;
    context_.actions_begin = context_.actions.size();
    context_.log_begin = context_.log.size();
    const RunStatus status = decide(nullptr);
    if (check_ != nullptr) [[unlikely]]
        check_writes(status);
    return status;
}

RunStatus Vm::go_on(const StoppedRun& stopped) {
    run_ = stopped.run;
    context_.actions_begin = context_.actions.size();
    context_.log_begin = context_.log.size();
    const RunStatus status = decide(&stopped);
    if (check_ != nullptr) [[unlikely]]
        check_writes(status);
    return status;
}

// A run that ended within the watch has spent less than its budget for sure. Any other is made
// again, counted, from the same bytes; only that second run decides, so the outcome never depends
// on the clock.
RunStatus Vm::decide(const StoppedRun* from) {
    const std::int64_t budget = instruction_limit();
    if (run_.mode == Mode::main || counts_all_ ||
        budget < limits_.watch_nanoseconds * kInstructionsPerNanosecond)
        return odd_collections_ == nullptr ? attempt(from, true) : decide_in_chaos(from);
    const Watch::Run watched(context_);
    if (!watched.works()) return attempt(from, true);
    const RunStatus status = attempt(from, false);
    const std::int64_t now = now_nanoseconds();
    const bool overdue = now - clock_ > limits_.watch_nanoseconds ||
                         context_.kill == static_cast<int>(Kill::overdue);
    clock_ = now;
    if (!overdue || context_.kill == static_cast<int>(Kill::cancelled)) [[likely]]
        return status;
    counted_runs_.add();
    const RunStatus decided = attempt(from, true);
    clock_ = now_nanoseconds();
    return decided;
}

// Callbacks and handlers do at once what they ask for, so they cannot be made again; a run that
// goes on must find its heap as it was put aside.
RunStatus Vm::decide_in_chaos(const StoppedRun* from) {
    // What is freed early is taken again by others, which a program that looks at the order of the
    // arena would see.
    if (run_.mode == Mode::main || from != nullptr || context_.arena_order)
        return attempt(from, true);
    odd_collections_->begin(run_.random_key, run_.random_stream);
    const RunStatus status = attempt(from, true);
    if (!odd_collections_->end(status == RunStatus::stopped)) return attempt(from, true);
    if (odd_collections_->has_collected() && context_.field_reads != nullptr)
        context_.field_reads->stop();  // tables of which nothing is left may be among them
    return status;
}

RunStatus Vm::attempt(const StoppedRun* from, bool counted) {
    context_.actions.truncate(context_.actions_begin);
    context_.actions_whole = context_.actions_begin;
    context_.log.truncate(context_.log_begin);
    result_.clear();
    context_.kill = 0;
    context_.counted = counted;
    context_.call_pending = false;
    context_.mode = run_.mode;
    context_.frame = run_.frame;
    context_.first_entity = run_.first_entity;
    context_.end_entity = run_.end_entity;
    context_.end_job = run_.end_job;
    context_.requiring.clear();
    context_.depth = 0;
    if (arena_.state().peak > image_.state().live + trim_bytes_)
        arena_.trim(image_.size() + trim_bytes_ / 4);
    int arguments = 0;
    if (from == nullptr) [[likely]] {
        image_.restore();
        context_.random = RandomStream(run_.random_key, run_.random_stream);
        context_.work_left =
            (run_.mode == Mode::main ? limits_.work * 4 : limits_.work) * run_.limit_scale;
        context_.next_entity = run_.first_entity;
        context_.next_job = run_.first_job;
        context_.spawned.clear();
        instructions_ = 0;
        if (context_.field_reads != nullptr) [[unlikely]]
            context_.field_reads->begin();
    } else {
        instructions_ = from->instructions;
        image_.resume(from->suspended);
        context_.random = from->random;
        context_.work_left = from->work_left;
        context_.next_entity = from->next_entity;
        context_.next_job = from->next_job;
        context_.spawned = from->spawned;
        if (context_.field_reads != nullptr) [[unlikely]]
            context_.field_reads->go_on(from->field_reads);
    }
    const std::size_t image_live = image_.state().live;
    arena_.set_limits(image_live + limits_.collect_bytes,
                      image_live + limits_.memory_bytes * static_cast<unsigned>(run_.limit_scale));
    if (from == nullptr) arguments = push_arguments();
    // lua_resume is one, `enter` another; a run that goes on has left both.
    const bool enters =
        from == nullptr && lua_tocfunction(coroutine_, -arguments - 1) == VmAccess::enter;
    context_.calls_before = enters ? 2 : 1;
    int budget = 0;
    if (counted) {
        budget = static_cast<int>(std::min<std::int64_t>(instruction_limit(), INT32_MAX));
        lua_sethook(coroutine_, stop_hook, LUA_MASKCOUNT, budget);
    }
    context_.serial.store(context_.serial.load(std::memory_order_relaxed) + 1,
                          std::memory_order_relaxed);
    context_.running = coroutine_;
    int results = 0;
    const int status = lua_resume(coroutine_, nullptr, arguments, &results);
    context_.running = nullptr;
    context_.serial.store(context_.serial.load(std::memory_order_relaxed) + 1,
                          std::memory_order_relaxed);
    if (counted) instructions_ += context_.kill == 0 ? budget - hook_count(coroutine_) : budget;
    context_.actions.truncate(context_.actions_whole);
    if (context_.kill == 0) [[likely]] {
        if (status == LUA_OK) return RunStatus::done;
        if (status == LUA_YIELD && context_.call_pending) return RunStatus::stopped;
    }
    explain(coroutine_, status);
    context_.actions.truncate(context_.actions_begin);
    return RunStatus::failed;
}

int Vm::push_arguments() {
    switch (run_.argument) {
        case Run::Argument::none:
            if (run_.results != Run::Results::none || !run_.chunk.empty()) break;
            lua_rawgeti(coroutine_, kFunctions, static_cast<lua_Integer>(run_.function) + 1);
            return 0;
        case Run::Argument::entity:
            if (run_.results != Run::Results::none || !run_.chunk.empty()) break;
            lua_rawgeti(coroutine_, kFunctions, static_cast<lua_Integer>(run_.function) + 1);
            lua_pushinteger(coroutine_, run_.entity);
            return 1;
        default:
            break;
    }
    lua_pushvalue(coroutine_, kEnter);
    return 0;
}

void Vm::put_aside(StoppedRun& out) {
    image_.suspend(out.suspended);
    out.random = context_.random;
    out.work_left = context_.work_left;
    out.run = run_;
    out.next_entity = context_.next_entity;
    out.next_job = context_.next_job;
    out.spawned = context_.spawned;
    out.instructions = instructions_;
    if (check_ != nullptr) out.field_reads = check_->fields().state();
}

// Both leave a heap behind that is not to be used before it is restored.
void Vm::begin_check() {
    check_ = std::make_unique<WriteCheck>(image_, *program_);
    arena_.set_limits(arena_.capacity(), arena_.capacity());
    check_->note(main_);
    image_.restore();
    context_.field_reads = &check_->fields();
}

void Vm::check_writes(RunStatus status) {
    check_->forget();
    if (status != RunStatus::done) return;
    arena_.set_limits(arena_.capacity(), arena_.capacity());
    lua_gc(main_, LUA_GCSTOP);
    const auto kill = context_.kill;
    check_->compare(main_, *schema_, run_.function, functions_.name(run_.function));
    context_.kill = kill;        // no matter if the arena was full
    clock_ = now_nanoseconds();  // the check is no part of the next run's time
}

void Vm::explain(lua_State* L, int status) {
    const Kill why = static_cast<Kill>(static_cast<int>(context_.kill));
    fault_ = Fault{};
    error_is_scripts_own_ = false;
    error_value_.clear();
    fault_.in_job = run_.mode == Mode::job || run_.mode == Mode::background;
    if (context_.mode != Mode::loading)
        fault_.function = run_.chunk.empty() ? functions_.name(run_.function) : "script";
    script::explain(L, status, why, fault_);
    if (why != Kill::none || status == LUA_YIELD) return;
    if (lua_type(L, -1) == LUA_TSTRING) {
        error_is_scripts_own_ = is_scripts_own(L);
        if (!error_is_scripts_own_) {
            std::size_t size;
            const char* text = lua_tolstring(L, -1, &size);
            const std::string_view absence = explain_absence({text, size});
            if (!absence.empty()) fault_.message.append("; ").append(absence);
        }
        fault_.is_engine_text = !error_is_scripts_own_;
    } else if (L != main_) {
        // Protected: a value that is none is left out. The stack of the failed run is not needed
        // any more.
        lua_pushcfunction(main_, VmAccess::encode_error);
        lua_xmove(L, main_, 1);
        if (lua_pcall(main_, 1, 0, 0) != LUA_OK) error_value_.clear();
        lua_settop(main_, 0);
    }
}

void Vm::append_error_for_scripts(Bytes& out) const {
    if (!error_value_.empty()) return out.append(error_value_.view());
    const std::string_view text =
        error_is_scripts_own_ ? std::string_view(fault_.message) : kEngineError;
    out.put(static_cast<std::uint8_t>(Tag::string));
    out.put_string(text);
}

}  // namespace canon::script
