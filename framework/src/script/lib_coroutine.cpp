// Coroutines: stock Lua's functions, with the run's budget carried along and with engine.call
// passed through.
//
// A coroutine that stops in engine.call has not yielded to the script that resumed it: that one
// stops too, up to the run itself, and when the answer is there each goes on where it was. The
// run's own coroutine is Canon's: to scripts it looks like stock Lua's main one, which cannot
// yield.
#include <algorithm>

#include "script/lua_probe.hpp"
#include "script/raise.hpp"
#include "script/strict_library.hpp"
#include "script/vm_context.hpp"

namespace canon::script {
namespace {

// Upvalue 1 of every function here. In the arena, so that a restored image begins at zero.
struct Nesting {
    int resumes;  // coroutines of the script that are running one inside the other
    int closes;   // coroutines being closed one inside the other
};

constexpr int kMaxResumes = 80;

// lua_resetthread counts C calls from where the coroutine was last resumed, not from here: a chain
// of __close metamethods that close coroutines would overflow the C stack. So many closes, each
// with the C calls that Lua allows, fit into it.
constexpr int kMaxCloses = 4;

constexpr char kTooManyResumes[] = "coroutines are nested too deeply (the limit is 80)";
constexpr char kTooManyCloses[] =
    "coroutines are closed inside each other too deeply (the limit is 4)";

Nesting& nesting(lua_State* L) {
    return *static_cast<Nesting*>(lua_touserdata(L, lua_upvalueindex(1)));
}

lua_State* coroutine_argument(lua_State* L) {
    lua_State* co = lua_tothread(L, 1);
    luaL_argexpected(L, co != nullptr, 1, "coroutine");
    return co;
}

const char* state_name(lua_State* L, lua_State* co) {
    if (L == co) return "running";
    switch (lua_status(co)) {
        case LUA_YIELD:
            return "suspended";
        case LUA_OK: {
            lua_Debug frame;
            if (lua_getstack(co, 0, &frame)) return "normal";
            return lua_gettop(co) == 0 ? "dead" : "suspended";
        }
        default:
            return "dead";
    }
}

// Runs the pending __close metamethods of `co`, counted like a resume.
int close_counted(lua_State* co, lua_State* from) {
    VmContext& run = context(from);
    Nesting& depth = nesting(from);
    if (run.counted)
        lua_sethook(co, lua_gethook(from), LUA_MASKCOUNT, std::max(1, hook_count(from)));
    run.running = co;
    ++depth.closes;
    const int status = lua_resetthread(co);
    --depth.closes;
    run.running = from;
    if (run.counted) lua_sethook(from, lua_gethook(co), LUA_MASKCOUNT, std::max(1, hook_count(co)));
    return status;
}

enum class Outcome { yielded, failed, calls };

// Resumes `co`, which has `arguments` on its stack. Afterwards `results` values, or the error, have
// been moved to the top of L; or `co` stopped in engine.call.
Outcome resume(lua_State* L, lua_State* co, int arguments, int& results) {
    Nesting& depth = nesting(L);
    charge(L, kSwitchWork);
    ++depth.resumes;
    const int status = resume_counted(co, L, arguments, &results);
    --depth.resumes;
    if (status != LUA_OK && status != LUA_YIELD) {
        rethrow_if_killed(L);
        lua_xmove(co, L, 1);
        return Outcome::failed;
    }
    if (status == LUA_YIELD && context(L).call_pending) {
        lua_pop(co, results);
        return Outcome::calls;
    }
    luaL_checkstack(L, results + 1, "too many results to resume");
    lua_xmove(co, L, results);
    return Outcome::yielded;
}

// ---- errors ----

// The coroutine keeps the error as the script may see it: coroutine.close and its __close
// metamethods will be given it.
void give_back_error(lua_State* L, lua_State* co) {
    lua_pushvalue(L, -1);
    lua_xmove(L, co, 1);
}

int finish_resume(lua_State* L, lua_State* co) {
    if (!is_scripts_own(L)) hide_engine_error(L);
    give_back_error(L, co);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

// Closes the coroutine that failed and throws its error on, with the caller's place in front of a
// text, as stock Lua does. The text of an engine error stays as it is: the one who catches it hides
// it, and if nobody does the fault shows it.
int finish_wrap(lua_State* L, lua_State* co) {
    bool own = is_scripts_own(L);
    if (nesting(L).closes < kMaxCloses) {
        lua_pushvalue(L, -1);
        if (!own) hide_engine_error(L);
        give_back_error(L, co);
        close_counted(co, L);
        rethrow_if_killed(L);
        lua_xmove(co, L, 1);
        const bool is_same = lua_rawequal(L, -1, -2) != 0;
        const bool is_own = is_scripts_own(L);
        if (is_same) {
            lua_pop(L, 2);
        } else {  // a __close metamethod failed
            own = is_own;
        }
    }
    if (lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    if (own) throw_value(L);
    return lua_error(L);
}

// engine.call cannot stop this run: between here and the run itself is a C function that cannot be
// left.
[[noreturn]] void refuse_call(lua_State* L, lua_State* co) {
    context(L).call_pending = false;
    if (nesting(L).closes < kMaxCloses) close_counted(co, L);
    rethrow_if_killed(L);
    raise(L,
          "engine.call in a coroutine that is resumed inside a function which cannot stop, such as "
          "a comparator of "
          "table.sort, a callback of string.gsub or a metamethod");
}

// ---- resume and wrap ----

// Their frame: the coroutine at 1, then results. The continuation's context tells which of the two
// it is.
constexpr int kCoroutine = 1;
constexpr lua_KContext kResume = 0;
constexpr lua_KContext kWrap = 1;

int run_coroutine(lua_State* L, int arguments, lua_KContext which);

int after_answer(lua_State* L, int, lua_KContext which) {
    lua_settop(L, kCoroutine);
    return run_coroutine(L, 0, which);
}

int run_coroutine(lua_State* L, int arguments, lua_KContext which) {
    lua_State* co = lua_tothread(L, kCoroutine);
    int results = 0;
    switch (resume(L, co, arguments, results)) {
        case Outcome::failed:
            return which == kResume ? finish_resume(L, co) : finish_wrap(L, co);
        case Outcome::calls:
            if (!lua_isyieldable(L)) refuse_call(L, co);
            return lua_yieldk(L, 0, which, after_answer);
        case Outcome::yielded:
            break;
    }
    if (which == kWrap) return results;
    lua_pushboolean(L, 1);
    lua_insert(L, -(results + 1));
    return results + 1;
}

// Why the coroutine of the frame cannot be resumed with the `arguments` behind it, or null.
const char* refusal(lua_State* L, lua_State* co, int arguments) {
    switch (*state_name(L, co)) {
        case 's':
            break;
        case 'd':
            return "cannot resume dead coroutine";
        default:
            return "cannot resume non-suspended coroutine";
    }
    if (nesting(L).resumes == kMaxResumes) return kTooManyResumes;
    return lua_checkstack(co, arguments) ? nullptr : "too many arguments to resume";
}

int coroutine_resume(lua_State* L) {
    lua_State* co = coroutine_argument(L);
    check_nesting(L);
    const int arguments = lua_gettop(L) - kCoroutine;
    if (const char* why = refusal(L, co, arguments)) {
        lua_pushboolean(L, 0);
        push_string(L, why);
        return 2;
    }
    lua_xmove(L, co, arguments);
    return run_coroutine(L, arguments, kResume);
}

// Upvalues: the nesting, the coroutine.
int call_wrapped(lua_State* L) {
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, kCoroutine);
    lua_State* co = lua_tothread(L, kCoroutine);
    const int arguments = lua_gettop(L) - kCoroutine;
    check_nesting(L);
    if (const char* why = refusal(L, co, arguments)) raise(L, "%s", why);
    lua_xmove(L, co, arguments);
    return run_coroutine(L, arguments, kWrap);
}

int coroutine_create(lua_State* L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    charge(L, kSwitchWork);
    lua_State* co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

int coroutine_wrap(lua_State* L) {
    coroutine_create(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, -2);
    lua_pushcclosure(L, call_wrapped, 2);
    return 1;
}

int coroutine_yield(lua_State* L) {
    if (nesting(L).resumes == 0) raise(L, "attempt to yield from outside a coroutine");
    return lua_yield(L, lua_gettop(L));
}

int coroutine_status(lua_State* L) {
    lua_State* co = coroutine_argument(L);
    push_string(L, state_name(L, co));
    return 1;
}

int coroutine_isyieldable(lua_State* L) {
    lua_State* co = lua_isnone(L, 1) ? L : coroutine_argument(L);
    const bool is_scripts = co != L || nesting(L).resumes > 0;
    lua_pushboolean(L, is_scripts && lua_isyieldable(co));
    return 1;
}

int coroutine_running(lua_State* L) {
    lua_pushthread(L);
    lua_pushboolean(L, nesting(L).resumes == 0);
    return 2;
}

int coroutine_close(lua_State* L) {
    lua_State* co = coroutine_argument(L);
    const char* state = state_name(L, co);
    if (*state != 's' && *state != 'd') raise(L, "cannot close a %s coroutine", state);
    if (nesting(L).closes == kMaxCloses) raise(L, "%s", kTooManyCloses);
    check_nesting(L);
    lua_settop(L, 1);
    const int status_before = lua_status(co);
    if (status_before != LUA_OK && status_before != LUA_YIELD) {
        lua_xmove(co, L, 1);
        give_back_error(L, co);
    } else {
        lua_pushnil(L);
    }
    const int status = close_counted(co, L);
    if (status == LUA_OK) {
        lua_pushboolean(L, 1);
        return 1;
    }
    rethrow_if_killed(L);
    lua_pushboolean(L, 0);
    lua_xmove(co, L, 1);
    const bool own = is_scripts_own(L);
    if (!own && !lua_rawequal(L, -1, 2)) hide_engine_error(L);
    return 2;
}

constexpr luaL_Reg kFunctions[] = {
    {"close", coroutine_close},
    {"create", coroutine_create},
    {"isyieldable", coroutine_isyieldable},
    {"resume", coroutine_resume},
    {"running", coroutine_running},
    {"status", coroutine_status},
    {"wrap", coroutine_wrap},
    {"yield", coroutine_yield},
    {nullptr, nullptr},
};

}  // namespace

void open_strict_coroutine(lua_State* L) {
    lua_createtable(L, 0, 8);
    void* depth = lua_newuserdatauv(L, sizeof(Nesting), 0);
    *static_cast<Nesting*>(depth) = Nesting{0, 0};
    luaL_setfuncs(L, kFunctions, 1);
    lua_setglobal(L, "coroutine");
}

}  // namespace canon::script
