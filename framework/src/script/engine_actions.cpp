// engine.set, add, put, spawn_entity, destroy, submit, submit_each, cancel, post_to_main_thread,
// call, log: asking for actions. Each is written as canonical bytes (action.hpp). In a job they
// wait in the buffer for the commit; on the main thread they are applied at once, by the same code.
#include <cmath>

#include "canon/json.hpp"
#include "script/action_writer.hpp"
#include "script/codec.hpp"
#include "script/engine_arguments.hpp"
#include "script/engine_library.hpp"
#include "script/field_reads.hpp"
#include "script/key_order.hpp"
#include "script/raise.hpp"
#include "script/strict_text.hpp"
#include "script/vm.hpp"
#include "world/scalar.hpp"

namespace canon::script {
namespace {

constexpr int kMaxHandlerDepth = 32;

void set_message(lua_State* L, std::string text) noexcept { context(L).message = std::move(text); }

// The template of an entity as the asking script can know it: kNone for one that it cannot see.
TemplateIndex visible_template(const VmContext& run, EntityId id) {
    Location where;
    if (run.world != nullptr && run.world->find(id, where)) return where.template_index;
    if (id.value >= run.first_entity && id.value < run.next_entity && run.mode == Mode::job) {
        const auto index = static_cast<std::size_t>(id.value - run.first_entity);
        if (index < run.spawned.size()) return run.spawned[index];
    }
    return kNone;
}

// A number or a text with its content, anything else by its type. Raises nothing: where an error is
// a longjmp, strings of the caller would never be freed.
std::string what_it_is(lua_State* L, int index) {
    const int type = lua_type(L, index);
    if (type == LUA_TSTRING)
        return "string \"" + std::string(lua_tostring(L, index)).substr(0, 40) + "\"";
    if (type != LUA_TNUMBER) return lua_typename(L, type);
    return lua_isinteger(L, index) ? "integer " + std::to_string(lua_tointeger(L, index))
                                   : "number " + float_text(lua_tonumber(L, index));
}

// Raises where the field, seen from here, cannot hold the value at `index`. An entity that is dead
// or not to be seen is left to the commit.
void check_field_value(lua_State* L, TemplateIndex owner, int name_index, NameId name, int index,
                       bool cell) {
    VmContext& run = context(L);
    if (owner == kNone) {
        if (name != kNone) return;
        set_message(L,
                    "no template has a field '" + std::string(lua_tostring(L, name_index)) + "'");
        raise_message(L);
    }
    const FieldIndex field = run.schema->field(owner, name);
    if (field == kNone) raise_unknown_field(L, owner, name_index);
    const FieldSpec& spec = (*run.schema)[owner].fields[field];
    if (spec.type == FieldType::any || (spec.type == FieldType::array && !cell)) return;
    const FieldType type = cell ? spec.element : spec.type;
    Scalar value;
    if (lua_type(L, index) == LUA_TTABLE)
        value.kind = Scalar::Kind::bytes;
    else
        value = to_scalar(L, index, run.scratch, spec.name.c_str());
    if (detail::fits(type, value)) [[likely]]
        return;
    set_message(L, (*run.schema)[owner].name + "." + spec.name +
                       (cell ? "'s cells are of type " : " is of type ") + type_name(type) +
                       " and cannot hold the " + what_it_is(L, index));
    raise_message(L);
}

int set(lua_State* L) {
    check_asks(L, "set");
    const EntityId id = entity_argument(L, 1);
    const NameId name = name_argument(L, 2);
    luaL_checkany(L, 3);
    VmContext& run = context(L);
    run.scratch.clear();
    check_field_value(L, visible_template(run, id), 2, name, 3, false);
    const std::size_t begin = begin_action(L, Operation::set);
    put_id(run.actions, id);
    run.actions.put_varint(name);
    encode(L, 3, run.actions, lua_tostring(L, 2));
    end_action(L, begin);
    if (run.field_reads != nullptr) [[unlikely]]
        run.field_reads->set(id, name, lua_topointer(L, 3));
    return 0;
}

void check_number(lua_State* L, int index, const char* what) {
    if (lua_type(L, index) != LUA_TNUMBER)
        raise(L, "engine.add: %s is a number, not a %s", what, luaL_typename(L, index));
}

int add(lua_State* L) {
    check_asks(L, "add");
    const EntityId id = entity_argument(L, 1);
    const NameId name = name_argument(L, 2);
    check_number(L, 3, "what is added");
    VmContext& run = context(L);
    const TemplateIndex owner = visible_template(run, id);
    if (owner == kNone ? name == kNone : run.schema->field(owner, name) == kNone) {
        if (owner != kNone) raise_unknown_field(L, owner, 2);
        raise(L, "no template has a field '%s'", lua_tostring(L, 2));
    }
    if (owner != kNone) {
        const FieldSpec& spec = (*run.schema)[owner].fields[run.schema->field(owner, name)];
        if (spec.type != FieldType::integer && spec.type != FieldType::number)
            raise(L, "engine.add: %s.%s is of type %s, not a number",
                  (*run.schema)[owner].name.c_str(), spec.name.c_str(), type_name(spec.type));
        double whole = lua_tonumber(L, 3);
        if (spec.type == FieldType::integer && !lua_isinteger(L, 3) && whole != std::floor(whole))
            raise(L, "engine.add: %s.%s is an integer and cannot take %f",
                  (*run.schema)[owner].name.c_str(), spec.name.c_str(), whole);
    }
    lua_settop(L, 4);
    if (lua_isnil(L, 4)) {
        lua_pushnil(L);
        lua_pushnil(L);
    } else {
        luaL_checktype(L, 4, LUA_TTABLE);
        lua_getfield(L, 4, "min");
        lua_getfield(L, 4, "max");
        if (!lua_isnil(L, 5)) check_number(L, 5, "min");
        if (!lua_isnil(L, 6)) check_number(L, 6, "max");
    }
    const std::size_t begin = begin_action(L, Operation::add);
    put_id(run.actions, id);
    run.actions.put_varint(name);
    for (int index : {3, 5, 6}) encode(L, index, run.actions, "number");
    end_action(L, begin);
    return 0;
}

// engine.put(id, field, key..., value)
int put(lua_State* L) {
    check_asks(L, "put");
    const int top = lua_gettop(L);
    luaL_argcheck(L, top >= 4, 4, "engine.put(id, field, key..., value) needs a key and a value");
    const EntityId id = entity_argument(L, 1);
    const NameId name = name_argument(L, 2);
    VmContext& run = context(L);
    const TemplateIndex owner = visible_template(run, id);
    run.scratch.clear();
    bool cell = false;
    if (owner != kNone) {
        const FieldIndex field = run.schema->field(owner, name);
        if (field == kNone) raise_unknown_field(L, owner, 2);
        const FieldSpec& spec = (*run.schema)[owner].fields[field];
        cell = spec.type == FieldType::array;
        if (cell) {
            const lua_Integer index = luaL_checkinteger(L, 3);
            luaL_argcheck(L, top == 4, 4, "an array's cells have no parts");
            if (index < 1 || index > static_cast<lua_Integer>(spec.length))
                raise(L, "%s has the indexes 1 to %d, not %I", spec.name.c_str(),
                      static_cast<int>(spec.length), static_cast<LUAI_UACINT>(index));
        } else if (spec.type != FieldType::any) {
            raise(L,
                  "engine.put changes arrays and 'any' fields; '%s' is of type %s: use engine.set",
                  spec.name.c_str(), type_name(spec.type));
        }
    }
    check_field_value(L, owner, 2, name, top, cell);
    const std::size_t begin = begin_action(L, Operation::put);
    put_id(run.actions, id);
    run.actions.put_varint(name);
    run.actions.put_varint(static_cast<std::uint64_t>(top - 3));
    for (int index = 3; index < top; ++index) {
        lua_Integer number;
        if (whole_number(L, index, number)) {
            run.actions.put(static_cast<std::uint8_t>(Tag::integer));
            run.actions.put_zigzag(number);
        } else if (lua_type(L, index) == LUA_TSTRING) {
            encode(L, index, run.actions, "key");
        } else {
            luaL_typeerror(L, index, "integer or string key");
        }
    }
    encode(L, top, run.actions, lua_tostring(L, 2));
    end_action(L, begin);
    if (run.field_reads != nullptr) [[unlikely]]
        run.field_reads->set(id, name, nullptr);
    return 0;
}

// The job's next id, or the counter's on the main thread.
EntityId take_entity_id(lua_State* L) {
    VmContext& run = context(L);
    if (run.mode == Mode::main) return run.main->take_entity_id();
    if (run.next_entity == run.end_entity)
        raise(L,
              "a job may spawn %d entities at most (limit ids_per_job): spawn in several "
              "jobs, or in a handler",
              static_cast<int>(run.end_entity - run.first_entity));
    return EntityId{run.next_entity++};
}

JobId take_job_id(lua_State* L) {
    VmContext& run = context(L);
    if (run.mode == Mode::main) return run.main->take_job_id();
    if (run.next_job == run.end_job)
        raise(L, "a job may submit 1024 jobs at most: submit in several jobs, or use submit_each");
    return JobId{run.next_job++};
}

// Raises for a key of the table at `fields` that is no field of the template.
void raise_stray_field(lua_State* L, int fields, TemplateIndex index) {
    const Schema& schema = *context(L).schema;
    // In whatever order they lie: the least type that is no string, else the least name.
    int type = LUA_TNONE;
    lua_pushnil(L);
    const int least = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, fields) != 0) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING) {
            if (type == LUA_TNONE || lua_type(L, -1) < type) type = lua_type(L, -1);
        } else if (schema.field(index, name_argument(L, lua_gettop(L))) == kNone &&
                   (lua_isnil(L, least) ||
                    comes_before_by_text(read_key(L, -1), read_key(L, least)))) {
            lua_pushvalue(L, -1);
            lua_replace(L, least);
        }
    }
    if (type != LUA_TNONE)
        raise(L, "engine.spawn_entity: field names are strings, but one is a %s",
              lua_typename(L, type));
    if (!lua_isnil(L, least)) raise_unknown_field(L, index, least);
}

