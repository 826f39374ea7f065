#include "script/view_vm.hpp"

#include <algorithm>
#include <cstdlib>

#include "canon/effects.hpp"
#include "canon/random.hpp"
#include "core/fixed_environment.hpp"
#include "script/codec.hpp"
#include "script/engine_library.hpp"
#include "script/explain.hpp"
#include "script/host_functions.hpp"
#include "script/sandbox.hpp"
#include "script/watch.hpp"

namespace canon::script {

// What Lua code of this file needs of a ViewVm; it lies in the registry, since a context knows only
// the VMs of simulations.
struct ViewVmAccess {
    static constexpr const char* kKey = "canon.view";

    static ViewVm& of(lua_State* L) {
        lua_getfield(L, LUA_REGISTRYINDEX, kKey);
        auto* const vm = static_cast<ViewVm*>(lua_touserdata(L, -1));
        lua_pop(L, 1);
        return *vm;
    }

    static int open(lua_State* L) {
        ViewVm& vm = *static_cast<ViewVm*>(lua_touserdata(L, 1));
        lua_setfield(L, LUA_REGISTRYINDEX, kKey);
        open_sandbox(L, vm.setup_.sandbox);
        open_modules(L);
        lua_newtable(L);
        add_engine_reads(L);
        set_function(L, "effects", view_effects);
        set_function(L, "input", input);
        set_function(L, "log", engine_log);
        lua_setglobal(L, "engine");
        open_host_functions(L);
        keep_names(L, *vm.setup_.schema, vm.fields_, vm.templates_);
        return 0;
    }

    static int learn(lua_State* L) {
        ViewVm& vm = of(L);
        vm.fields_ = {};
        vm.templates_ = {};
        keep_names(L, *vm.setup_.schema, vm.fields_, vm.templates_);
        return 0;
    }

    static int load(lua_State* L) {
        require_module(L, of(L).setup_.module.c_str());
        return 0;
    }

    static int enter(lua_State* L) {
        ViewVm& vm = of(L);
        if (lua_getglobal(L, vm.function_) != LUA_TFUNCTION)
            raise(L, "the view has no global function '%s'", vm.function_);
        ByteReader in(vm.values_);
        luaL_checkstack(L, static_cast<int>(vm.count_), "too many arguments");
        for (std::uint32_t i = 0; i < vm.count_; ++i) decode(L, in);
        lua_call(L, static_cast<int>(vm.count_), 1);
        encode(L, -1, vm.result_, "the returned value");
        return 0;
    }

    static int input(lua_State* L) {
        if (context(L).mode == Mode::loading)
            raise(L, "engine.input: nothing can be done while the program loads; use on_start");
        luaL_checkany(L, 1);
        encode(L, 1, context(L).actions, "input");
        return 0;
    }

    // Upvalues: the position in the effects, the wanted template or kNone.
    static int next_effect(lua_State* L) {
        ViewVm& vm = of(L);
        const std::span<const std::uint8_t> all = vm.effects_;
        auto at = static_cast<std::size_t>(lua_tointeger(L, lua_upvalueindex(1)));
        const auto wanted = static_cast<TemplateIndex>(lua_tointeger(L, lua_upvalueindex(2)));
        while (at < all.size()) {
            ByteReader in(all.subspan(at));
            const int pushed = push_effect(L, in, wanted);
            at += in.offset();
            if (in.failed()) return 0;
            if (pushed == 0) continue;
            lua_pushinteger(L, static_cast<lua_Integer>(at));
            lua_replace(L, lua_upvalueindex(1));
            return pushed;
        }
        return 0;
    }