int count_entries(lua_State* L, int table) {
    int count = 0;
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        lua_pop(L, 1);
        ++count;
    }
    return count;
}

int spawn_entity(lua_State* L) {
    check_asks(L, "spawn_entity");
    const TemplateIndex index = template_argument(L, 1);
    VmContext& run = context(L);
    const TemplateSpec& spec = (*run.schema)[index];
    if (spec.singleton)
        raise(L, "'%s' is a singleton: it exists once and is not spawned", spec.name.c_str());
    lua_settop(L, 2);
    const bool given = !lua_isnil(L, 2);
    if (given) luaL_checktype(L, 2, LUA_TTABLE);
    const int wanted = given ? count_entries(L, 2) : 0;
    const EntityId id = take_entity_id(L);
    const std::size_t begin = begin_action(L, Operation::spawn);
    put_id(run.actions, id);
    run.actions.put_varint(index);
    run.actions.put_varint(static_cast<std::uint64_t>(wanted));
    int found = 0;
    run.scratch.clear();
    for (FieldIndex field = 0; field < spec.fields.size() && found < wanted; ++field) {
        lua_pushlstring(L, spec.fields[field].name.data(), spec.fields[field].name.size());
        lua_pushvalue(L, -1);
        if (lua_rawget(L, 2) != LUA_TNIL) {
            ++found;
            const NameId name = run.schema->name_id(spec.fields[field].name);
            check_field_value(L, index, 3, name, 4, false);
            run.actions.put_varint(field);
            encode(L, 4, run.actions, spec.fields[field].name.c_str());
        }
        lua_settop(L, 2);
    }
    if (found != wanted) raise_stray_field(L, 2, index);
    if (run.mode != Mode::main) {
        run.spawned.resize(static_cast<std::size_t>(id.value - run.first_entity), kNone);
        run.spawned.push_back(index);
    }
    end_action(L, begin);
    lua_pushinteger(L, id.value);
    return 1;
}

int destroy(lua_State* L) {
    check_asks(L, "destroy");
    const EntityId id = entity_argument(L, 1);
    VmContext& run = context(L);
    const TemplateIndex owner = visible_template(run, id);
    if (owner != kNone && (*run.schema)[owner].singleton)
        raise(L, "'%s' is a singleton and cannot be destroyed", (*run.schema)[owner].name.c_str());
    const std::size_t begin = begin_action(L, Operation::destroy);
    put_id(run.actions, id);
    end_action(L, begin);
    return 0;
}

std::uint32_t job_argument(lua_State* L, int index) {
    std::size_t size;
    const char* name = luaL_checklstring(L, index, &size);
    const FunctionTable& functions = context(L).vm->functions();
    const std::uint32_t job = functions.find_job({name, size});
    if (job == kNone) raise(L, "there is no job '%s'; define function jobs.%s(...)", name, name);
    return job;
}

struct SubmitOptions {
    std::int64_t priority = 0;
    std::uint64_t delay = 0;
    std::uint64_t deliver = 0;
    std::uint64_t every = 1;
    std::uint64_t batch = 0;
    bool has_key = false;  // then it lies on the stack behind the options
};

std::uint64_t frames_option(lua_State* L, const char* name, std::int64_t least) {
    const bool whole = lua_isinteger(L, -1) != 0;
    const lua_Integer value = lua_tointeger(L, -1);
    if (!whole || value < least || value > (1 << 30))
        raise(L, "option '%s' is a whole number from %d to 2^30", name, static_cast<int>(least));
    return static_cast<std::uint64_t>(value);
}