    // Nothing for another template than the wanted one. Reads the bytes as EffectReader does, but
    // without C++ values, which an error of Lua's would leak.
    static int push_effect(lua_State* L, ByteReader& in, TemplateIndex wanted) {
        static constexpr const char* kKinds[] = {"spawn", "destroy", "set"};
        const VmContext& run = context(L);
        std::uint8_t kind = 0;
        std::uint64_t id = 0, index = 0, field = 0, cell = 0;
        if (!in.byte(kind) || !in.varint(id) || !in.varint(index) || kind > 2) return 0;
        const bool is_wanted = wanted == kNone || wanted == index;
        if (is_wanted) {
            lua_pushstring(L, kKinds[kind]);
            lua_pushinteger(L, static_cast<lua_Integer>(id));
        }
        if (static_cast<Effect::Kind>(kind) == Effect::Kind::destroy) return is_wanted ? 2 : 0;
        if (static_cast<Effect::Kind>(kind) == Effect::Kind::spawn) {
            in.count(cell, 2);
            for (; cell > 0; --cell)
                if (!in.varint(field) || !in.skip_value()) return 0;
            return is_wanted ? 2 : 0;
        }
        if (!in.varint(field) || !in.varint(cell)) return 0;
        if (!is_wanted) {
            in.skip_value();
            in.skip_value();
            return 0;
        }
        if (index >= run.schema->size() ||
            field >= (*run.schema)[static_cast<TemplateIndex>(index)].fields.size())
            return 0;
        const FieldSpec& spec = (*run.schema)[static_cast<TemplateIndex>(index)].fields[field];
        lua_pushlstring(L, spec.name.data(), spec.name.size());
        decode(L, in);  // before
        decode(L, in);  // after
        lua_insert(L, -2);
        if (spec.type != FieldType::array) return 5;
        lua_pushinteger(L, static_cast<lua_Integer>(cell) + 1);
        return 6;
    }
};

int view_effects(lua_State* L) {
    const TemplateIndex wanted = lua_isnoneornil(L, 1) ? kNone : template_argument(L, 1);
    lua_pushinteger(L, 0);
    lua_pushinteger(L, wanted);
    lua_pushcclosure(L, ViewVmAccess::next_effect, 2);
    return 1;
}

ViewVm::ViewVm(Setup setup) : setup_(std::move(setup)) {
    const FixedEnvironment environment;
    context_.program = setup_.program.get();
    context_.opaque_errors = false;
    context_.schema = setup_.schema.get();
    context_.names = &fields_;
    context_.templates = &templates_;
    context_.host_functions = &setup_.functions;
    context_.ticks_allowed = std::max<std::int64_t>(setup_.call_milliseconds, 1);
    L_ = lua_newstate(allocate, this);
    if (L_ == nullptr) throw Error("cannot make a Lua state: memory_bytes is too small");
    *static_cast<VmContext**>(lua_getextraspace(L_)) = &context_;
    context_.random =
        RandomStream(reinterpret_cast<std::uintptr_t>(this), static_cast<std::uint64_t>(held_));
    lua_pushcfunction(L_, ViewVmAccess::open);
    lua_pushlightuserdata(L_, this);
    int status = lua_pcall(L_, 1, 0, 0);
    if (status == LUA_OK) status = protect(ViewVmAccess::load);
    if (status == LUA_OK) return;
    if (fault_.message.empty()) explain(L_, status, Kill::none, fault_);
    const std::string message = fault_.message;
    lua_close(L_);
    throw Error("the view '" + setup_.module + "' cannot be loaded: " + message);
}

ViewVm::~ViewVm() {
    const FixedEnvironment environment;
    lua_close(L_);
}

// A request of the script past the limit is refused, and Lua raises an error. What we ask for
// outside of protected calls is not: it would end the process.
void* ViewVm::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
    auto& vm = *static_cast<ViewVm*>(self);
    if (block == nullptr) old_size = 0;  // it tells the kind of object then
    if (vm.limited_ && new_size > old_size &&
        vm.held_ + (new_size - old_size) > vm.setup_.memory_bytes)
        return nullptr;
    if (new_size == 0) {
        std::free(block);
        vm.held_ -= old_size;
        return nullptr;
    }
    void* const moved = std::realloc(block, new_size);
    if (moved != nullptr) vm.held_ += new_size - old_size;
    return moved;
}

// Calls `function`, watched. What it leaves of an error is in `fault_`.
int ViewVm::protect(lua_CFunction function) {
    const FixedEnvironment environment;
    const Watch watch;
    context_.kill = 0;
    context_.log.clear();
    context_.actions.clear();
    context_.work_left = INT64_MAX;
    context_.requiring.clear();
    lua_sethook(L_, nullptr, 0, 0);
    lua_settop(L_, 0);
    // In a coroutine, so that the stack is there to be explained.
    lua_State* const co = lua_newthread(L_);
    lua_pushcfunction(co, function);
    context_.serial.fetch_add(1, std::memory_order_relaxed);
    context_.running = co;
    limited_ = true;
    int results = 0;
    int status = LUA_OK;
    if (setup_.call_milliseconds > 0) {
        const Watch::Run watched(context_);
        status = lua_resume(co, L_, 0, &results);
    } else {
        status = lua_resume(co, L_, 0, &results);
    }
    limited_ = false;
    context_.running = nullptr;
    context_.serial.fetch_add(1, std::memory_order_relaxed);
    if (status != LUA_OK) {
        fault_ = Fault{};
        if (function_ != nullptr) fault_.function = function_;
        const auto why = static_cast<Kill>(static_cast<int>(context_.kill));
        explain(co, status, why, fault_);
        if (why == Kill::overdue)
            fault_.message += " (the limit is " + std::to_string(setup_.call_milliseconds) +
                              " ms, call_milliseconds)";
    }
    return status;
}

bool ViewVm::has_function(const char* name) const {
    lua_pushglobaltable(L_);
    lua_pushstring(L_, name);
    const bool found = lua_rawget(L_, -2) == LUA_TFUNCTION;
    lua_pop(L_, 2);
    return found;
}

// After a reload there may be others. Where that fails, it is tried again with the next call.
bool ViewVm::learn_templates(const World& world) {
    if (&world.schema() == setup_.schema.get() && knows_templates_) return true;
    setup_.schema = world.shared_schema();
    context_.schema = setup_.schema.get();
    knows_templates_ = protect(ViewVmAccess::learn) == LUA_OK;
    return knows_templates_;
}

bool ViewVm::call(const char* name, const Shown& shown, std::span<const std::uint8_t> values,
                  std::uint32_t count, Value& result) {
    function_ = name;
    values_ = values;
    count_ = count;
    effects_ = shown.effects;
    context_.world = shown.world;
    context_.frame = shown.frame;
    context_.mode = shown.world != nullptr ? Mode::view : Mode::background;
    result_.clear();
    const bool good = (shown.world == nullptr || learn_templates(*shown.world)) &&
                      protect(ViewVmAccess::enter) == LUA_OK;
    context_.mode = Mode::loading;
    context_.world = nullptr;
    effects_ = {};
    lua_settop(L_, 0);
    result = Value();
    if (!good) {
        context_.actions.clear();
        return false;
    }
    ByteReader in(result_.view());
    read_value(in, result);
    return true;
}

}  // namespace canon::script