// Reads the table at `index`; a key is left on the top of the stack.
SubmitOptions options_argument(lua_State* L, int index, bool each) {
    SubmitOptions options;
    if (lua_isnoneornil(L, index)) return options;
    luaL_checktype(L, index, LUA_TTABLE);
    const int given = count_entries(L, index);
    int known = 0;
    const auto option = [&](const char* name) {
        if (lua_getfield(L, index, name) == LUA_TNIL) {
            lua_pop(L, 1);
            return false;
        }
        ++known;
        return true;
    };
    if (option("priority")) {
        if (!lua_isinteger(L, -1))
            raise(L, "option 'priority' is a whole number; higher ones run earlier");
        options.priority = lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    if (option("delay")) {
        options.delay = frames_option(L, "delay", 0);
        lua_pop(L, 1);
    }
    if (each) {
        if (option("every")) {
            options.every = frames_option(L, "every", 1);
            lua_pop(L, 1);
        }
        if (option("batch")) {
            options.batch = frames_option(L, "batch", 1);
            lua_pop(L, 1);
        }
    } else {
        if (option("deliver")) {
            if (lua_type(L, -1) == LUA_TSTRING && std::string_view(lua_tostring(L, -1)) == "done")
                options.deliver = kDeliverWhenDone;
            else
                options.deliver = frames_option(L, "deliver", 1) + 1;
            lua_pop(L, 1);
        }
        if (option("key")) {
            if (lua_type(L, -1) != LUA_TSTRING && !lua_isinteger(L, -1))
                raise(L, "option 'key' is an integer or a string");
            options.has_key = true;
        }
    }
    if (known != given)
        raise(L, each ? "unknown option; submit_each takes every, batch, priority and delay"
                      : "unknown option; submit takes key, priority, delay and deliver");
    if (options.deliver != 0 && options.delay != 0)
        raise(L, "options 'delay' and 'deliver' exclude each other");
    return options;
}

// engine.submit(job [, argument [, options]]) -> id of the submission
int submit(lua_State* L) {
    check_asks(L, "submit");
    const std::uint32_t job = job_argument(L, 1);
    lua_settop(L, 3);
    const SubmitOptions options = options_argument(L, 3, false);
    const JobId id = take_job_id(L);
    VmContext& run = context(L);
    const std::size_t begin = begin_action(L, Operation::submit);
    run.actions.put_varint(static_cast<std::uint64_t>(id.value));
    run.actions.put_varint(job);
    run.actions.put_zigzag(options.priority);
    run.actions.put_varint(options.delay);
    run.actions.put_varint(options.deliver);
    if (options.has_key)
        encode(L, 4, run.actions, "key");
    else
        run.actions.put(static_cast<std::uint8_t>(Tag::nil));
    encode(L, 2, run.actions, "argument");
    end_action(L, begin);
    lua_pushinteger(L, id.value);
    return 1;
}

// engine.submit_each(job, template [, options]) -> id of the submission
int submit_each(lua_State* L) {
    check_asks(L, "submit_each");
    const std::uint32_t job = job_argument(L, 1);
    const TemplateIndex index = template_argument(L, 2);
    lua_settop(L, 3);
    const SubmitOptions options = options_argument(L, 3, true);
    const JobId id = take_job_id(L);
    VmContext& run = context(L);
    const std::size_t begin = begin_action(L, Operation::submit_each);
    run.actions.put_varint(static_cast<std::uint64_t>(id.value));
    run.actions.put_varint(job);
    run.actions.put_varint(index);
    run.actions.put_varint(options.every);
    run.actions.put_varint(options.batch);
    run.actions.put_zigzag(options.priority);
    run.actions.put_varint(options.delay);
    end_action(L, begin);
    lua_pushinteger(L, id.value);
    return 1;
}

int cancel(lua_State* L) {
    check_asks(L, "cancel");
    const lua_Integer id = luaL_checkinteger(L, 1);
    VmContext& run = context(L);
    const std::size_t begin = begin_action(L, Operation::cancel);
    run.actions.put_varint(static_cast<std::uint64_t>(id));
    end_action(L, begin);
    return 0;
}

std::uint32_t handler_argument(lua_State* L, int index) {
    std::size_t size;
    const char* name = luaL_checklstring(L, index, &size);
    const std::uint32_t handler = context(L).vm->functions().find_handler({name, size});
    if (handler == kNone)
        raise(L,
              "there is no action handler '%s'; define function actions.%s(data), or register "
              "it in the host",
              name, name);
    return handler;
}

void put_handler_call(lua_State* L, std::uint32_t handler) {
    VmContext& run = context(L);
    run.actions.put_varint(handler);
    encode(L, 2, run.actions, "data");
}

int post_to_main_thread(lua_State* L) {
    check_asks(L, "post_to_main_thread");
    const std::uint32_t handler = handler_argument(L, 1);
    lua_settop(L, 2);
    const std::size_t begin = begin_action(L, Operation::post);
    put_handler_call(L, handler);
    end_action(L, begin);
    return 0;
}

// On the main thread: the handler runs here and now, between savepoints. Its data and its result
// are copies, as they are for a job.
int call_now(lua_State* L, std::uint32_t handler) {
    VmContext& run = context(L);
    if (run.depth >= kMaxHandlerDepth)
        raise(L, "handlers call each other more than %d levels deep", kMaxHandlerDepth);
    const FunctionTable& functions = run.vm->functions();
    const std::size_t begin = run.actions.size();
    if (functions.is_host[handler]) {
        encode(L, 2, run.actions, "data");
        run.scratch.clear();
        const char* problem =
            run.main->call_host(handler, run.actions.view(begin, run.actions.size()), run.scratch);
        run.actions.truncate(begin);
        if (problem != nullptr) raise(L, "%s", problem);
        ByteReader result(run.scratch.view());
        decode(L, result);
        return 1;
    }
    lua_getfield(L, LUA_REGISTRYINDEX, kFunctionsKey);
    lua_rawgeti(L, -1, static_cast<lua_Integer>(functions.handler(handler)) + 1);
    encode(L, 2, run.actions, "data");
    ByteReader data(run.actions.view(begin, run.actions.size()));
    decode(L, data);
    run.actions.truncate(begin);
    run.main->begin_savepoint();
    ++run.depth;
    const int status = lua_pcall(L, 1, 1, 0);
    --run.depth;
    if (status != LUA_OK) {
        run.main->undo_savepoint();
        rethrow_if_killed(L);
        return lua_error(L);
    }
    run.main->release_savepoint();
    encode(L, -1, run.actions, "the returned value");
    ByteReader result(run.actions.view(begin, run.actions.size()));
    decode(L, result);
    run.actions.truncate(begin);
    return 1;
}

int call(lua_State* L) {
    check_asks(L, "call");
    const std::uint32_t handler = handler_argument(L, 1);
    lua_settop(L, 2);
    VmContext& run = context(L);
    if (run.mode == Mode::main) return call_now(L, handler);
    if (run.mode == Mode::background)
        raise(L, "engine.call: a background job (deliver) cannot call");
    check_can_stop(L, "engine", "call");
    const std::size_t begin = begin_action(L, Operation::call);
    put_handler_call(L, handler);
    end_action(L, begin);
    return stop_for_answer(L);
}

}  // namespace

int engine_log(lua_State* L) {
    static const char* const kLevels[] = {"debug", "info", "warning", "error", nullptr};
    const int level = luaL_checkoption(L, 1, nullptr, kLevels);
    luaL_checkany(L, 2);
    push_text(L, 2);
    std::size_t size;
    const char* text = luaL_checklstring(L, -1, &size);
    write_log(L, level, {text, size});
    return 0;
}

void add_engine_actions(lua_State* L) {
    set_function(L, "set", set);
    set_function(L, "add", add);
    set_function(L, "put", put);
    set_function(L, "spawn_entity", spawn_entity);
    set_function(L, "destroy", destroy);
    set_function(L, "submit", submit);
    set_function(L, "submit_each", submit_each);
    set_function(L, "cancel", cancel);
    set_function(L, "post_to_main_thread", post_to_main_thread);
    set_function(L, "call", call);
    set_function(L, "log", engine_log);
}

}  // namespace canon::script
